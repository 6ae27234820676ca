"""Whose rows the next read of the queue passes over."""

from uuid import UUID

import pytest

from runops.job_row import JobRow
from runops_operator.intake.passed_over import PassedOver


def user(number: int) -> str:
    return str(UUID(int=number))


def row(raw: object) -> JobRow:
    return JobRow(job_id=UUID(int=1), metadata=None if raw is None else {"user_id": raw})


def passed_over(*users: object, active: dict[str, int] | None = None) -> PassedOver:
    found = PassedOver(active or {})
    found.add([row(one) for one in users])
    return found


def test_users_of_the_rows_and_users_with_videos_at_work_are_passed_over() -> None:
    found = passed_over(user(1), user(1), active={user(2): 3, user(3): 0})
    assert found.spellings() == [user(1), user(2)]


def test_a_later_page_adds_its_users() -> None:
    found = passed_over(user(1))
    found.add([row(user(2)), row(user(2))])
    assert found.spellings() == [user(2), user(1)], "those with most rows first"


@pytest.mark.parametrize(("users", "nobody"), [([user(1)], False), ([None], True), ([user(1), None], True)])
def test_rows_without_a_user_are_passed_over_once_one_was_read(users: list[object], nobody: bool) -> None:
    assert passed_over(*users).nobody is nobody


def test_videos_at_work_without_a_user_have_rows_without_one_passed_over() -> None:
    assert passed_over(active={"": 1}).nobody
    assert not passed_over(active={"": 0}).nobody


def test_a_user_is_passed_over_in_each_spelling_that_was_read_up_to_four() -> None:
    plain = "aaaaaaaa-0000-4000-8000-00000000000a"
    spelled = [plain.upper(), "{" + plain + "}", "urn:uuid:" + plain, plain.title(), plain.replace("-", "")]
    found = passed_over(*spelled)
    assert found.spellings() == sorted([plain, *spelled[:3]])


def test_an_overlong_spelling_is_cut_since_it_has_to_fit_into_a_request() -> None:
    plain = user(5)
    overlong = plain.replace("-", "-" * 1000)
    spellings = passed_over(overlong).spellings()
    assert plain in spellings
    assert max(map(len, spellings)) <= 47


@pytest.mark.parametrize("raw", ["ann", 5, {"a": 1}, ""])
def test_what_is_not_a_uuid_is_not_put_into_a_request(raw: object) -> None:
    assert passed_over(raw).spellings() == []


@pytest.mark.parametrize(("users", "complete"), [(99, True), (100, True), (101, False)])
def test_a_hundred_users_fit_into_a_request(users: int, complete: bool) -> None:
    found = passed_over(*[user(number) for number in range(1, users + 1)])
    assert found.complete is complete
    assert len(found.spellings()) == min(users, 100)
