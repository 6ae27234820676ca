"""A page stays small, however many steps it has."""

from itertools import pairwise

import pytest

from runops.procedure.picture_budget import LADDER, budget, kept


@pytest.mark.parametrize(("seconds", "most"), [(1, 2_100_000), (600, 2_100_000), (601, 4_200_000), (7200, 25_200_000)])
def test_ten_minutes_are_three_megabytes(seconds: float, most: int) -> None:
    assert budget(seconds) == most
    assert most * 4 / 3 < 3_000_000 * -(-seconds // 600)


def test_each_form_is_smaller_than_the_one_before() -> None:
    for better, worse in pairwise(LADDER):
        assert (worse.longest, worse.quality) < (better.longest, better.quality)


def test_the_first_pictures_stay() -> None:
    assert kept({"a": 60, "b": 50, "c": 40}, ["a", "b", "c", "d"], 100) == ["a", "c"]
    assert kept({"a": 60}, ["a"], 59) == []
