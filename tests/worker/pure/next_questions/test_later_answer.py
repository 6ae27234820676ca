"""What is asked after a later answer, and what is lost."""

import pytest

from runops_worker.checkpoint.format import OpenQuestion
from runops_worker.model.protocol import AnswerEnd
from runops_worker.transcription.heard_answer import Heard
from runops_worker.transcription.next_questions.after_answer import after_answer
from tests.worker.pure.chunk_answers import (
    UNUSABLE,
    about,
    activity,
    asked,
    asked_first,
    clicks,
    ended,
    every_four_seconds,
    shown,
    whole,
)
from tests.worker.pure.items import said


@pytest.mark.parametrize(
    ("question", "answer", "models", "then", "lost"),
    [
        (about(1000, 1300, "again"), UNUSABLE, 1, "half 1000-1152, half 1150-1300", ""),
        (about(1000, 1300, "again"), whole(), 1, "half 1000-1152, half 1150-1300", ""),
        (about(1000, 1300, "again"), whole(*clicks(0)), 1, "missing 1000-1300", ""),
        (about(1000, 1039, "half"), ended(AnswerEnd.REFUSED), 1, "", "refused 1000-1039"),
        (about(1000, 1039, "half"), ended(AnswerEnd.REFUSED), 2, "fallback 1000-1039", ""),
        (about(1000, 1039, "fallback", model=1), ended(AnswerEnd.REFUSED), 2, "", "refused 1000-1039"),
        (about(1000, 1039, "fallback", model=1), whole(*every_four_seconds(0, 39)), 2, "", ""),
        (about(1000, 1044, "half"), ended(AnswerEnd.REFUSED), 1, "half 1000-1024, half 1022-1044", ""),
        (about(1000, 1300, "first"), ended(AnswerEnd.REFUSED), 2, "half 1000-1152, half 1150-1300", ""),
        (about(1000, 1152, "half"), ended(AnswerEnd.REFUSED), 2, "fallback 1000-1152", ""),
        (about(1000, 1152, "half"), ended(AnswerEnd.EMPTY), 2, "fallback 1000-1152", ""),
        (about(1000, 1152, "half"), UNUSABLE, 2, "fallback 1000-1152", ""),
        (about(1000, 1152, "half"), ended(AnswerEnd.CUT_OFF), 2, "half 1000-1078, half 1076-1152", ""),
        (about(1000, 1152, "half"), ended(AnswerEnd.LOOPED), 2, "half 1000-1078, half 1076-1152", ""),
        (about(1000, 1039, "half"), ended(AnswerEnd.LOOPED), 2, "fallback 1000-1039", ""),
        (
            about(1000, 1152, "half"),
            ended(AnswerEnd.REFUSED, *every_four_seconds(0, 61)),
            2,
            "fallback 1060-1152",
            "",
        ),
        (about(1000, 1152, "fallback", model=1), ended(AnswerEnd.REFUSED), 3, "fallback 1000-1152", ""),
        (
            about(1000, 1152, "fallback", model=1),
            ended(AnswerEnd.REFUSED),
            2,
            "half 1000-1078, half 1076-1152",
            "",
        ),
        (about(1000, 1043, "half"), ended(AnswerEnd.EMPTY), 1, "", "empty 1000-1043"),
        (about(1000, 1039, "half"), UNUSABLE, 1, "", "empty 1000-1039"),
        (about(1000, 1039, "first"), UNUSABLE, 1, "again 1000-1039", ""),
        (about(1000, 1039, "half"), ended(AnswerEnd.CUT_OFF), 1, "", "cut_off 1000-1039"),
        (about(1000, 1039, "half"), ended(AnswerEnd.LOOPED), 1, "", "cut_off 1000-1039"),
        (about(1000, 1039, "half"), ended(AnswerEnd.CUT_OFF, *clicks(2, 4)), 1, "", "cut_off 1004-1039"),
        (about(1000, 1039, "half"), ended(AnswerEnd.CUT_OFF, *clicks(2, 6)), 1, "rest 1006-1039", ""),
        (about(1000, 1039, "half"), ended(AnswerEnd.CUT_OFF, *clicks(2, 20, 35)), 1, "rest 1029-1039", ""),
        (about(1000, 1012, "rest"), ended(AnswerEnd.CUT_OFF, *clicks(2, 7)), 1, "", "cut_off 1007-1012"),
        (about(1000, 1300, "missing"), whole(*every_four_seconds()), 1, "", ""),
        (about(1000, 1300, "missing"), whole(*clicks(0, 299)), 1, "", "not_covered 1000-1299"),
        (about(1000, 1300, "missing"), whole(), 1, "half 1000-1152, half 1150-1300", ""),
        (about(1000, 1300, "missing"), whole(*clicks(0, 0.1, 0.2, 0.3)), 1, "half 1000-1152, half 1150-1300", ""),
        (about(1000, 1040, "missing"), whole(*clicks(0, 0.1, 0.2, 0.3)), 1, "", "not_covered 1000-1040"),
        (about(1000, 1300, "rest"), whole(*every_four_seconds(0, 101)), 1, "missing 1099-1300", ""),
        (about(1000, 1300, "half"), whole(*every_four_seconds(0, 101)), 1, "missing 1099-1300", ""),
    ],
)
def test_what_is_asked_after_a_later_answer(
    question: OpenQuestion, answer: Heard, models: int, then: str, lost: str
) -> None:
    state = asked(question, answer, models=models)
    assert (shown(state.open), shown(state.lost)) == (then, lost)
    assert state.asked_again == (question.purpose != "first")
    assert all(follows.model == question.model for follows in state.open if follows.purpose != "fallback")
    assert all(follows.model == question.model + 1 for follows in state.open if follows.purpose == "fallback")


def test_what_was_asked_twice_is_no_gap_where_there_are_items_of_another_kind() -> None:
    loud = activity(lambda _: False, lambda _: True)
    assert shown(asked(about(1000, 1300, "missing"), whole(*every_four_seconds()), loud).lost) == ""
    assert shown(asked(about(1000, 1300, "missing"), whole(*clicks(0)), loud).lost) == "not_covered 1000-1300"


def test_what_an_earlier_answer_tells_about_in_another_way_is_no_gap() -> None:
    both = activity(lambda _: True, lambda _: True)
    spoken = [said(at, "words") for at in range(0, 300, 10)]
    state = asked_first(whole(*spoken, *clicks(0)), both)
    assert shown(state.open) == "missing 1000-1300"
    state = after_answer(state, whole(*clicks(0)), activity=both, models=1)
    assert (state.open, state.lost) == ((), ())
