"""Which caps stop whose claims, and what is said about it."""

import pytest

from runops_operator.config import Cost
from runops_operator.spending.caps import NO_SPENDING_CAP, spending_verdict
from runops_operator.spending.record import Record
from runops_operator.spending.video_spending import VideoSpending

DOLLAR = 1_000_000
RECORD = Record("2026-11", "2026-11-30", 90 * DOLLAR, 9 * DOLLAR, {"ann": 5 * DOLLAR, "ben": 4 * DOLLAR})


def at_work(user: str, expected: int) -> VideoSpending:
    return VideoSpending(user, user, {}, "", None, expected * DOLLAR)


@pytest.mark.parametrize(
    ("caps", "expected", "words"),
    [
        ({"max_per_day_usd": 10}, 0, None),
        ({"max_per_day_usd": 10}, 1, ("9.00 USD today (2026-11-30, UTC)", "1.00 USD more", "cost.maxPerDayUsd")),
        ({"max_per_day_usd": 9}, 0, ("the cap is 9 USD",)),
        ({"max_per_month_usd": 91}, 0, None),
        ({"max_per_month_usd": 90}, 0, ("90.00 USD this month (2026-11, UTC)", "cost.maxPerMonthUsd")),
        ({"max_per_month_usd": 90, "max_per_day_usd": 9}, 0, ("this month",)),
        ({"max_per_video_usd": 1}, 9, None),
    ],
)
def test_a_cap_for_all_stops_all(caps: dict[str, int], expected: int, words: tuple[str, ...] | None) -> None:
    verdict = spending_verdict(RECORD, Cost.model_validate(caps), [at_work("cid", expected)])
    assert (verdict.reached is None) is (words is None)
    for word in words or ():
        assert word in (verdict.reached or "")


def test_a_cap_per_user_stops_those_who_reached_it_or_will() -> None:
    caps = Cost.model_validate({"max_per_user_and_day_usd": 5})
    verdict = spending_verdict(RECORD, caps, [at_work("ben", 1), at_work("cid", 4), at_work("dan", 5)])
    assert verdict.reached is None
    assert verdict.capped_users == {"ann", "ben", "dan"}


def test_without_a_cap_nobody_is_stopped() -> None:
    assert spending_verdict(RECORD, Cost(), [at_work("ann", 99)]) == NO_SPENDING_CAP


def test_all_videos_of_a_user_at_work_count_together() -> None:
    caps = Cost.model_validate({"max_per_user_and_day_usd": 5, "max_per_day_usd": 20})
    below = spending_verdict(RECORD, caps, [at_work("cid", 2), at_work("cid", 2), at_work("dan", 6)])
    assert below.reached is None
    assert below.capped_users == {"ann", "dan"}
    verdict = spending_verdict(RECORD, caps, [at_work("cid", 2), at_work("cid", 3), at_work("dan", 6)])
    assert verdict.reached is not None
    assert "9.00 USD today (2026-11-30, UTC), and those at work are expected to cost 11.00 USD more" in verdict.reached
    assert verdict.capped_users == frozenset()
    only = Cost.model_validate({"max_per_user_and_day_usd": 5})
    assert spending_verdict(RECORD, only, [at_work("cid", 2), at_work("cid", 3)]).capped_users == {"ann", "cid"}
