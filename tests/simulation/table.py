"""The tables `jobs`, `transcripts` and `sops` in memory, behind the real `JobsTable`."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from runops.job_row import JobRow, RowStatus
from runops.retrying import RetryPolicy
from runops.supabase.jobs import JobsTable
from runops.supabase.objects import ObjectInfo
from tests.simulation.cluster import START
from tests.simulation.postgrest import MemoryRest, OfMetadata

NOT_PATIENT = RetryPolicy(attempts=4, base_seconds=0.0)
_COLUMNS_OF_THE_MODEL = frozenset(JobRow.model_fields)
NOTE = "note"
"""What an app keeps in `metadata` beside what runops does."""


def note_of(row: JobRow) -> int:
    """Return the number that an app wrote last into a row's metadata; 0 where it wrote none."""
    return int((row.metadata or {}).get(NOTE, 0))


@dataclass(frozen=True, slots=True)
class Change:
    """A row was written to.

    Attributes
    ----------
    untouched
        For how long nobody had written to it.
    """

    before: JobRow
    after: JobRow
    by: str
    untouched: timedelta

    @property
    def job_id(self) -> UUID:
        """Of the row."""
        return self.before.job_id


class MemoryDatabase:
    """The rows, the results and the objects, with the database's clock and with what refuses writes.

    Attributes
    ----------
    refusing
        Rows that a trigger does not let anybody change.
    on_change
        Receives every change of a row.
    """

    oldest_first = False

    def __init__(self, now: Callable[[], datetime] = lambda: START) -> None:
        self.rows: dict[UUID, JobRow] = {}
        self.more: dict[UUID, dict[str, Any]] = {}
        """The columns that are not part of `JobRow`."""
        self.transcripts: Counter[UUID] = Counter()
        self.sops: Counter[UUID] = Counter()
        self.removed: list[str] = []
        """Objects that were deleted from storage."""
        self.sizes: dict[str, int] = {}
        """Recordings in storage whose size it tells."""
        self.refusing: set[UUID] = set()
        self.on_change: Callable[[Change], None] = lambda _: None
        self._now = now
        self._counter = itertools.count()
        self._transactions = itertools.count(1)

    def all_rows(self) -> list[JobRow]:
        return list(self.rows.values())

    def rows_in(self, status: str, filters: Sequence[OfMetadata]) -> Iterable[JobRow]:
        return [row for row in self.rows.values() if row.status == status and all(holds(row) for holds in filters)]

    def rows_of(self, job_ids: Iterable[str]) -> list[JobRow]:
        return [row for job_id in job_ids if (row := self.rows.get(UUID(job_id))) is not None]

    def insert(self, job_id: UUID, *, status: str, metadata: Any) -> None:
        """Insert a row as the app does."""
        at = self._tick()
        self.rows[job_id] = JobRow(
            job_id=job_id,
            status=status,
            created_at=at,
            updated_at=at,
            metadata=metadata,
            version=self._transaction(),
        )
        self.more[job_id] = {}

    def refuses(self, row: JobRow) -> bool:
        return row.job_id in self.refusing

    def update(self, row: JobRow, values: Mapping[str, Any], *, by: str) -> JobRow:
        if self.refuses(row):
            return row
        known = {name: value for name, value in values.items() if name in _COLUMNS_OF_THE_MODEL}
        self.more.setdefault(row.job_id, {}).update({name: values[name] for name in values.keys() - known.keys()})
        known["version"] = self._transaction()
        after = row.model_copy(update={**known, "updated_at": self._tick()} if "updated_at" in known else known)
        self.rows[row.job_id] = after
        touched = datetime.fromisoformat(row.updated_at) if row.updated_at else self._now()
        self.on_change(Change(row, after, by, self._now() - touched))
        return after

    def write_result(self, table: Counter[UUID], job_id: UUID, token: str) -> bool:
        """Update the one row of a result table or insert it, fenced; False where the claim is gone."""
        row = self.rows.get(job_id)
        if row is None or not row.is_held_by(token):
            return False
        table[job_id] = max(1, table[job_id])
        return True

    # Storage, and the counts of results, as the operator asks for them.

    async def stat(self, bucket: str, key: str) -> ObjectInfo | None:
        size = self.sizes.get(f"{bucket}/{key}")
        return None if size is None else ObjectInfo(size, None, None)

    async def newest_sizes(self, bucket: str, prefix: str) -> dict[str, int]:
        start = f"{bucket}/{prefix}/"
        return {key.removeprefix(f"{bucket}/"): size for key, size in self.sizes.items() if key.startswith(start)}

    async def list_prefix(self, bucket: str, prefix: str, *, limit: int = 100) -> list[str]:
        return sorted(await self.newest_sizes(bucket, prefix))[:limit]

    async def transcript_count(self, job_id: UUID) -> int:
        return self.transcripts[job_id]

    async def sop_count(self, job_id: UUID) -> int:
        return self.sops[job_id]

    async def remove(self, bucket: str, keys: Iterable[str]) -> None:
        self.removed += [f"{bucket}/{key}" for key in keys]

    def _transaction(self) -> str:
        return str(next(self._transactions))

    def _tick(self) -> str:
        return (self._now() + timedelta(microseconds=next(self._counter))).isoformat()


class MemoryTables(JobsTable):
    """Everything of a project in one object, for tests that have one operator and no network.

    Parameters
    ----------
    now
        The database's clock.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: START) -> None:
        self.database = MemoryDatabase(now)
        super().__init__(MemoryRest(self.database, by="operator", retries=NOT_PATIENT))
        self.stat, self.newest_sizes = self.database.stat, self.database.newest_sizes
        self.transcript_count, self.sop_count = self.database.transcript_count, self.database.sop_count
        self.remove, self.list_prefix = self.database.remove, self.database.list_prefix

    @property
    def rows(self) -> dict[UUID, JobRow]:
        """The table `jobs`."""
        return self.database.rows

    @property
    def transcripts(self) -> Counter[UUID]:
        """How many transcripts each job has."""
        return self.database.transcripts

    @property
    def sops(self) -> Counter[UUID]:
        """How many SOPs each job has."""
        return self.database.sops

    @property
    def removed(self) -> list[str]:
        """Objects that were deleted from storage."""
        return self.database.removed

    @property
    def sizes(self) -> dict[str, int]:
        """Recordings in storage whose size it tells."""
        return self.database.sizes

    def add(
        self,
        *,
        user: str | None = None,
        status: str = RowStatus.QUEUED,
        metadata: Any = None,
        job_id: UUID | None = None,
    ) -> UUID:
        """Insert a row as the app does."""
        job_id = job_id or uuid4()
        if metadata is None and user is not None:
            metadata = {"user_id": user}
        self.database.insert(job_id, status=status, metadata=metadata)
        return job_id

    def set(self, job_id: UUID, **values: Any) -> None:
        """Change a row without any condition, as people and consumers without claims do."""
        row = self.rows[job_id]
        assert not self.database.refuses(row)
        self.database.update(row, {"updated_at": "now", **values}, by="person")
        if "updated_at" in values:
            self.rows[job_id] = self.rows[job_id].model_copy(update={"updated_at": values["updated_at"]})
