"""When a video is expected to end: a range, never one moment alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from runops.time_left.quantiles import weighted_quantile

__all__ = ["TimeLeft"]

_EARLY, _MIDDLE, _LATE = 0.08, 0.5, 0.92
"""Eight of ten ends lie within, with room for what history does not show."""
_FEW = 0.5
"""By which share, divided by their number, few finished videos widen the range."""


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """The range in which a video is expected to end; `earliest <= likely <= latest`, and none is past."""

    earliest: datetime
    likely: datetime
    latest: datetime

    @classmethod
    def of(cls, seconds: Sequence[tuple[float, float]], *, now: datetime, effective: float) -> Self:
        """Return the range of possible seconds until the end.

        Parameters
        ----------
        seconds
            Possible values with their weights; at least one.
        now
            The time.
        effective
            How many finished videos they rest on: few of them show less than the whole range.
        """
        early, middle, late = (weighted_quantile(seconds, share) for share in (_EARLY, _MIDDLE, _LATE))
        more = min(0.5, _FEW / max(effective, 1.0))
        early, late = early * (1.0 - more), late * (1.0 + more)
        return cls(*(now + timedelta(seconds=max(0.0, value)) for value in (early, middle, late)))
