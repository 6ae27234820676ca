from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.claim_order import ClaimOrder, age_key, choose, rank, user_key
from runops.job_row import JobRow
from tests.simulation.cluster import START

USERS = st.sampled_from(["ann", "ben", "cat", None])


def _chosen(
    rows: Sequence[JobRow], *, slots: int, active: Mapping[str, int] | None = None, per_user: int | None = None
) -> list[JobRow]:
    return choose(rows, slots=slots, active=active or {}, now=START, ageing_seconds=600, per_user=per_user)


def _row(user: str, *, priority: object = None, waited: float = 0) -> JobRow:
    created = (START - timedelta(seconds=waited)).isoformat()
    return JobRow(job_id=uuid4(), created_at=created, metadata={"user_id": user, "priority": priority})


def _rows(users: Sequence[str | None]) -> list[JobRow]:
    return [JobRow(job_id=uuid4(), metadata={"user_id": user} if user else None) for user in users]


@given(
    st.lists(USERS, max_size=40),
    st.integers(0, 12),
    st.dictionaries(st.sampled_from(["ann", "ben", ""]), st.integers(0, 9)),
)
def test_slots_are_filled_without_doubling_and_users_stay_level(
    users: list[str | None], slots: int, active: dict[str, int]
) -> None:
    rows = _rows(users)
    chosen = _chosen(rows, slots=slots, active=active)
    assert len(chosen) == min(slots, len(rows))
    assert len({row.job_id for row in chosen}) == len(chosen)
    taken = {row.job_id for row in chosen}
    load = dict(active)
    for row in chosen:
        load[user_key(row)] = load.get(user_key(row), 0) + 1
    for waiting in {user_key(row) for row in rows if row.job_id not in taken}:
        served = [user for user in {user_key(row) for row in chosen} if load[user] > load.get(waiting, 0) + 1]
        assert served == [], "somebody got a second slot before another's first"


def test_a_users_own_rows_come_by_age() -> None:
    rows = _rows(["ann"] * 5)
    assert _chosen(rows, slots=3) == rows[:3]


def test_a_flood_delays_anothers_first_video_by_no_more_than_one_slot() -> None:
    rows = _rows(["ann"] * 1000 + ["ben"])
    assert rows[-1] in _chosen(rows, slots=2)


def test_metadata_of_any_form_has_a_user_key() -> None:
    assert user_key(JobRow(job_id=UUID(int=1), metadata=["x"])) == ""
    assert user_key(JobRow(job_id=UUID(int=1), metadata={"user_id": {"a": 1}})) == "dict"
    spellings = [
        {"user_id": text}
        for text in (str(UUID(int=5)), UUID(int=5).hex, f"{{{UUID(int=5)}}}", f"urn:uuid:{UUID(int=5)}")
    ]
    assert {user_key(JobRow(job_id=UUID(int=1), metadata=each)) for each in spellings} == {str(UUID(int=5))}


def test_no_user_has_more_at_work_than_the_cap_allows() -> None:
    rows = _rows(["ann"] * 5 + ["ben"] * 5)
    chosen = _chosen(rows, slots=10, active={"ann": 1}, per_user=2)
    assert [user_key(row) for row in chosen].count("ann") == 1
    assert [user_key(row) for row in chosen].count("ben") == 2


def test_priority_moves_a_users_row_before_the_older_ones() -> None:
    old, urgent = _row("ann", waited=60), _row("ann", priority=5)
    assert _chosen([old, urgent], slots=1) == [urgent]


def test_waiting_outweighs_priority_in_the_end() -> None:
    old, urgent = _row("ann", waited=6 * 600), _row("ann", priority=5)
    assert _chosen([old, urgent], slots=1) == [old]


def test_priority_never_takes_another_users_first_slot() -> None:
    ben = _row("ben", waited=10)
    rows = [*[_row("ann", priority=100, waited=20) for _ in range(5)], ben]
    assert ben in _chosen(rows, slots=2)


@pytest.mark.parametrize(
    ("waited", "priority", "expected"),
    [
        (0, None, 0.0),
        (0, 7, 7.0),
        (300, 7, 7.5),
        (600, 7, 8.0),
        (200 * 600, 0, 200.0),
        (201 * 600, 0, 200.0),  # waiting is never worth more than all steps of priority
        (-60, 7, 7.0),  # created by a clock ahead of ours
    ],
)
def test_ten_minutes_of_waiting_are_one_step_of_priority(waited: float, priority: object, expected: float) -> None:
    assert rank(_row("ann", waited=waited, priority=priority), now=START, ageing_seconds=600) == expected


@pytest.mark.parametrize("created", [None, "", "yesterday", "2020-01-01T00:00:00"])
def test_a_row_whose_age_cannot_be_read_has_not_waited(created: str | None) -> None:
    row = JobRow(job_id=uuid4(), created_at=created, metadata={"priority": 3})
    assert rank(row, now=START, ageing_seconds=600) == 3.0


