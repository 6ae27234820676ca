"""A stand-in for the old worker.js: the consumer that knows no claims and polls the same table.

It stands for that program's way with the tables, which is all the operator ever meets of it: it reads the oldest
queued row, sets it to `processing` by its `job_id` alone, works for a moment, inserts transcript and SOP unless there
are any, and sets the row to `completed`, again by its `job_id` alone. It downloads, transcodes and asks nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from devstack.stack.info import StackInfo


@dataclass
class RivalConsumer:
    """One such consumer.

    Attributes
    ----------
    stack
        Whose tables.
    interval_seconds
        Between two looks at the queue; the old worker's was ten.
    work_seconds
        That one video takes.
    finished
        How many it has set to `completed`.
    """

    stack: StackInfo
    interval_seconds: float = 1.0
    work_seconds: float = 0.2
    finished: int = 0

    async def run(self) -> None:
        """Consume until cancelled. After an error it tries again at the next read, as that program does."""
        headers = {"apikey": self.stack.secret_key, "Authorization": f"Bearer {self.stack.secret_key}"}
        url = f"{self.stack.url}/rest/v1/"
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10, trust_env=False) as rest:
            while True:
                try:
                    for row in await _rows(rest, "jobs?status=eq.queued&order=created_at,id&limit=1"):
                        await self._work(rest, row)
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(self.interval_seconds)

    async def _work(self, rest: httpx.AsyncClient, row: dict[str, Any]) -> None:
        job_id = row["job_id"]
        await _set(rest, job_id, {"status": "processing"})
        await asyncio.sleep(self.work_seconds)
        user = row["metadata"].get("user_id") if isinstance(row["metadata"], dict) else None
        for table, content in (
            ("transcripts", {"transcript": [{"by": "rival"}]}),
            ("sops", {"data": {"by": "rival"}, "user_id": user}),
        ):
            if not await _rows(rest, f"{table}?job_id=eq.{job_id}&select=id"):
                inserted = await rest.post(table, json={"job_id": job_id, **content})
                inserted.raise_for_status()
        await _set(rest, job_id, {"status": "completed", "completed_at": _now()})
        self.finished += 1


async def _rows(rest: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    answer = await rest.get(query)
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()
    return rows


async def _set(rest: httpx.AsyncClient, job_id: str, columns: dict[str, Any]) -> None:
    answer = await rest.patch(f"jobs?job_id=eq.{job_id}", json={**columns, "updated_at": _now()})
    answer.raise_for_status()


def _now() -> str:
    return datetime.now(UTC).isoformat()
