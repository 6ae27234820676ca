"""The loop of `runops work`: read, claim, work, and again. What it decides stands in `decide`."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from runops.polling import Poll, next_read_in
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import say
from runops_cli.terminal.exit_codes import Exit
from runops_cli.work.attempts import Attempts, Ending
from runops_cli.work.claiming import Intake, Taken
from runops_cli.work.stop_signal import Stopped, StopSignal
from runops_cli.work.video_runner import NotReady, VideoRunner

__all__ = ["Loop", "LoopSettings"]

_PUT_BACK = "The video went back into the queue: a key or a setting is not right."


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How the loop goes.

    Attributes
    ----------
    by
        The name that claims carry.
    retries
        Further attempts after a failure that may pass.
    once
        Whether to end when the queue is empty, or when nothing can be worked on.
    most
        End after so many videos; never where None.
    """

    by: str
    retries: int = 3
    once: bool = False
    most: int | None = None


@dataclass(slots=True)
class Loop:
    """One process that works on one video at a time.

    Parameters
    ----------
    supabase
        The project.
    runner
        Works on a claimed row.
    settings
        How.
    stop
        Ends it.
    jitter
        Source of randomness in [0, 1).
    """

    supabase: Supabase
    runner: VideoRunner
    settings: LoopSettings
    stop: StopSignal
    jitter: Callable[[], float] = random.random
    _moved_at: float | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _trouble: str | None = field(default=None, init=False)
    _untested: bool = field(default=True, init=False)
    _endings: list[Ending] = field(default_factory=list, init=False)

    async def run(self) -> int:
        """Work until the queue is empty (`once`), `most` videos are done, or a signal comes; return the exit code."""
        settings = self.settings
        intake = Intake(self.supabase, by=settings.by, retries=settings.retries, stop=self.stop)
        attempts = Attempts(self.supabase, self.runner, retries=settings.retries, stop=self.stop, jitter=self.jitter)
        try:
            while settings.most is None or len(self._endings) < settings.most:
                taken = await self._next(intake)
                if taken is not None:
                    self._note(await attempts.run(taken))
                if settings.once and (taken is None or self._trouble is not None):
                    break
                if taken is None or self._trouble is not None:
                    await self.stop.pause(self._delay())
        except Stopped:
            say("Stopped.")
            return self.stop.exit_code
        if self._trouble is not None:
            return Exit.OUTSIDE
        return Exit.FAILED if Ending.FAILED in self._endings else Exit.OK

    async def _next(self, intake: Intake) -> Taken | None:
        """Claim a row; None where there is none, or where it can be known that working on it would fail."""
        try:
            # Asked before anything is claimed: a wrong key would spoil one row after the other.
            if self._untested:
                await self.stop.unless_stopped(self.runner.ready())
            taken = await intake.take()
        except (SupabaseError, NotReady) as error:
            self._note_trouble(str(error))
            return None
        if self._trouble != _PUT_BACK:
            self._over()
        self._untested = False
        if taken is None:
            self._failures = 0
        else:
            self._moved_at = asyncio.get_running_loop().time()
        return taken

    def _note(self, ending: Ending) -> None:
        self._moved_at = asyncio.get_running_loop().time()
        if ending is Ending.PUT_BACK:
            # Whether it is put right is not known before a video gets past it.
            self._note_trouble(_PUT_BACK)
            return
        self._over()
        self._endings.append(ending)
        self._untested = ending is Ending.FAILED
        if ending is Ending.COMPLETED:
            self._failures = 0

    def _note_trouble(self, sentence: str) -> None:
        self._failures += 1
        self._untested = True
        if self._trouble != sentence:
            going_on = " Trying on." if sentence == _PUT_BACK else " Trying on; nothing is claimed meanwhile."
            say(sentence if self.settings.once else f"{sentence}{going_on}", style="red")
        self._trouble = sentence

    def _over(self) -> None:
        if self._trouble is not None:
            say("It works again.", style="green")
        self._trouble = None

    def _delay(self) -> float:
        since = None if self._moved_at is None else asyncio.get_running_loop().time() - self._moved_at
        return next_read_in(Poll(), since_movement=since, failures=self._failures, jitter=self.jitter())
