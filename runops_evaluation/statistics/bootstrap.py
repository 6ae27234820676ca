"""Means over recordings with bootstrap intervals. Pure: the same seed gives the same intervals."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

__all__ = ["LEVEL", "RESAMPLES", "SEED", "Mean", "interval", "mean_of"]

LEVEL: Final = 0.95
RESAMPLES: Final = 2_000
SEED: Final = 22


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over recordings.

    Attributes
    ----------
    value
        The mean; None where no recording has the figure.
    low, high
        The interval; None for fewer than two recordings.
    count
        Recordings that have the figure.
    """

    value: float | None
    low: float | None
    high: float | None
    count: int


def mean_of(values: Sequence[float | None], *, seed: int = SEED) -> Mean:
    """Return the mean of the values that are there, and its percentile bootstrap interval."""
    known = [value for value in values if value is not None]
    if not known:
        return Mean(None, None, None, 0)
    limits = interval(known, seed=seed)
    low, high = (None, None) if limits is None else limits
    return Mean(sum(known) / len(known), low, high, len(known))


def interval(values: Sequence[float], *, seed: int = SEED) -> tuple[float, float] | None:
    """Return the percentile bootstrap interval of the mean; None for fewer than two values."""
    count = len(values)
    if count < 2:
        return None
    means = sorted(sum(values[at] for at in chosen) / count for chosen in _resamples(count, seed))
    tail = round((1 - LEVEL) / 2 * RESAMPLES)
    return means[tail], means[RESAMPLES - 1 - tail]


@lru_cache(maxsize=64)
def _resamples(count: int, seed: int) -> tuple[tuple[int, ...], ...]:
    draw = random.Random(f"{seed}/{count}")
    return tuple(tuple(draw.choices(range(count), k=count)) for _ in range(RESAMPLES))
