"""The loop of `runops work`: claim a row, run it, and again. `loop_state` decides."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import to_stderr
from runops_cli.work.attempts import Attempts
from runops_cli.work.claiming import ClaimedRow, RowClaimer
from runops_cli.work.faults import Faults
from runops_cli.work.loop_state import LoopState, Step
from runops_cli.work.refused_ends import RefusedEnds
from runops_cli.work.stop_signal import Stopped, StopSignal
from runops_cli.work.unreleased import Unreleased
from runops_cli.work.video_runner import NotReady, VideoRunner

__all__ = ["Loop", "LoopSettings"]


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """Settings of the loop.

    Attributes
    ----------
    by
        The name in the claims.
    retries
        How many attempts may follow the first.
    once
        Whether to stop when the queue is empty, or when no video can be run.
    most
        Stop after so many videos; None sets no limit.
    """

    by: str
    retries: int = 3
    once: bool = False
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """Runs one video at a time.

    Parameters
    ----------
    supabase
        The project.
    runner
        Runs a claimed row.
    settings
        See there.
    stop
        Stops the loop.
    now
        The time, with its zone.
    jitter
        Source of randomness in [0, 1).
    """

    supabase: Supabase
    runner: VideoRunner
    settings: LoopSettings
    stop: StopSignal
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    jitter: Callable[[], float] = random.random

    async def run(self) -> int:
        """Run videos until the settings or a signal stop it; return the exit code."""
        settings = self.settings
        state = LoopState(once=settings.once, most=settings.most, retries=settings.retries)
        faults, refused, unreleased = Faults(self.now), RefusedEnds(self.supabase), Unreleased(self.supabase)
        claimer = RowClaimer(
            self.supabase,
            by=settings.by,
            retries=settings.retries,
            stop=self.stop,
            refused=refused,
            unreleased=unreleased,
            faults=faults,
        )
        attempts = Attempts(
            self.supabase,
            self.runner,
            retries=settings.retries,
            stop=self.stop,
            refused=refused,
            unreleased=unreleased,
            faults=faults,
            jitter=self.jitter,
        )
        clock = asyncio.get_running_loop().time
        step = Step.CLAIM
        try:
            while step is not Step.STOP:
                if step is Step.PAUSE:
                    await self.stop.pause(state.pause_seconds(now=clock(), jitter=self.jitter()))
                claimed = await self._claim(claimer, faults, state)
                if claimed is not None:
                    _print(state.video_ended(await attempts.run(claimed), now=clock()))
                step = state.next_step(claimed=claimed is not None)
        except Stopped:
            to_stderr("Stopped.")
            return self.stop.exit_code
        if state.found_nothing:
            to_stderr("No row can be claimed. `runops list` shows the jobs, `runops submit RECORDING` queues one.")
        return state.exit_code

    async def _claim(self, claimer: RowClaimer, faults: Faults, state: LoopState) -> ClaimedRow | None:
        """Claim a row; None if there is none, or if it would fail for sure."""
        clock = asyncio.get_running_loop().time
        if (wait := faults.wait()) is not None:
            _print(state.waits(wait, now=clock()))
            return None
        try:
            # Checked before a claim: a wrong key would make one row after the other fail.
            if state.needs_check:
                await self.stop.unless_stopped(self.runner.ready())
            claimed = await claimer.claim_next()
        except (SupabaseError, NotReady) as error:
            _print(state.claim_impossible(str(error)))
            return None
        if claimed is None and claimer.wait is not None:
            _print(state.waits(claimer.wait, now=clock()))
            return None
        _print(state.queue_read(claimed=claimed is not None, now=clock()))
        return claimed


def _print(line: str | None) -> None:
    if line is not None:
        to_stderr(line, style="green" if line == "It works again." else "red")
