"""Which files a sample of mutants is drawn from, and what makes it fail."""

import pytest

from tests.mutation.sample import SAMPLE_FILES, draw_files, judge
from tests.mutation.verdicts import Change

RECORDED = [f"runops/{name}.py" for name in "abcdefghijkl"]
SURVIVOR = Change("runops.retry_policy:after_failure", ("if left < 1:",), ("if left <= 1:",))


def test_a_commit_always_draws_the_same_recorded_files() -> None:
    drawn = draw_files(RECORDED, "one commit")
    assert drawn == draw_files(list(reversed(RECORDED)), "one commit")
    assert len(drawn) == SAMPLE_FILES
    assert set(drawn) <= set(RECORDED)


def test_commits_draw_different_files_so_that_in_time_all_are_drawn() -> None:
    assert {file for commit in range(50) for file in draw_files(RECORDED, str(commit))} == set(RECORDED)


def test_few_recorded_files_are_all_drawn() -> None:
    assert draw_files(RECORDED[:2], "one commit") == RECORDED[:2]


@pytest.mark.parametrize(
    ("mutmut", "survivors", "expected"),
    [
        (0, [], 0),
        (None, [], 0),  # the time was over: fewer mutants were tried
        (0, [SURVIVOR], 1),
        (None, [SURVIVOR], 1),
        (1, [], 2),  # mutmut could not run
        (1, [SURVIVOR], 1),
    ],
)
def test_a_sample_fails_on_an_unlisted_survivor_and_not_because_time_ran_out(
    mutmut: int | None, survivors: list[Change], expected: int
) -> None:
    assert judge(mutmut, survivors) == expected
