"""Which seconds of a clip nobody needs to see or hear, and what the times of a clip without them mean. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Final

from runops_worker.media.transcode.activity import Activity

__all__ = ["ClipTimes", "busy_ranges"]

_LEAST_IDLE: Final = 10
"""Seconds in which nothing changes and nobody speaks. People wait as long for a page; a shorter cut saves little."""
_LEFT_IN: Final = 3
"""Seconds that stay at both ends, so that the last change can be seen, and the next sentence heard from its start."""


@dataclass(frozen=True, slots=True)
class ClipTimes:
    """The parts of a clip that were kept, one after the other.

    Attributes
    ----------
    kept
        Start and end of each in seconds of the clip before, in order, without overlaps.
    """

    kept: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """Length of what was kept."""
        return sum(end - start for start, end in self.kept)

    def start(self, at: float) -> float:
        """Return when something began that begins at a second of what was kept. At a cut it is what follows the cut."""
        return self._before(at, bisect_right(self._starts, at) - 1)

    def end(self, at: float) -> float:
        """Return when something ended that ends at a second of what was kept. At a cut it is what comes before it."""
        return self._before(at, max(bisect_left(self._starts, at) - 1, 0))

    @property
    def _starts(self) -> list[float]:
        return list(accumulate((end - start for start, end in self.kept[:-1]), initial=0.0))

    def _before(self, at: float, part: int) -> float:
        # A model may write a time shortly before the clip's start or after its end.
        return self.kept[max(part, 0)][0] + at - self._starts[max(part, 0)]


def busy_ranges(activity: Activity, *, start: float, end: float) -> ClipTimes | None:
    """Return the parts of a clip that are to be kept; None where nothing is worth leaving out.

    Parameters
    ----------
    activity
        Of the recording around the clip.
    start, end
        The clip, in seconds of the recording.
    """
    if start != int(start):
        # The activity is known by whole seconds of the recording.
        return None
    # What was not measured is not known to be idle.
    measured = min(int(end), activity.start + len(activity.changed))
    idle = [not activity.busy(second, second + 1) for second in range(int(start), measured)]
    kept: list[tuple[float, float]] = []
    begin = 0.0
    for left, right in _left_out(idle):
        kept.append((begin, float(left)))
        begin = float(right)
    kept.append((begin, end - start))
    return ClipTimes(tuple(kept)) if len(kept) > 1 else None


def _left_out(idle: Sequence[bool]) -> Iterator[tuple[int, int]]:
    place = 0
    for is_idle, run in groupby(idle):
        length = len(list(run))
        if is_idle and length >= _LEAST_IDLE:
            yield place + _LEFT_IN, place + length - _LEFT_IN
        place += length
