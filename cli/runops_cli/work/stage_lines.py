"""Prints the progress of a video: a line when a stage begins, and at each further tenth."""

import time
from collections.abc import Callable

from runops.progress import Stage
from runops_cli.terminal.console import to_stderr

__all__ = ["StageLines"]


class StageLines:
    """A progress sink that prints.

    Parameters
    ----------
    show
        Receives each line.
    clock
        Seconds of a clock that only goes forward.
    """

    def __init__(self, show: Callable[[str], None] = to_stderr, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._start = clock()
        self._shown: tuple[Stage, int] | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    @property
    def stage(self) -> Stage | None:
        """The last stage that was reported; None before the first."""
        return None if self._shown is None else self._shown[0]

    async def report(self, stage: Stage, percent: int) -> None:
        """Print the stage and the percentage, unless the last line was about the same tenth of the same stage."""
        now = (stage, percent // 10)
        if now != self._shown:
            self._shown = now
            self._show(f"  {self.seconds:6.1f} s  {percent:3d} %  {stage.replace('_', ' ')}")
