"""In which order matched steps stand. Pure."""

from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["longest_increasing", "order"]


def longest_increasing(values: Sequence[int]) -> int:
    """Return the length of the longest strictly increasing subsequence."""
    ends: list[int] = []
    for value in values:
        at = bisect_left(ends, value)
        ends[at : at + 1] = [value]
    return len(ends)


def order(places: Sequence[int]) -> float:
    """Return the share of matched steps that stand in order: longest increasing subsequence by matches.

    Parameters
    ----------
    places
        Of each matched step, in the order of one SOP, its place in the other one. 0 where nothing is matched.
    """
    return longest_increasing(places) / len(places) if places else 0.0
