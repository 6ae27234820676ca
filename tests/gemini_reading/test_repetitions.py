"""Work that is done several times in a row is found, also where no two times are quite the same."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.gemini_reading.sop.repetition import Repetition, repetitions_in, shared


def found(marks: str) -> list[list[str]]:
    """Return the turns of each repetition."""
    return [[marks[start:end] for start, end in one.turns] for one in repetitions_in(marks)]


@pytest.mark.parametrize(
    ("marks", "turns"),
    [
        ("", []),
        ("abc", []),
        ("aa", []),
        ("aaa", [["a", "a", "a"]]),
        ("abab", []),
        ("abcabc", [["abc", "abc"]]),
        ("abcabd", []),
        ("xabcabcabcy", [["abc", "abc", "abc"]]),
        ("abcabcabcdefdefdef", [["abc", "abc", "abc"], ["def", "def", "def"]]),
        # Two times of which one is divided by something else are none.
        ("abxcabc", []),
    ],
)
def test_the_same_again_is_a_repetition(marks: str, turns: list[list[str]]) -> None:
    assert found(marks) == turns


def test_the_usual_steps_are_those_of_most_times() -> None:
    marks = "abxcdabcdabcdaycd"
    (one,) = repetitions_in(marks)
    assert [marks[start:end] for start, end in one.turns] == ["abxcd", "abcd", "abcd", "aycd"]
    assert one.core(marks) == list("abcd")


def test_all_times_begin_with_what_the_first_one_begins_with() -> None:
    # The first step is seen wrongly most times, so the second one tells where a time begins.
    marks = "sabc1abc2abcsabc3abc"
    (one,) = repetitions_in(marks)
    assert one.core(marks) == list("abc")
    assert (one.start, len(one.turns)) == (1, 5)
    # It is found by what comes in the middle; the first time lacks that.
    (other,) = repetitions_in("bcabcabcabc")
    assert [("bcabcabcabc"[start:end]) for start, end in other.turns] == ["bca", "bca", "bca", "bc"]


def test_a_step_that_comes_twice_each_time_does_not_divide_it() -> None:
    assert found("anbncd" * 4) == [["anbncd"] * 4]


@given(
    st.integers(3, 8),
    st.integers(3, 10),
    st.randoms(use_true_random=False),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_a_repetition_with_one_error_in_three_times_is_found(
    times: int, length: int, chance: Random, before: int, after: int
) -> None:
    work = [f"step {number}" for number in range(length)]
    marks = [f"before {number}" for number in range(before)]
    for turn in range(times):
        steps = list(work)
        if turn % 3 == 1 and turn < times - 1:
            place = chance.randrange(1, length)
            steps[place : place + chance.randint(0, 1)] = [f"error {turn}"] * chance.randint(0, 2)
        marks += steps
    marks += [f"after {number}" for number in range(after)]
    (one,) = repetitions_in(marks)
    assert (one.start, one.end) == (before, len(marks) - after)
    assert len(one.turns) == times
    assert set(one.core(marks)) <= set(work)


@given(st.lists(st.sampled_from("abcdef"), max_size=60))
def test_repetitions_are_in_order_and_apart(marks: list[str]) -> None:
    every = repetitions_in(marks)
    for first, second in pairwise(every):
        assert first.end <= second.start
    for one in every:
        assert len(one.turns) >= 2
        assert 0 <= one.start < one.end <= len(marks)
        assert all(last == begin for (_, last), (begin, _) in pairwise(one.turns))
        assert all(start < end for start, end in one.turns)
        begin, behind = one.turns[one.typical]
        assert list(one.usual) == sorted(set(one.usual))
        assert all(begin + place < behind for place in one.usual)


@given(st.text("abcd", max_size=12), st.text("abcd", max_size=12))
def test_the_longest_common_subsequence_is_one_of_both(first: str, second: str) -> None:
    places = shared(first, second)
    assert places == sorted(places)
    for (row, column), (next_row, next_column) in pairwise(places):
        assert row < next_row
        assert column < next_column
    assert all(first[row] == second[column] for row, column in places)
    assert len(places) == len(shared(second, first))
    assert len(shared(first, first)) == len(first)


def test_a_repetition_says_where_it_begins_and_ends() -> None:
    one = Repetition(((2, 4), (4, 6)), 1, (0,))
    assert (one.start, one.end, one.core("abcdef")) == (2, 6, ["e"])