def test_the_first_slot_goes_to_the_highest_rank_of_any_user_then_to_the_oldest() -> None:
    rows = [_row("ann", priority=1), _row("ben", priority=2), _row("cat", priority=2)]
    assert _chosen(rows, slots=3) == [rows[1], rows[2], rows[0]]


def test_a_user_with_fewer_videos_at_work_comes_first_whatever_the_priority() -> None:
    rows = [_row("ann", priority=9), _row("ben")]
    assert _chosen(rows, slots=2, active={"ann": 1}) == [rows[1], rows[0]]


def test_a_second_video_counts_like_one_at_work() -> None:
    rows = [_row("ann", priority=9), _row("ann", priority=8), _row("ann", priority=7), _row("ben")]
    assert _chosen(rows, slots=4, active={"ben": 2}) == rows


def test_a_user_name_that_is_not_a_uuid_is_shortened_to_100_characters() -> None:
    assert user_key(_row("x" * 99 + "yz")) == "x" * 99 + "y"


@pytest.mark.parametrize(("user", "key"), [(None, ""), (7, "int"), (["a"], "list"), ("", ""), ("ann", "ann")])
def test_a_row_counts_for_one_user_whatever_its_metadata_says(user: object, key: str) -> None:
    assert user_key(JobRow(job_id=uuid4(), metadata={"user_id": user})) == key


def test_a_priority_of_any_form_stops_nothing() -> None:
    rows = [_row("ann", priority=value) for value in (True, "high", [9], {"a": 1}, 1e300, 10**30, None, 3)]
    assert _chosen(rows, slots=1) == [rows[-1]]
    assert len(_chosen(rows, slots=20)) == len(rows)


def test_a_row_that_is_queued_again_ages_from_then_on() -> None:
    day_ago = (START - timedelta(days=1)).isoformat()
    again = JobRow(
        job_id=uuid4(), status="queued", created_at=day_ago, updated_at=(START - timedelta(seconds=60)).isoformat()
    )
    first = JobRow(job_id=uuid4(), status="queued", created_at=(START - timedelta(seconds=600)).isoformat())
    assert rank(again, now=START, ageing_seconds=600) == 0.1
    assert rank(first, now=START, ageing_seconds=600) == 1.0


def _order(rows: Sequence[JobRow], rooms: Mapping[str, int | None] | None = None) -> ClaimOrder:
    known = rooms or {}
    return ClaimOrder(rows, now=START, ageing_seconds=600, room_of=known.get)


def _taken(order: ClaimOrder, **load: int) -> list[JobRow]:
    rows = []
    while (row := order.take(load)) is not None:
        rows.append(row)
    return rows


def test_a_user_has_as_many_rows_chosen_as_there_is_room_for() -> None:
    rows = _rows(["ann"] * 3 + ["ben"] * 3 + ["cat"] * 2)
    assert _taken(_order(rows, {"ann": 2, "ben": 0, "cat": 1})) == [rows[0], rows[1], rows[6]]
    room_of = {"ann": 1, "ben": None, "cat": 0}.get
    chosen = choose(rows, slots=9, active={}, now=START, ageing_seconds=600, room_of=room_of)
    assert chosen == [rows[0], *rows[3:6]]


def test_a_copy_is_taken_from_apart() -> None:
    rows = _rows(["ann"] * 2 + ["ben"])
    order = _order(rows, {"ann": 1})
    assert _taken(order.copy()) == _taken(order.copy()) == _taken(order) == [rows[0], rows[2]]


def test_a_row_that_is_added_stands_behind_all_others_of_its_priority_and_before_those_of_a_lower_one() -> None:
    old, low = _row("ann", priority=2), _row("ann", priority=-1)
    order = _order([old, low])
    first, second = _row("ann", priority=2), _row("ann", priority=2)
    urgent, later = _row("ann", priority=3), _row("ann", priority=-1)
    for row in (first, second, later, urgent):
        order.add(row)
    assert _taken(order) == [urgent, old, first, second, low, later]


def test_a_row_may_be_added_for_a_user_that_has_none_and_counts_for_no_room() -> None:
    ann = _row("ann")
    order = _order([ann], {"ann": 1})
    ben = _row("ben", priority=5)
    order.add(ben)
    assert _taken(order, ann=0, ben=1) == [ann, ben]


def test_nobody_at_work_is_below_a_limit_of_one() -> None:
    row = _row("ann")
    assert _order([row]).take({}, per_user=1) == row
    assert _order([row]).take({"ann": 1}, per_user=1) is None


def test_rows_are_oldest_first_and_those_without_a_time_last() -> None:
    times = ["2026-12-01T00:00:01+00:00", None, "2026-12-01T00:00:00+00:00", None]
    rows = [(time, UUID(int=number)) for number, time in enumerate(times)]
    assert [job_id.int for _, job_id in sorted(rows, key=lambda row: age_key(*row))] == [2, 0, 1, 3]
