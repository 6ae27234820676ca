"""Whether a run of ffmpeg hangs, by its reports of progress. Pure."""

from dataclasses import dataclass
from typing import Final

__all__ = ["WaitingRun"]

# ffmpeg reports twice a second also while nothing moves. A busy machine reports later, and does not count as waiting.
_MOST_REPORTS: Final = 240
_MOVING: Final = frozenset({"out_time_us", "frame", "total_size"})


@dataclass
class WaitingRun:
    """Built line by line from the output of ffmpeg's option `-progress`.

    Attributes
    ----------
    waits
        Whether 240 reports in a row, two minutes, showed no progress: no new picture, sound or byte.
    """

    waits: bool = False
    _values: tuple[tuple[str, str], ...] = ()
    _before: tuple[tuple[str, str], ...] = ()
    _reports: int = 0

    def take(self, line: str) -> None:
        """Read one line."""
        key, _, value = line.partition("=")
        if key in _MOVING:
            self._values = (*self._values, (key, value))
        elif key == "progress":
            self._reports = self._reports + 1 if self._values == self._before else 0
            self._before, self._values = self._values, ()
            self.waits = self._reports >= _MOST_REPORTS
