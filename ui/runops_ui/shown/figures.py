"""The figures above the list: how many of each status, how many are completed an hour, what they cost. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runops.job_row import RowStatus
from runops_ui.cluster.spending import Spending

__all__ = ["Bar", "Count", "Figures", "figures_of"]

_WORDS = {
    RowStatus.QUEUED: "waiting",
    RowStatus.PROCESSING: "at work",
    RowStatus.COMPLETED: "completed",
    RowStatus.ERROR: "failed",
}
_MICRO = 1_000_000
_HOUR = timedelta(hours=1)
BAR_HEIGHT = 24


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows have a status."""

    status: str
    word: str
    rows: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the small chart: its height of 24, and what it says."""

    height: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is above the list."""

    counts: tuple[Count, ...]
    last_hour: int
    last_day: int | None
    bars: tuple[Bar, ...]
    today: str | None
    month: str | None
    whole: bool


def figures_of(
    counts: Mapping[RowStatus, int],
    *,
    last_hour: int,
    hours: Sequence[tuple[datetime, int]] | None,
    spending: Spending | None,
) -> Figures:
    """Return the figures.

    Parameters
    ----------
    counts
        Rows by status.
    last_hour
        Rows completed in the last 60 minutes.
    hours
        Rows completed in each of the last hours of the clock, the present one last; None while they are counted.
    spending
        What was spent; None where no cluster tells.
    """
    most = max((number for _, number in hours or ()), default=0)
    return Figures(
        counts=tuple(Count(status.value, word, counts.get(status, 0)) for status, word in _WORDS.items()),
        last_hour=last_hour,
        last_day=None if hours is None else sum(number for _, number in hours),
        bars=tuple(
            Bar(
                max(round(BAR_HEIGHT * number / most), 1) if number else 0,
                f"{start.astimezone(UTC):%H:00} to {start.astimezone(UTC) + _HOUR:%H:00} UTC: {number} completed",
            )
            for start, number in hours or ()
        ),
        today=None if spending is None else f"{spending.today / _MICRO:,.2f}",
        month=None if spending is None else f"{spending.month / _MICRO:,.2f}",
        whole=spending is not None and spending.of_whole,
    )
