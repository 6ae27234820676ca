"""Writes progress into the row of the job: its heartbeat, and the check of its claim."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.supabase.errors import SupabaseError
from runops.supabase.kept_claim import KeptClaim, RowTable
from runops_worker.reporting.throttle import Throttle

__all__ = ["HeartbeatTable", "RowSink"]

_LOG = logging.getLogger(__name__)
_WRITE_SECONDS = 10.0
"""Deadline of one heartbeat, retries included. The next heartbeat repeats it anyway."""


class HeartbeatTable(RowTable, Protocol):
    """What the sink needs of the `jobs` table."""

    async def heartbeat(
        self, job_id: UUID, token: str, *, stage: Stage | None = None, percent: int | None = None
    ) -> bool:
        """Refresh the row if it is held under the token; False where it is not."""
        ...


class RowSink:
    """Writes progress into the row, at most every 10 s and at least every 30 s.

    Parameters
    ----------
    jobs
        The table.
    job_id, claim
        The row and the token under which it is held.
    clock
        A monotonic clock, in seconds.
    """

    def __init__(
        self, jobs: HeartbeatTable, job_id: UUID, claim: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._claim = claim
        self._kept = KeptClaim(jobs, job_id, claim)
        self._clock = clock
        self._throttle = Throttle()
        self._lock = asyncio.Lock()

    async def report(self, stage: Stage, percent: int) -> None:
        """Write if a write is due. An outage of the database is only logged: the work goes on.

        Where an app wrote over the claim, it returns once the claim is back; the work goes on meanwhile.

        Raises
        ------
        Failed
            `ClaimLost` where the row is no longer held under the claim.
        """
        async with self._lock:
            now = self._clock()
            if not self._throttle.due(stage, percent, now=now):
                return
            try:
                async with asyncio.timeout(_WRITE_SECONDS):
                    held = await self._jobs.heartbeat(self._job_id, self._claim, stage=stage, percent=percent)
            except TimeoutError:
                _LOG.warning("the progress could not be written into the row in time")
                return
            except SupabaseError as error:
                if not error.retryable:
                    raise
                _LOG.warning("the progress could not be written into the row", extra={"kind": error.kind})
                return
            if held:
                self._throttle.wrote(stage, percent, now=now)
            elif not await self._kept.is_back():
                # Where it is, the next report writes.
                raise Failed(Reason.CLAIM_LOST)
