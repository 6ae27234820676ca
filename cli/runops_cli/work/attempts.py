"""Runs the attempts at one claimed row, with pauses between them, until the row has ended."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from runops.failures import Failed, Reason
from runops.retry_policy import Again
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import to_stderr
from runops_cli.work.claiming import ClaimedRow
from runops_cli.work.faults import Faults
from runops_cli.work.next_attempt import GiveUp, LeaveAlone, PutBack
from runops_cli.work.refused_ends import RefusedEnds
from runops_cli.work.row_end import Ending, RowEnd
from runops_cli.work.stop_signal import Stopped, StopSignal
from runops_cli.work.unreleased import Unreleased
from runops_cli.work.video_runner import VideoRunner

__all__ = ["Attempts"]

_log = logging.getLogger(__name__)
_HEARTBEAT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Attempts:
    """Runs claimed rows.

    Parameters
    ----------
    supabase
        The project.
    runner
        Makes one attempt.
    retries
        How many attempts may follow the first.
    stop
        Interrupts an attempt; its row then goes back into the queue.
    refused
        Receives the ends that the table refuses.
    unreleased
        Receives the rows that cannot be put back.
    faults
        Told of each attempt; decides what follows one that failed.
    jitter
        Source of randomness in [0, 1).
    """

    supabase: Supabase
    runner: VideoRunner
    retries: int
    stop: StopSignal
    refused: RefusedEnds
    unreleased: Unreleased
    faults: Faults
    jitter: Callable[[], float]

    async def run(self, claimed: ClaimedRow) -> Ending:
        """Run a row until it is completed, failed, put back or lost.

        Raises
        ------
        Stopped
            A signal came; the row was put back first.
        """
        end = RowEnd(self.supabase, self.stop, self.refused, self.unreleased, self.jitter)
        job_id = claimed.row.job_id
        self.faults.begin(job_id)
        try:
            while True:
                error = await self._attempt(claimed)
                if error is None:
                    self.faults.completed(job_id)
                    return Ending.COMPLETED
                stage = self.runner.stage
                match self.faults.failed(job_id, error, stage=stage, retries=self.retries, jitter=self.jitter()):
                    case Again(seconds, _):
                        to_stderr(f"  {error.detail} Trying again in {seconds:.0f} s.", style="yellow")
                        if not await self._pause(claimed, seconds):
                            self.faults.lost(job_id)
                            return await end.leave_alone(claimed)
                    case GiveUp(sentence):
                        return await end.fail(claimed, sentence)
                    case PutBack():
                        to_stderr(f"  {error.failure.with_remedy(error.detail)}", style="red")
                        return await end.put_back(claimed)
                    case LeaveAlone():
                        self.faults.lost(job_id)
                        return await end.leave_alone(claimed)
        except Stopped:
            await end.put_back(claimed)
            raise

    async def _attempt(self, claimed: ClaimedRow) -> Failed | None:
        try:
            await self.stop.unless_stopped(self.runner.run(claimed.row, claimed.claim))
        except Failed as error:
            return error
        except SupabaseError as error:
            return Failed(error.reason, error.message)
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - a bug that one video triggers must not end the loop
            _log.exception("unexpected error")
            name = type(error).__name__
            return Failed(
                Reason.INTERNAL, f"The worker failed with an unexpected error ({name}). This is a bug in runops."
            )
        return None

    async def _pause(self, claimed: ClaimedRow, seconds: float) -> bool:
        """Wait between two attempts, with heartbeats; False if the claim was lost."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while (left := end - clock()) > 0:
            heartbeat = self.supabase.jobs.heartbeat(claimed.row.job_id, claimed.claim.claim)
            try:
                if not await self.stop.unless_stopped(heartbeat):
                    return False
            except SupabaseError as error:
                to_stderr(f"  {error.message}", style="yellow")
            await self.stop.pause(min(left, _HEARTBEAT_SECONDS))
        return True
