"""When something is shown or heard, and the times between. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import Final

__all__ = ["Hole", "Timeline", "holes", "largest_hole", "long_pauses"]

_SHORTEST_HOLE_SECONDS: Final = 1.0
_LONG_PAUSE_SECONDS: Final = 600.0
# Two hours of pictures that are two seconds apart have 3,600. A hostile file could have a span for each packet.
_MOST_SPANS: Final = 20_000


@dataclass(frozen=True)
class Hole:
    """A time range without anything, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


@dataclass
class Timeline:
    """The time ranges in which a track has something; holes of less than a second do not count.

    Attributes
    ----------
    spans
        Begin and end of each range in seconds, in order, at least a second apart.
    """

    spans: list[tuple[float, float]] = field(default_factory=list)

    def add(self, begin: float, end: float) -> None:
        """Add the time range of a packet. Most packets follow the one before; any order is possible."""
        if not self.spans or begin >= self.spans[-1][0]:
            self._append(begin, end)
            return
        place = bisect_left(self.spans, (begin, end))
        later = self.spans[max(place - 1, 0) :]
        del self.spans[max(place - 1, 0) :]
        for span in sorted([*later, (begin, end)]):
            self._append(*span)

    def _append(self, begin: float, end: float) -> None:
        last = self.spans[-1] if self.spans else None
        if last is not None and (begin - last[1] < _SHORTEST_HOLE_SECONDS or len(self.spans) >= _MOST_SPANS):
            self.spans[-1] = last[0], max(last[1], end)
        else:
            self.spans.append((begin, end))


def largest_hole(timelines: Iterable[Timeline]) -> Hole | None:
    """Return the longest time range between the first and the last packet in which no track has anything.

    Returns
    -------
    Hole or None
        The first of equally long ones; None if there is none of a second or more.
    """
    return max(holes(timelines), key=lambda hole: hole.seconds, default=None)


def holes(timelines: Iterable[Timeline]) -> Iterator[Hole]:
    """Yield the time ranges of a second or more, between first and last packet, in which no track has anything."""
    reached: float | None = None
    for begin, end in merge(*(timeline.spans for timeline in timelines)):
        if reached is not None and begin - reached >= _SHORTEST_HOLE_SECONDS:
            yield Hole(reached, begin)
        reached = end if reached is None else max(reached, end)


def long_pauses(timeline: Timeline, *, since: float) -> tuple[Hole, ...]:
    """Return the time ranges of ten minutes or more before or between what a track has.

    Parameters
    ----------
    timeline
        That of the track.
    since
        When the recording begins, in seconds of the timeline. The result counts from there.
    """
    found = holes([Timeline([(since, since)]), timeline])
    return tuple(Hole(hole.start - since, hole.end - since) for hole in found if hole.seconds >= _LONG_PAUSE_SECONDS)
