"""What the caps on spending allow now. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from runops_operator.config import Cost
from runops_operator.spending.record import Record
from runops_operator.spending.video_spending import VideoSpending

__all__ = ["NO_SPENDING_CAP", "SpendingVerdict", "spending_verdict"]

_MICRO = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class SpendingVerdict:
    """What may be claimed.

    Attributes
    ----------
    reached
        Why nothing is claimed, as a sentence; None where a cap for all does not forbid it.
    capped_users
        Users whose rows wait until tomorrow; "" for rows without a user.
    """

    reached: str | None = None
    capped_users: frozenset[str] = field(default_factory=frozenset)


NO_SPENDING_CAP = SpendingVerdict()


def spending_verdict(record: Record, caps: Cost, videos: Iterable[VideoSpending]) -> SpendingVerdict:
    """Return what may be claimed.

    What videos at work are still expected to spend counts as spent: they go on, and it will be.

    Parameters
    ----------
    record
        What was spent.
    caps
        Settings of this installation.
    videos
        Reports of the VideoJobs that have not ended.
    """
    expected: dict[str, int] = {}
    for video in videos:
        expected[video.user] = expected.get(video.user, 0) + video.expected
    coming = sum(expected.values())
    for period, cap, spent, setting in (
        (f"this month ({record.month}, UTC)", caps.max_per_month_usd, record.of_month, "cost.maxPerMonthUsd"),
        (f"today ({record.day}, UTC)", caps.max_per_day_usd, record.of_day, "cost.maxPerDayUsd"),
    ):
        if cap is not None and spent + coming >= cap * _MICRO:
            return SpendingVerdict(
                f"Videos have cost {_shown(spent)} USD {period}, and those at work are expected to cost "
                f"{_shown(coming)} USD more; the cap is {cap} USD. Claims go on when that is over, or when {setting} "
                "is raised."
            )
    if caps.max_per_user_and_day_usd is None:
        return NO_SPENDING_CAP
    most = caps.max_per_user_and_day_usd * _MICRO
    users = {*record.of_users, *expected}
    capped = {user for user in users if record.of_users.get(user, 0) + expected.get(user, 0) >= most}
    return SpendingVerdict(None, frozenset(capped))


def _shown(microdollars: int) -> str:
    return f"{microdollars / _MICRO:.2f}"
