"""What one VideoJob reports of its cost. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from runops.dollars import reported_microdollars
from runops_operator.manifests.observed import VideoJobView
from runops_operator.times import moment

__all__ = ["VideoSpending", "spending_of"]

_CLOCKS_DIFFER = timedelta(hours=1)
"""The days are those of the worker's clock, and the creation is that of the API server's."""


@dataclass(frozen=True, slots=True)
class VideoSpending:
    """One VideoJob's count. Amounts are millionths of a US dollar.

    Attributes
    ----------
    ledger
        Name of the count. A video that is run again after a failure goes on with it, under a new uid.
    user
        Who uploaded it; "" for nobody.
    days
        What was spent on each day.
    first_day
        The first day on which this VideoJob may have spent something. What its count has of earlier days is of another
        VideoJob of the same row.
    finished_at
        When it ended; None while it has not.
    expected
        What it is expected to spend beyond that; 0 once it has ended.
    """

    ledger: str
    user: str
    days: Mapping[str, int]
    first_day: str
    finished_at: datetime | None
    expected: int


def spending_of(videojob: VideoJobView) -> VideoSpending | None:
    """Return what a VideoJob reports; None where it has reported no count."""
    usage = videojob.status.usage
    if usage is None or not usage.ledger:
        return None
    created = moment(videojob.created)
    ended = moment(videojob.status.completion_time) if videojob.finished else None
    expected = reported_microdollars(usage.estimated_cost_usd) - reported_microdollars(usage.cost_usd)
    return VideoSpending(
        ledger=usage.ledger[:16],
        user=(videojob.spec.user_id if videojob.spec is not None else None) or "",
        days={item.day: reported_microdollars(item.cost_usd) for item in usage.days if _is_day(item.day)},
        first_day="" if created is None else (created - _CLOCKS_DIFFER).date().isoformat(),
        finished_at=ended,
        expected=0 if videojob.finished else max(expected, 0),
    )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
