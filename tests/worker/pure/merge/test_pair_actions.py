"""Which actions of two overlapping chunks are one: the cheapest pairing that keeps both orders."""

import pytest

from runops.transcript import VisualItem
from runops_worker.transcription.merge.pair_actions import paired_actions
from runops_worker.transcription.merge.same_action import Sighting
from tests.worker.pure.items import clicked, typed

START, END = 200.0, 300.0
"""A long overlap, so that most actions are far from the edges of both chunks."""


def pairs(earlier: list[VisualItem], later: list[VisualItem]) -> list[tuple[int, int]]:
    return paired_actions(
        [Sighting(item, END) for item in earlier],
        [Sighting(item, 600.0) for item in later],
        later_start=START,
        earlier_end=END,
    )


def test_the_same_action_of_both_chunks_is_a_pair() -> None:
    assert pairs([], []) == []
    assert pairs([clicked(250, "Save")], []) == []
    assert pairs([], [clicked(250, "Save")]) == []
    assert pairs([clicked(250, "Save"), clicked(260, "Open")], [clicked(251, "Save"), clicked(259, "Open")]) == [
        (0, 0),
        (1, 1),
    ]


@pytest.mark.parametrize(("at", "found"), [(247, [(0, 0)]), (253, [(0, 0)]), (253.001, []), (246.999, [])])
def test_two_reports_of_one_action_are_at_most_three_seconds_apart(at: float, found: list[tuple[int, int]]) -> None:
    assert pairs([clicked(250, "Save")], [clicked(at, "Save")]) == found


def test_different_actions_may_be_swapped_and_equal_ones_not() -> None:
    assert pairs([clicked(250, "Save"), clicked(251, "Open")], [clicked(250, "Open"), clicked(251, "Save")]) == [
        (0, 1),
        (1, 0),
    ]
    equal = [clicked(250, "Next"), clicked(252, "Next"), clicked(254, "Next")]
    assert pairs(equal, [clicked(249, "Next"), clicked(251, "Next"), clicked(253, "Next")]) == [(0, 0), (1, 1), (2, 2)]


def test_of_equal_actions_the_nearest_are_paired_and_the_rest_stay_alone() -> None:
    earlier = [clicked(250, "Next"), clicked(252, "Next"), clicked(254, "Next")]
    assert pairs(earlier, [clicked(252.1, "Next")]) == [(1, 0)]
    assert pairs([clicked(252.1, "Next")], earlier) == [(0, 1)]
    assert pairs(earlier, [clicked(250.1, "Next"), clicked(253.9, "Next")]) == [(0, 0), (2, 1)]
    assert pairs(earlier, [clicked(250.1, "Next"), clicked(252.1, "Next")]) == [(0, 0), (1, 1)]
    near = [clicked(251.5, "Next"), clicked(252.5, "Next"), clicked(254, "Next")]
    assert pairs(near, [clicked(254, "Next")]) == [(2, 0)]
    # Of two that are as near, the later one.
    assert pairs([clicked(250, "Next"), clicked(252, "Next")], [clicked(251, "Next")]) == [(1, 0)]


def test_different_words_weigh_as_much_as_a_distance() -> None:
    # The words of the first are spelled differently, which weighs 0.3 s.
    earlier = [clicked(250, "Confirm delivery"), clicked(252, "Confirm deliverys")]
    assert pairs(earlier, [clicked(251.1, "Confirm delivery")]) == [(0, 0)]
    assert pairs(earlier, [clicked(251.2, "Confirm delivery")]) == [(1, 0)]


@pytest.mark.parametrize(
    ("first", "common", "found"),
    [
        # The later chunk may have left out what happened in its first 2.5 s, so the second one is the common one.
        (202.5, 203.1, [(1, 0)]),
        (202.6, 203.1, [(0, 0)]),
        # That weighs 1.5 s.
        (202.5, 202.9, [(0, 0)]),
    ],
)
def test_the_later_chunk_may_leave_out_an_action_at_its_start(
    first: float, common: float, found: list[tuple[int, int]]
) -> None:
    assert pairs([clicked(first, "Next"), clicked(205, "Next")], [clicked(common, "Next")]) == found


@pytest.mark.parametrize(
    ("last", "common", "found"), [(297.5, 296.9, [(0, 0)]), (297.4, 296.9, [(0, 1)]), (297.5, 297.1, [(0, 1)])]
)
def test_the_earlier_chunk_may_leave_out_an_action_at_its_end(
    last: float, common: float, found: list[tuple[int, int]]
) -> None:
    assert pairs([clicked(common, "Next")], [clicked(295, "Next"), clicked(last, "Next")]) == found


def test_an_action_that_both_chunks_saw_is_rather_one_than_two() -> None:
    assert pairs([typed(250, "x", end=251)], [typed(253, "x", end=254)]) == [(0, 0)]
    assert pairs([clicked(201, "Next")], [clicked(203.9, "Next")]) == [(0, 0)]
