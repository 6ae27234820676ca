"""What a repair adds, and what is dropped."""

import pytest

from runops_worker.model.protocol import AnswerEnd
from runops_worker.transcription.chunk_request import MOST_REPAIRED
from runops_worker.transcription.chunk_state import transcripts_of
from runops_worker.transcription.heard_answer import Heard
from tests.worker.pure.chunk_answers import (
    UNUSABLE,
    asked_first,
    clicks,
    ended,
    every_four_seconds,
    repaired,
    shown,
    whole,
)


def test_a_repair_is_bounded() -> None:
    state = asked_first(whole(*every_four_seconds(), bad=MOST_REPAIRED + 7))
    assert len(state.open[0].unsettled) == MOST_REPAIRED
    assert state.dropped == 7


@pytest.mark.parametrize(
    ("answer", "items", "counted", "dropped"),
    [
        (whole(*clicks(*range(1, 80, 4))), 95, 20, 0),
        (whole(*clicks(1, 5, 9), bad=17), 78, 3, 17),
        (ended(AnswerEnd.CUT_OFF, *clicks(1, 5)), 77, 2, 18),
        (UNUSABLE, 75, 0, 20),
        (ended(AnswerEnd.REFUSED), 75, 0, 20),
        (whole(*clicks(*range(1, 120, 4))), 95, 20, 0),
    ],
    ids=["all", "some", "cut off", "not readable", "refused", "more than was asked for"],
)
def test_a_repair_adds_its_items_and_the_others_are_dropped(
    answer: Heard, items: int, counted: int, dropped: int
) -> None:
    state = repaired(answer)
    ((part,)) = transcripts_of(state)
    assert len(part.items) == items
    assert [item.start for item in part.items] == sorted(item.start for item in part.items)
    assert (state.repaired, state.dropped, state.asked_again) == (counted, dropped, 0)
    assert (state.open, state.lost) == ((), ())


def test_an_answer_of_which_most_cannot_be_read_even_after_a_repair_counts_as_none() -> None:
    state = repaired(UNUSABLE, good=9, bad=10)
    assert shown(state.open) == "half 1000-1152, half 1150-1300"
    assert transcripts_of(state) == []
    assert state.dropped == 19
    assert (state.open[0].trouble.reason, state.open[0].trouble.detail) == ("empty", "it is odd.")


def test_an_answer_of_which_half_can_be_read_counts() -> None:
    assert [len(part.items) for part in transcripts_of(repaired(UNUSABLE, good=10, bad=10))] == [10]


def test_after_a_repair_what_is_missing_is_asked_for() -> None:
    assert shown(repaired(UNUSABLE, good=25, bad=20).open) == "missing 1095-1300"
