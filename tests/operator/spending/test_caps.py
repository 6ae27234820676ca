"""Which caps stop whose claims, and what is said about it."""

import pytest

from runops.spending_record import Record
from runops_operator.config import Cost
from runops_operator.spending.caps import NO_SPENDING_CAP, AtWork, SpendingVerdict, spending_verdict

DOLLAR = 1_000_000
RECORD = Record("2026-11", "2026-11-30", 90 * DOLLAR, 9 * DOLLAR, {"ann": 5 * DOLLAR, "ben": 4 * DOLLAR})


def at_work(
    *,
    largest: int | None = None,
    unknown: dict[str, int] | None = None,
    still: dict[str, int] | None = None,
    **expected: int,
) -> AtWork:
    dollars = {user: amount * DOLLAR for user, amount in expected.items()}
    return AtWork(dollars, unknown or {}, still or {}, None if largest is None else largest * DOLLAR)


@pytest.mark.parametrize(
    ("caps", "expected", "words"),
    [
        ({"max_per_day_usd": 10}, 0, None),
        (
            {"max_per_day_usd": 10},
            1,
            ("9.00 USD today (2026-11-30, UTC)", "1.00 USD more", " cost.maxPerDayUsd is raised"),
        ),
        ({"max_per_day_usd": 9}, 0, ("the cap is 9 USD",)),
        ({"max_per_month_usd": 91}, 0, None),
        ({"max_per_month_usd": 90}, 0, ("90.00 USD this month (2026-11, UTC)", " cost.maxPerMonthUsd is raised")),
        ({"max_per_month_usd": 90, "max_per_day_usd": 9}, 0, ("this month",)),
        ({"max_per_video_usd": 1}, 9, None),
    ],
)
def test_a_cap_for_all_stops_all(caps: dict[str, int], expected: int, words: tuple[str, ...] | None) -> None:
    verdict = spending_verdict(RECORD, Cost.model_validate(caps), at_work(cid=expected))
    assert (verdict.reached is None) is (words is None)
    for word in words or ():
        assert word in (verdict.reached or "")


def test_a_cap_per_user_stops_those_who_reached_it_or_will() -> None:
    caps = Cost.model_validate({"max_per_user_and_day_usd": 5})
    verdict = spending_verdict(RECORD, caps, at_work(ben=1, cid=4, dan=5))
    assert verdict.reached is None
    assert verdict.capped_users == {"ann", "ben", "dan"}


def test_without_a_cap_nobody_is_stopped() -> None:
    assert spending_verdict(RECORD, Cost(), at_work(ann=99)) == NO_SPENDING_CAP


def test_what_all_users_are_expected_to_spend_counts_together() -> None:
    caps = Cost.model_validate({"max_per_user_and_day_usd": 5, "max_per_day_usd": 20})
    below = spending_verdict(RECORD, caps, at_work(cid=4, dan=6))
    assert below.reached is None
    assert below.capped_users == {"ann", "dan"}
    verdict = spending_verdict(RECORD, caps, at_work(cid=5, dan=6))
    assert verdict.reached is not None
    assert "9.00 USD today (2026-11-30, UTC), and those at work are expected to cost 11.00 USD more" in verdict.reached
    assert verdict.capped_users == frozenset()
    only = Cost.model_validate({"max_per_user_and_day_usd": 5})
    assert spending_verdict(RECORD, only, at_work(cid=5)).capped_users == {"ann", "cid"}


@pytest.mark.parametrize(
    ("caps", "largest", "unknown", "room"),
    [
        ({"max_per_day_usd": 19}, 2, 0, 5),
        ({"max_per_day_usd": 18}, 2, 0, 5),
        ({"max_per_day_usd": 18}, 2, 4, 1),
        ({"max_per_day_usd": 18}, 2, 9, 0),
        ({"max_per_day_usd": 18, "max_per_month_usd": 92}, 2, 0, 1),
        ({"max_per_day_usd": 10}, 99, 0, 1),
        ({"max_per_day_usd": 18}, None, 0, 1),
        ({"max_per_day_usd": 18}, None, 1, 0),
        ({"max_per_day_usd": 18}, 0, 5, None),
        ({"max_per_video_usd": 1}, 2, 5, None),
    ],
)
def test_so_many_begin_as_fit_below_the_cap_and_one_that_may_exceed_it(
    caps: dict[str, int], largest: int | None, unknown: int, room: int | None
) -> None:
    known = at_work(largest=largest, unknown={"ann": unknown})
    verdict = spending_verdict(RECORD, Cost.model_validate(caps), known)
    assert (verdict.reached, verdict.room) == (None, room)


@pytest.mark.parametrize(
    ("largest", "unknown", "still", "room"),
    [(None, 1, 1, 1), (None, 3, 3, 1), (None, 4, 4, 0), (None, 2, 1, 0), (9, 1, 1, 1), (2, 1, 1, 4), (2, 9, 9, 0)],
)
def test_a_few_videos_that_stand_still_are_passed_one_by_one(
    largest: int | None, unknown: int, still: int, room: int
) -> None:
    caps = Cost.model_validate({"max_per_day_usd": 18, "max_per_user_and_day_usd": 14})
    known = at_work(largest=largest, unknown={"ann": unknown}, still={"ann": still})
    verdict = spending_verdict(RECORD, caps, known)
    assert (verdict.room, verdict.room_of("ann")) == (room, room)


def test_each_user_has_room_of_their_own() -> None:
    caps = Cost.model_validate({"max_per_user_and_day_usd": 6})
    verdict = spending_verdict(RECORD, caps, at_work(largest=2, unknown={"ben": 1, "cid": 2}, dan=6))
    assert verdict.room is None
    assert {user: verdict.room_of(user) for user in ("ann", "ben", "cid", "dan", "eve")} == {
        "ann": 1,
        "ben": 0,
        "cid": 1,
        "dan": 0,
        "eve": 3,
    }
    assert verdict.capped_users == {"dan"}
    assert verdict.waiting_users == {"ben", "dan"}


def test_without_a_cap_a_user_has_any_room() -> None:
    assert SpendingVerdict().room_of("ann") is None


def test_a_cap_is_reached_to_the_last_millionth_of_a_dollar() -> None:
    almost = Record("2026-11", "2026-11-30", 0, 9 * DOLLAR - 1, {})
    caps = Cost.model_validate({"max_per_day_usd": 9})
    assert spending_verdict(almost, caps, AtWork()).reached is None
    assert spending_verdict(almost, caps, AtWork({"ann": 1})).reached is not None


def test_the_cap_of_a_user_is_reached_to_the_last_millionth_of_a_dollar() -> None:
    record = Record("2026-11", "2026-11-30", 0, 0, {"ann": 5 * DOLLAR - 1, "ben": 5 * DOLLAR})
    working = AtWork({"cid": 5 * DOLLAR - 1, "dan": 5 * DOLLAR}, {}, largest=DOLLAR)
    caps = Cost.model_validate({"max_per_user_and_day_usd": 5, "max_per_day_usd": 20})
    assert spending_verdict(record, caps, working) == SpendingVerdict(
        room=11,
        capped_users=frozenset({"ben", "dan"}),
        user_rooms={"ann": 1, "cid": 1},
        other_user_room=5,
    )
