"""Prints the stages of a video as lines."""

import time
from collections.abc import Callable

from runops.progress import Stage
from runops_cli.terminal.console import say

__all__ = ["StageLines"]


class StageLines:
    """A progress sink that tells a person: each stage when it begins, and each tenth of the way.

    Parameters
    ----------
    show
        Told each line.
    clock
        Seconds that only go forward.
    """

    def __init__(self, show: Callable[[str], None] = say, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._start = clock()
        self._told: tuple[Stage, int] | None = None

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self._clock() - self._start

    async def report(self, stage: Stage, percent: int) -> None:
        """Tell the stage and the percentage where they say something new."""
        now = (stage, percent // 10)
        if now != self._told:
            self._told = now
            self._show(f"  {self.seconds:6.1f} s  {percent:3d} %  {stage.replace('_', ' ')}")
