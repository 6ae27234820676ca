"""Which time ranges are asked about: halves, and ranges wide enough to be understood. Pure.

A clip begins at a whole second, where a picture begins.
"""

from typing import Final

__all__ = ["Range", "halves", "may_be_halved", "widened"]

_LEAST_SECONDS: Final = 20.0
"""Halves are not shorter than this: where so little video gets no answer, less will not either."""
_OVERLAP_SECONDS: Final = 2.0
_LEAST_CLIP_SECONDS: Final = 10.0
"""A shorter rest or missing part is shown with what comes before it, which the model needs to understand it."""

Range = tuple[float, float]
"""Start and end, in seconds of the recording."""


def may_be_halved(start: float, end: float) -> bool:
    """Return whether a range about which there is no answer is asked about in halves."""
    return end - start >= 2 * (_LEAST_SECONDS + _OVERLAP_SECONDS)


def halves(start: float, end: float) -> tuple[Range, Range]:
    """Return the halves of a range, which overlap by 2 s and meet at a whole second."""
    middle = float((start + end) // 2)
    return (start, middle + _OVERLAP_SECONDS), (middle, end)


def widened(part: Range, *, earliest: float) -> Range:
    """Return the range of a clip for a part: not too short, and from a whole second on, none before `earliest`."""
    begin = min(part[0], part[1] - _LEAST_CLIP_SECONDS)
    return max(float(int(begin)), earliest), part[1]
