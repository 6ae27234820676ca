"""The parts of the media that an edit list shows, and what ffmpeg's own way of following it leaves out. Pure.

Where an edit begins, a player shows the picture that is there at that time, which may have begun seconds before. ffmpeg
leaves out each picture that begins before its edit, and shows nothing, or the part before, until the next one begins.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

__all__ = ["Edit", "Neighbours", "are_in_order", "presented_seconds", "shown_from"]

# Units of time are rounded.
_ROUNDING_SECONDS: Final = 0.005
_SAME_SECONDS: Final = 1e-6
# A picture of 24 per second. Where the next one begins so soon, nobody misses the one that is left out.
_LEAST_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Edit:
    """A part of the media that is shown, in seconds from the media's beginning."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.begin


def presented_seconds(edits: Sequence[Edit]) -> float:
    """Return how long all of them are."""
    return sum(edit.seconds for edit in edits)


def are_in_order(edits: Sequence[Edit]) -> bool:
    """Return whether each begins behind the one before."""
    return all(one.end <= other.begin + _ROUNDING_SECONDS for one, other in pairwise(edits))


def shown_from(edits: Sequence[Edit], *, fps: int) -> Iterator[tuple[float, int]]:
    """Yield for each edit the second of the media that its first picture shows, and how many pictures it has.

    Picture k shows the second k / fps of all edits, one after the other.
    """
    at = 0.0
    for edit in edits:
        first, behind = (max(math.ceil((second - _ROUNDING_SECONDS) * fps), 0) for second in (at, at + edit.seconds))
        yield edit.begin + first / fps - at, behind - first
        at += edit.seconds


@dataclass
class Neighbours:
    """Which pictures are there where edits begin.

    Attributes
    ----------
    edits
        The edits.
    """

    edits: Sequence[Edit]
    _before: dict[int, float] = field(default_factory=dict)
    _after: dict[int, float] = field(default_factory=dict)

    def take(self, begin: float) -> None:
        """Add the beginning of a picture in seconds of the media; any order is possible."""
        for number, edit in enumerate(self.edits):
            if begin <= edit.begin + _SAME_SECONDS:
                self._before[number] = max(self._before.get(number, begin), begin)
            else:
                self._after[number] = min(self._after.get(number, begin), begin)

    @property
    def lose_a_picture(self) -> bool:
        """Whether ffmpeg leaves out a picture that an edit begins with."""
        return any(self._loses(number, edit) for number, edit in enumerate(self.edits))

    def _loses(self, number: int, edit: Edit) -> bool:
        before, after = self._before.get(number), self._after.get(number, math.inf)
        return (
            before is not None
            and before < edit.begin - _SAME_SECONDS
            and min(after, edit.end) - edit.begin > _LEAST_SECONDS
        )
