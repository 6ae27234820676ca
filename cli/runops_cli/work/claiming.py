"""Claims one row at a time: what a dead process of this machine left behind first, then the oldest of the queue."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from runops.failures import TABLE, Reason
from runops.job_row import Claim, JobRow, RowStatus
from runops.supabase.connection import Supabase
from runops_cli.terminal.console import say
from runops_cli.work.abandoned import is_abandoned
from runops_cli.work.stop_signal import StopSignal

__all__ = ["Intake", "Taken"]

_CANDIDATES = 10
_ROUNDS = 5
_LOOK_FOR_ABANDONED_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that is ours."""

    row: JobRow
    claim: Claim


@dataclass(slots=True)
class Intake:
    """Reads the queue and claims.

    Parameters
    ----------
    supabase
        The project.
    by
        The name that claims carry.
    retries
        After so many further attempts an abandoned row counts as one that kills its process.
    stop
        Ends reading; a claim on its way is let finish.
    """

    supabase: Supabase
    by: str
    retries: int
    stop: StopSignal
    _looked_at: float | None = field(default=None, init=False)

    async def take(self) -> Taken | None:
        """Claim the first row that can be had; None where there is none, or where others were always faster.

        Raises
        ------
        SupabaseError
            The table cannot be read or written.
        Stopped
            A signal came before anything was claimed.
        """
        for _ in range(_ROUNDS):
            rows = await self.stop.unless_stopped(self._candidates())
            if not rows:
                return None
            if (taken := await self._first_won(rows)) is not None:
                return taken
        return None

    async def _first_won(self, rows: list[JobRow]) -> Taken | None:
        for row in rows:
            abandoned = row.claim if row.status == RowStatus.PROCESSING else None
            # Whoever queues a row again begins anew, whatever became of it before.
            claim = Claim(claim=str(uuid4()), by=self.by, attempt=(abandoned.attempt if abandoned else 0) + 1)
            # Not interruptible: a claim whose answer nobody waits for would have to grow stale.
            won = await self.supabase.jobs.claim(row, claim, from_status=str(row.status))
            if won is None:
                continue
            if claim.attempt > self.retries + 1:
                await self._give_up(won, claim)
                continue
            return Taken(won, claim)
        return None

    async def _candidates(self) -> list[JobRow]:
        return [*await self._abandoned(), *await self.supabase.jobs.queued(limit=_CANDIDATES)]

    async def _abandoned(self) -> list[JobRow]:
        now = asyncio.get_running_loop().time()
        if self._looked_at is not None and now - self._looked_at < _LOOK_FOR_ABANDONED_EVERY_SECONDS:
            return []
        rows = await self.supabase.jobs.claimed_by(self.by)
        at_server = datetime.now(UTC) + timedelta(seconds=self.supabase.clock_skew_seconds or 0.0)
        abandoned = [row for row in rows if is_abandoned(row, by=self.by, now=at_server)]
        if not abandoned:
            self._looked_at = now
        return abandoned

    async def _give_up(self, row: JobRow, claim: Claim) -> None:
        attempts = claim.attempt - 1
        given_up = f"Given up after {attempts} attempt{'s' if attempts != 1 else ''}."
        sentence = f"{TABLE[Reason.WORKER_CRASHED].sentence} {given_up}"
        await self.supabase.jobs.fail(row.job_id, claim.claim, sentence)
        say(f"{row.job_id}  error: {sentence}", style="red")
