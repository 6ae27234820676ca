"""Brings one claimed row to its end: attempts, pauses between them, and what the row says afterwards."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from runops.failures import Failed, Reason
from runops.polling import backoff
from runops.retry_policy import Again, History
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import say
from runops_cli.work.claiming import Taken
from runops_cli.work.next_attempt import GiveUp, LeaveAlone, PutBack, after_failure
from runops_cli.work.stop_signal import Stopped, StopSignal
from runops_cli.work.video_runner import VideoRunner

__all__ = ["Attempts", "Ending"]

_log = logging.getLogger(__name__)
_HEARTBEAT_SECONDS = 30.0
_RELEASE_SECONDS = 15.0
_WRITE_TRIES = 6


class Ending(Enum):
    """How a row left our hands."""

    COMPLETED = auto()
    FAILED = auto()
    PUT_BACK = auto()
    LEFT_ALONE = auto()


@dataclass(frozen=True, slots=True)
class Attempts:
    """Works on claimed rows.

    Parameters
    ----------
    supabase
        The project.
    runner
        Makes one attempt.
    retries
        Further attempts after a failure that may pass.
    stop
        Interrupts; the row then goes back into the queue.
    jitter
        Source of randomness in [0, 1).
    """

    supabase: Supabase
    runner: VideoRunner
    retries: int
    stop: StopSignal
    jitter: Callable[[], float]

    async def run(self, taken: Taken) -> Ending:
        """Work on a row until it is completed, given up, put back or lost.

        Raises
        ------
        Stopped
            A signal came; the row was put back first.
        """
        history = History()
        try:
            while True:
                error = await self._attempt(taken)
                if error is None:
                    return Ending.COMPLETED
                match after_failure(error, history, retries=self.retries, jitter=self.jitter()):
                    case Again(seconds, history):
                        say(f"  {error.detail} Trying again in {seconds:.0f} s.", style="yellow")
                        if not await self._wait(taken, seconds):
                            return self._leave(taken)
                    case GiveUp(sentence):
                        return await self._give_up(taken, sentence)
                    case PutBack():
                        say(f"  {error.detail} {error.failure.remedy}", style="red")
                        await self._put_back(taken)
                        return Ending.PUT_BACK
                    case LeaveAlone():
                        return self._leave(taken)
        except Stopped:
            await self._put_back(taken)
            raise

    async def _attempt(self, taken: Taken) -> Failed | None:
        try:
            await self.stop.unless_stopped(self.runner.work_on(taken.row, taken.claim))
        except Failed as error:
            return error
        except SupabaseError as error:
            return Failed(error.reason, error.message)
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - one video's fault must not end the loop
            _log.exception("unexpected error")
            return Failed(
                Reason.INTERNAL,
                f"The worker failed with an unexpected error ({type(error).__name__}). This is a bug in runops.",
            )
        return None

    async def _wait(self, taken: Taken, seconds: float) -> bool:
        """Pause between two attempts; False where the row was lost meanwhile."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while (left := end - clock()) > 0:
            try:
                if not await self.stop.unless_stopped(
                    self.supabase.jobs.heartbeat(taken.row.job_id, taken.claim.claim)
                ):
                    return False
            except SupabaseError as error:
                say(f"  {error.message}", style="yellow")
            await self.stop.pause(min(left, _HEARTBEAT_SECONDS))
        return True

    async def _give_up(self, taken: Taken, sentence: str) -> Ending:
        for tried in range(1, _WRITE_TRIES + 1):
            try:
                written = await self.supabase.jobs.fail(taken.row.job_id, taken.claim.claim, sentence)
            except SupabaseError as error:
                say(f"  {error.message}", style="yellow")
                if not error.retryable:
                    break
                await self.stop.pause(backoff(tried, base=1.0, jitter=self.jitter()))
            else:
                if not written:
                    return self._leave(taken)
                say(f"{taken.row.job_id}  error: {sentence}", style="red")
                return Ending.FAILED
        say(f"{taken.row.job_id}  failed, and its row could not be told: {sentence}", style="red")
        return Ending.FAILED

    def _leave(self, taken: Taken) -> Ending:
        say(f"{taken.row.job_id}  was cancelled or taken over; its row is left alone.", style="yellow")
        return Ending.LEFT_ALONE

    async def _put_back(self, taken: Taken) -> None:
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                released = await self.supabase.jobs.release(taken.row.job_id, taken.claim.claim)
        except (SupabaseError, TimeoutError) as error:
            why = error.message if isinstance(error, SupabaseError) else "no answer in time"
            say(
                f"{taken.row.job_id}  could not be put back into the queue ({why}); "
                "the next `runops work` of this machine takes it up again after 5 minutes.",
                style="red",
            )
        else:
            if released:
                say(f"{taken.row.job_id}  is back in the queue.")
