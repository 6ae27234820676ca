"""What one VideoJob reports of its cost. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from runops.dollars import reported_microdollars
from runops.report import DayUsage
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
        Name of the count. A video that is run again after a failure goes on with it, under a new uid. Empty before the
        first call.
    user
        Who uploaded it; "" for nobody.
    days
        What was spent on each day.
    under_way
        What calls that have begun and not ended cost as a rule, by day.
    first_day
        The first day on which this VideoJob may have spent something. What its count has of earlier days is of another
        VideoJob of the same row.
    finished_at
        When it ended; None while it has not.
    expected
        What it is expected to spend beyond that; 0 once it has ended.
    estimate
        Of the whole video, before its first call; 0 where no price is known.
    """

    ledger: str
    user: str
    days: Mapping[str, int]
    under_way: Mapping[str, int]
    first_day: str
    finished_at: datetime | None
    expected: int
    estimate: int

    def settled(self) -> "VideoSpending":
        """Return the count of a worker that says no more: calls under way were perhaps billed, and count as spent."""
        days = dict(self.days)
        for day, amount in self.under_way.items():
            days[day] = days.get(day, 0) + amount
        return replace(self, days=days, under_way={}, expected=0)


def spending_of(videojob: VideoJobView) -> VideoSpending | None:
    """Return what a VideoJob reports; None where it has reported nothing."""
    usage = videojob.status.usage
    if usage is None:
        return None
    created = moment(videojob.created)
    estimate, under_way = reported_microdollars(usage.estimated_cost_usd), _by_day(usage.under_way)
    spending = VideoSpending(
        ledger=(usage.ledger or "")[:16],
        user=videojob.user,
        days=_by_day(usage.days),
        under_way=under_way,
        first_day="" if created is None else (created - _CLOCKS_DIFFER).date().isoformat(),
        finished_at=moment(videojob.status.completion_time) if videojob.finished else None,
        expected=max(estimate - reported_microdollars(usage.cost_usd), sum(under_way.values())),
        estimate=estimate,
    )
    return spending.settled() if videojob.finished else spending


def _by_day(items: Iterable[DayUsage]) -> dict[str, int]:
    return {item.day: reported_microdollars(item.cost_usd) for item in items if _is_day(item.day)}


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
