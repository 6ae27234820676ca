from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runops.job_row import JobRow
from runops.time_left import Pace, Queue, TimeLeft, UnfinishedVideo, position, queue_times
from runops.time_left.queue_times import Arrival
from tests.unit.time_left.videos import MODEL, NOW, finished, history, row, seconds_of

PACE = Pace.learned(history(30))
USERS = st.lists(st.sampled_from(["ann", "ben", "cat", None]), max_size=30)


def _rows(users: Sequence[str | None]) -> list[JobRow]:
    return [row(number, user=user, waited=1000 - number) for number, user in enumerate(users)]


def _queue(waiting: Sequence[JobRow], *, running: int = 2, slots: int = 2, per_user: int | None = None) -> Queue:
    videos = [
        UnfinishedVideo(model=MODEL, started=NOW - timedelta(seconds=7 * (number % 20))) for number in range(running)
    ]
    return Queue(waiting=waiting, running=videos, slots=slots, ageing_seconds=600, per_user=per_user)


def _in_order(time_left: TimeLeft) -> bool:
    return NOW <= time_left.earliest <= time_left.likely <= time_left.latest


@settings(max_examples=40)
@given(USERS, st.integers(0, 4), st.integers(0, 5), st.none() | st.integers(1, 3))
def test_places_count_from_1_without_gaps_and_ranges_are_in_order(
    users: list[str | None], running: int, slots: int, per_user: int | None
) -> None:
    rows = _rows(users)
    places = queue_times(PACE, _queue(rows, running=running, slots=slots, per_user=per_user), NOW)
    assert set(places) == {one.job_id for one in rows}
    assert sorted(place.position for place in places.values()) == list(range(1, len(rows) + 1))
    assert all(place.time_left is None or _in_order(place.time_left) for place in places.values())


@given(USERS, st.dictionaries(st.sampled_from(["ann", "ben"]), st.integers(0, 3)))
def test_a_row_that_is_claimed_removes_itself_and_the_others_keep_their_order(
    users: list[str | None], active: dict[str, int]
) -> None:
    rows = _rows(users)
    places = position(rows, active=active, now=NOW, ageing_seconds=600)
    if not rows:
        return
    first = next(one for one in rows if places[one.job_id] == 1)
    active = {**active, (first.raw_user or ""): active.get(first.raw_user or "", 0) + 1}
    after = position([one for one in rows if one is not first], active=active, now=NOW, ageing_seconds=600)
    assert after == {job_id: place - 1 for job_id, place in places.items() if place > 1}


@settings(max_examples=30)
@given(st.integers(0, 25), st.integers(0, 25), st.integers(1, 4))
def test_the_more_wait_before_a_row_the_later_it_ends(before: int, more: int, slots: int) -> None:
    rows = _rows([None] * (before + more + 1))
    few = queue_times(PACE, _queue([*rows[:before], rows[-1]], slots=slots), NOW)[rows[-1].job_id]
    many = queue_times(PACE, _queue(rows, slots=slots), NOW)[rows[-1].job_id]
    assert many.position == few.position + more
    assert few.time_left is not None
    assert many.time_left is not None
    assert few.time_left.earliest <= many.time_left.earliest
    assert few.time_left.likely <= many.time_left.likely
    assert few.time_left.latest <= many.time_left.latest


def test_rows_behind_those_that_are_played_through_end_later() -> None:
    rows = _rows([None] * 900)
    places = queue_times(PACE, _queue(rows, slots=10), NOW)
    likely = [one.time_left.likely for row in rows if (one := places[row.job_id]).time_left is not None]
    assert len(likely) == 900
    assert likely[800] > likely[500] > likely[300] > likely[100]


def test_a_queue_behind_thousands_of_slots_costs_no_more_and_has_the_same_ends_in_proportion() -> None:
    few = queue_times(PACE, _queue(_rows([None] * 100), running=400, slots=400), NOW)
    many = queue_times(PACE, _queue(_rows([None] * 1000), running=4000, slots=4000), NOW)
    assert sorted(place.position for place in many.values()) == list(range(1, 1001))
    for place in (1, 50, 100):
        (of_few,) = (one.time_left for one in few.values() if one.position == place)
        (of_many,) = (one.time_left for one in many.values() if one.position == 10 * place)
        assert of_few is not None
        assert of_many is not None
        assert (of_many.likely - NOW).total_seconds() == pytest.approx((of_few.likely - NOW).total_seconds(), rel=0.1)


def test_one_slot_does_one_after_the_other() -> None:
    pace = Pace.learned([finished(5, ago=number, starting=0) for number in range(20)])
    places = queue_times(pace, _queue(_rows([None] * 3), running=0, slots=1), NOW)
    likely = [place.time_left.likely for place in places.values() if place.time_left is not None]
    expected = [seconds_of(5), 2 * seconds_of(5), 3 * seconds_of(5)]
    assert [(end - NOW).total_seconds() for end in likely] == pytest.approx(expected, rel=0.03)


def test_a_users_only_row_goes_before_the_many_of_another() -> None:
    rows = [*_rows(["ann"] * 20), row(99, user="ben")]
    places = queue_times(PACE, _queue(rows), NOW)
    assert places[rows[-1].job_id].position == 2


def test_without_slots_places_are_known_and_ends_are_not() -> None:
    places = queue_times(PACE, _queue(_rows([None] * 3), slots=0), NOW)
    assert [(place.position, place.time_left) for place in places.values()] == [(1, None), (2, None), (3, None)]


def test_without_history_ends_are_not_known() -> None:
    places = queue_times(Pace.learned([]), _queue(_rows([None] * 2)), NOW)
    assert [place.time_left for place in places.values()] == [None, None]


def test_the_same_queue_has_the_same_ranges() -> None:
    queue = _queue(_rows(["ann", "ben", None, "ann"] * 5))
    assert queue_times(PACE, queue, NOW) == queue_times(PACE, queue, NOW)


def test_rows_that_will_come_delay_those_of_a_busy_user_only() -> None:
    mine = _rows(["ann"] * 20)
    others = [
        Arrival(NOW - timedelta(seconds=60 * number), row(500 + number, user=f"u{number}")) for number in range(30)
    ]
    calm = queue_times(PACE, _queue(mine), NOW)[mine[-1].job_id].time_left
    plain = _queue(mine)
    busy = Queue(
        waiting=mine, running=plain.running, slots=2, ageing_seconds=600, arrivals=others, arrivals_seconds=1800
    )
    places = queue_times(PACE, busy, NOW)
    later = places[mine[-1].job_id].time_left
    assert calm is not None
    assert later is not None
    assert later.likely > calm.likely + timedelta(minutes=10)
    assert places[mine[0].job_id].position == 1
