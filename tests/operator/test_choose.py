from collections.abc import Sequence
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from runops.job_row import JobRow
from runops_operator.choose import choose, user_key

USERS = st.sampled_from(["ann", "ben", "cat", None])


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
    chosen = choose(rows, slots=slots, active=active)
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
    assert choose(rows, slots=3, active={}) == rows[:3]


def test_a_flood_delays_anothers_first_video_by_no_more_than_one_slot() -> None:
    rows = _rows(["ann"] * 1000 + ["ben"])
    assert rows[-1] in choose(rows, slots=2, active={})


def test_metadata_of_any_form_has_a_user_key() -> None:
    assert user_key(JobRow(job_id=UUID(int=1), metadata=["x"])) == ""
    assert user_key(JobRow(job_id=UUID(int=1), metadata={"user_id": {"a": 1}})) == "{'a': 1}"
