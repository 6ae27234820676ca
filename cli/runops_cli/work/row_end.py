"""Writes the end of a claimed row to the table, when the worker has not done it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from runops.polling import backoff
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import to_stderr
from runops_cli.work.claiming import ClaimedRow
from runops_cli.work.overwritten import released, stamped_again
from runops_cli.work.refused_ends import RefusedEnds
from runops_cli.work.stop_signal import StopSignal
from runops_cli.work.unreleased import Unreleased

__all__ = ["Ending", "RowEnd"]

_RELEASE_SECONDS = 15.0
_WRITE_TRIES = 6
_REFUSED = (
    "The table refuses this end, so the row stays in processing; it is written again every minute. "
    "`runops check` says what the table must take."
)


class Ending(Enum):
    """How this process is done with a row."""

    COMPLETED = auto()
    FAILED = auto()
    PUT_BACK = auto()
    LEFT_ALONE = auto()


@dataclass(frozen=True, slots=True)
class RowEnd:
    """Ends claimed rows.

    Parameters
    ----------
    supabase
        The project.
    stop
        Interrupts the pauses between writes.
    refused
        Receives the ends that the table refuses.
    unreleased
        Receives the rows that cannot be put back.
    jitter
        Source of randomness in [0, 1).
    """

    supabase: Supabase
    stop: StopSignal
    refused: RefusedEnds
    unreleased: Unreleased
    jitter: Callable[[], float]

    async def fail(self, claimed: ClaimedRow, sentence: str) -> Ending:
        """Set the row to `error`.

        Raises
        ------
        Stopped
            A signal came before it was written.
        """
        job_id = claimed.row.job_id
        for tried in range(1, _WRITE_TRIES + 1):
            try:
                written = await self._failed(claimed, sentence)
            except SupabaseError as error:
                to_stderr(f"  {error.message}", style="yellow")
                if error.refuses_row:
                    self.refused.add(job_id, claimed.claim.claim, sentence)
                    to_stderr(f"{job_id}  failed: {sentence} {_REFUSED}", style="red")
                    return Ending.FAILED
                if not error.retryable:
                    break
                await self.stop.pause(backoff(tried, base=1.0, jitter=self.jitter()))
            else:
                if not written:
                    return await self.leave_alone(claimed)
                to_stderr(f"{job_id}  error: {sentence}", style="red")
                return Ending.FAILED
        unwritten = "The error could not be written to the row; `runops work` on this machine claims it again later."
        to_stderr(f"{job_id}  failed: {sentence} {unwritten}", style="red")
        return Ending.FAILED

    async def _failed(self, claimed: ClaimedRow, sentence: str) -> bool:
        jobs, job_id, claim = self.supabase.jobs, claimed.row.job_id, claimed.claim
        if await jobs.fail(job_id, claim.claim, sentence):
            return True
        return await stamped_again(jobs, job_id, claim) and await jobs.fail(job_id, claim.claim, sentence)

    async def leave_alone(self, claimed: ClaimedRow) -> Ending:
        """Change nothing, because the claim was lost. Where an app wrote over it, the row goes back into the queue."""
        if await self._is_back(claimed):
            return Ending.PUT_BACK
        to_stderr(f"{claimed.row.job_id}  skipped: the claim was lost (cancelled or claimed again).", style="yellow")
        return Ending.LEFT_ALONE

    async def put_back(self, claimed: ClaimedRow) -> Ending:
        """Set the row back to `queued`."""
        await self._is_back(claimed)
        return Ending.PUT_BACK

    async def _is_back(self, claimed: ClaimedRow) -> bool:
        """Return whether the row is queued again, or will be; False where the claim was lost."""
        job_id = claimed.row.job_id
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                is_back = await released(self.supabase.jobs, job_id, claimed.claim)
        except (SupabaseError, TimeoutError) as error:
            why = error.message if isinstance(error, SupabaseError) else "no answer in time"
            self.unreleased.add(job_id, claimed.claim)
            to_stderr(
                f"{job_id}  could not be put back into the queue ({why}). "
                "It is tried again; where this process has ended, any `runops work` claims it after 5 minutes.",
                style="red",
            )
            return True
        if is_back:
            to_stderr(f"{job_id}  is back in the queue.")
        return is_back
