"""The tables in memory, with the semantics of the conditional PATCH and of the fenced insert."""

import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from runops.job_row import Claim, ClaimedRow, JobRow, RowStatus, stamped_metadata
from runops.supabase.jobs_reads import Backlog
from runops.supabase.objects import ObjectInfo
from tests.simulation.cluster import START


@dataclass(frozen=True, slots=True)
class Change:
    """A row's status changed."""

    job_id: UUID
    before: str | None
    after: str | None
    by: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A claim was taken.

    Attributes
    ----------
    before
        The row until then.
    untouched
        For how long nobody had written to it.
    """

    before: JobRow
    by: str
    untouched: timedelta


class MemoryTables:
    """`jobs`, `transcripts` and `sops`.

    Parameters
    ----------
    now
        The database's clock.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: START) -> None:
        self.rows: dict[UUID, JobRow] = {}
        self.transcripts: Counter[UUID] = Counter()
        self.sops: Counter[UUID] = Counter()
        self.changes: list[Change] = []
        self.taken: list[Taken] = []
        self.removed: list[str] = []
        """Objects that were deleted from storage."""
        self.sizes: dict[str, int] = {}
        """Recordings in storage whose size it tells."""
        self.writer = "operator"
        """Who is said to make the next changes."""
        self.unconditional_claims = False
        """A broken table, to show that the properties can fail: claims are not conditional."""
        self.unfenced_ends = False
        """Another one: a row is ended whoever holds it."""
        self._now = now
        self._counter = itertools.count()

    # What people, and consumers without claims, do.

    def add(
        self, *, user: str | None = None, status: str = "queued", metadata: Any = None, job_id: UUID | None = None
    ) -> UUID:
        """Insert a row as the app does."""
        job_id = job_id or uuid4()
        if metadata is None and user is not None:
            metadata = {"user_id": user}
        at = self._tick()
        self.rows[job_id] = JobRow(job_id=job_id, status=status, created_at=at, updated_at=at, metadata=metadata)
        return job_id

    def set(self, job_id: UUID, **values: Any) -> None:
        """Change a row without any condition."""
        before = self.rows[job_id]
        after = self.rows[job_id] = before.model_copy(update={"updated_at": self._tick(), **values})
        if after.status != before.status:
            self.changes.append(Change(job_id, before.status, after.status, self.writer))

    # What the operator calls.

    async def queued(
        self,
        *,
        limit: int,
        without_users: Collection[str] = (),
        without_nobody: bool = False,
        prioritised: bool = False,
    ) -> list[JobRow]:
        passed_over = set(without_users)
        rows = [
            row
            for row in self.rows.values()
            if row.status == RowStatus.QUEUED
            and (not prioritised or row.priority > 0)
            and not (row.raw_user is None and without_nobody)
            and str(row.raw_user) not in passed_over
        ]
        return sorted(rows, key=lambda row: row.created_at or "")[:limit]

    async def stale(self, *, before: str, installation: str, limit: int) -> list[JobRow]:
        cutoff = datetime.fromisoformat(before)
        return [
            row
            for row in self.rows.values()
            if row.status == RowStatus.PROCESSING
            and datetime.fromisoformat(row.updated_at or "") < cutoff
            and (row.claim is None or row.claim.by != installation)
        ][:limit]

    async def get(self, job_id: UUID) -> JobRow | None:
        return self.rows.get(job_id)

    async def get_many(self, job_ids: Iterable[UUID]) -> dict[UUID, JobRow]:
        return {job_id: self.rows[job_id] for job_id in job_ids if job_id in self.rows}

    async def claim(self, row: JobRow, claim: Claim, *, from_status: str = "queued") -> JobRow | None:
        there = self.rows.get(row.job_id)
        if there is None:
            return None
        unchanged = there.status == from_status and there.updated_at == row.updated_at
        if not unchanged and not self.unconditional_claims:
            return None
        untouched = self._now() - datetime.fromisoformat(there.updated_at or "")
        self.taken.append(Taken(there, claim.by, untouched))
        self.set(row.job_id, status="processing", error=None, metadata=stamped_metadata(row.metadata, claim))
        return self.rows[row.job_id]

    async def claim_batch(self, rows: list[JobRow], claim: Claim, *, from_status: str) -> list[JobRow]:
        assert len({json.dumps(row.metadata, sort_keys=True) for row in rows}) == 1
        answers = [await self.claim(row, claim, from_status=from_status) for row in rows]
        return [row for row in answers if row is not None]

    async def refuse(self, row: JobRow, sentence: str) -> bool:
        there = self.rows.get(row.job_id)
        if there is None or (there.status, there.updated_at) != (row.status, row.updated_at):
            return False
        self.set(row.job_id, status="error", error=sentence)
        return True

    async def succeed(self, row: JobRow, claim: Claim) -> bool:
        assert row.claim is not None
        there = self.rows.get(row.job_id)
        if there is None or not there.is_held_by(row.claim.token):
            return there is not None and there.is_held_by(claim.claim)
        self.set(row.job_id, metadata=stamped_metadata(there.metadata, claim))
        return True

    async def give_way(self, job_id: UUID, token: str) -> None:
        row = self.rows.get(job_id)
        if row is not None and row.is_held_by(token):
            kept = {name: value for name, value in row.metadata.items() if name != "runops"}
            self.rows[job_id] = row.model_copy(update={"metadata": kept})

    async def keep_alive(self, installation: str, job_ids: Iterable[UUID]) -> None:
        for job_id in job_ids:
            row = self.rows.get(job_id)
            if row is not None and row.status == RowStatus.PROCESSING and row.claim and row.claim.by == installation:
                self.set(job_id)

    async def complete(self, job_id: UUID, token: str) -> bool:
        return self._end(job_id, token, RowStatus.COMPLETED, None)

    async def fail(self, job_id: UUID, token: str, sentence: str) -> bool:
        return self._end(job_id, token, RowStatus.ERROR, sentence)

    async def claims_of(self, installation: str, *, limit: int = 20_000) -> AsyncIterator[ClaimedRow]:
        for row in list(self.rows.values())[:limit]:
            if row.status == RowStatus.PROCESSING and row.claim is not None and row.claim.by == installation:
                yield ClaimedRow(job_id=row.job_id, updated_at=row.updated_at, claim=row.claim.claim)

    async def stat(self, bucket: str, key: str) -> ObjectInfo | None:
        size = self.sizes.get(f"{bucket}/{key}")
        return None if size is None else ObjectInfo(size, None, None, {})

    async def newest_sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        start = f"{bucket}/{prefix}/"
        return {key.removeprefix(f"{bucket}/"): size for key, size in self.sizes.items() if key.startswith(start)}

    async def backlog(self) -> Backlog:
        rows = sorted(row.created_at or "" for row in self.rows.values() if row.status == "queued")
        return Backlog(rows=len(rows), oldest=rows[0] if rows else None)

    async def transcript_count(self, job_id: UUID) -> int:
        return self.transcripts[job_id]

    async def sop_count(self, job_id: UUID) -> int:
        return self.sops[job_id]

    async def remove(self, bucket: str, keys: Iterable[str]) -> None:
        self.removed += [f"{bucket}/{key}" for key in keys]

    # What a worker calls.

    def bind_pod(self, job_id: UUID, token: str, pod: str) -> str | None:
        """Bind the pod to the attempt's claim; None where the attempt is over."""
        row = self.rows.get(job_id)
        if row is None or not row.is_held_by(token) or row.claim is None:
            return None
        bound = row.claim.model_copy(update={"claim": f"{token}/{pod}"})
        self.set(job_id, metadata=stamped_metadata(row.metadata, bound))
        return bound.claim

    def write_result(self, table: Counter[UUID], job_id: UUID, token: str) -> bool:
        """Update the one row of a result table or insert it, fenced; False where the claim is gone."""
        row = self.rows.get(job_id)
        if row is None or not row.is_held_by(token):
            return False
        table[job_id] = max(1, table[job_id])
        return True

    def _end(self, job_id: UUID, token: str, status: RowStatus, error: str | None) -> bool:
        row = self.rows.get(job_id)
        if row is None or (not row.is_held_by(token) and not self.unfenced_ends):
            return row is not None and row.status == status and row.was_held_by(token)
        self.set(job_id, status=status, error=error)
        return True

    def _tick(self) -> str:
        return (self._now() + timedelta(microseconds=next(self._counter))).isoformat()
