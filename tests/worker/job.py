"""One claimed row and everything that a run of it needs."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from devstack.stack import StackInfo
from runops.failures import Reason
from runops.job_row import Claim, RowStatus
from runops.progress import Stage
from runops.report import Report
from runops.supabase.connection import Supabase
from runops_worker.gemini.model import GeminiModel
from runops_worker.media.limits import Limits
from runops_worker.pipeline import run
from runops_worker.reporting.row_sink import RowSink
from runops_worker.task import Task


@dataclass
class Seen:
    """A sink that keeps each report, beside that of the row."""

    row: RowSink
    reports: list[tuple[Stage, int]] = field(default_factory=list)

    async def report(self, stage: Stage, percent: int) -> None:
        self.reports.append((stage, percent))
        await self.row.report(stage, percent)


@dataclass
class Job:
    """One claimed row and everything that a run of it needs."""

    stack: StackInfo
    database: psycopg.Connection[Any]
    supabase: Supabase
    model: GeminiModel
    task: Task
    workdir: Path
    waits: list[float] = field(default_factory=list)
    reports: list[tuple[Stage, int]] = field(default_factory=list)

    async def run(self, **changes: Any) -> Report:
        task = changes.pop("task", self.task)
        seen = Seen(RowSink(self.supabase.jobs, task.job_id, task.claim), self.reports)
        self.workdir.mkdir(exist_ok=True)
        for left in self.workdir.iterdir():
            left.unlink()
        return await run(
            task,
            supabase=self.supabase,
            model=self.model,
            workdir=self.workdir,
            progress=seen,
            limits=Limits(),
            heartbeat_seconds=0.05,
            **changes,
        )

    async def claim(self) -> str:
        """Queue the row anew and claim it, as the operator does."""
        self.database.execute("update jobs set status = 'queued' where job_id = %s", [self.task.job_id])
        row = await self.supabase.jobs.get(self.task.job_id)
        assert row is not None
        held = await self.supabase.jobs.claim(row, Claim(claim=str(uuid4()), by="tests"))
        assert held is not None
        assert held.claim is not None
        return held.claim.claim

    async def next_attempt(self, reason: Reason = Reason.POD_LOST) -> None:
        """Give the row the token of the next attempt, as the operator does after one has ended."""
        row = await self.supabase.jobs.get(self.task.job_id)
        assert row is not None
        assert row.claim is not None
        claim = row.claim.after(f"job of {row.claim.token}", row.claim.history, not_before=None, reason=reason)
        held = await self.supabase.jobs.claim(row, claim, from_status=RowStatus.PROCESSING)
        assert held is not None
        self.task = replace(self.task, claim=claim.claim)

    def unfinished(self, uploads: Iterable[str]) -> dict[str, int]:
        """Return those resumable uploads that storage keeps without an object, with the bytes that arrived of each."""
        kept: dict[str, int] = {}
        for upload in uploads:
            answer = httpx.head(
                f"{self.stack.url}/storage/v1/upload/resumable/{upload}",
                headers={"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {self.stack.secret_key}"},
            )
            if answer.status_code == 200:
                # One that became an object stays known.
                if answer.headers["Upload-Offset"] != answer.headers["Upload-Length"]:
                    kept[upload] = int(answer.headers["Upload-Offset"])
            else:
                assert answer.status_code in {404, 410}
        return kept

    def row(self) -> dict[str, Any]:
        cursor = self.database.execute("select to_jsonb(jobs) from jobs where job_id = %s", [self.task.job_id])
        found = cursor.fetchone()
        assert found is not None
        return dict(found[0])

    def transcript(self) -> Any:
        return self._only("select transcript from transcripts where job_id = %s")

    def sop(self) -> Any:
        return self._only("select data from sops where job_id = %s")

    def _only(self, query: str) -> Any:
        rows = self.database.execute(query.encode(), [self.task.job_id]).fetchall()
        assert len(rows) <= 1
        return rows[0][0] if rows else None
