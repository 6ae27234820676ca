"""What is asked after the first answer about a chunk."""

from dataclasses import replace

import pytest

from runops.failures import Reason
from runops_worker.media.transcode.activity import Activity
from runops_worker.model.protocol import AnswerEnd
from runops_worker.transcription.chunk_state import transcripts_of
from runops_worker.transcription.heard_answer import Heard
from tests.worker.pure.chunk_answers import (
    BUSY,
    IDLE,
    UNUSABLE,
    activity,
    asked_first,
    clicks,
    ended,
    every_four_seconds,
    shown,
    whole,
)
from tests.worker.pure.items import clicked, said

LOOP = [clicked(at, word) for at, word in zip(range(120, 180, 2), ["One", "Two", "Three"] * 10, strict=True)]


@pytest.mark.parametrize(
    ("answer", "happens", "then", "kept"),
    [
        pytest.param(whole(*every_four_seconds()), BUSY, "", 75, id="a whole answer: nothing"),
        pytest.param(whole(*clicks(0)), IDLE, "", 1, id="one item about an idle time: nothing"),
        pytest.param(whole(), IDLE, "", 0, id="no item about an idle time: nothing"),
        pytest.param(whole(), BUSY, "again 1000-1300", 0, id="no item about a busy time: the same again"),
        pytest.param(
            whole(*every_four_seconds(0, 101)), BUSY, "missing 1099-1300", 26, id="stops early: what is missing"
        ),
        pytest.param(whole(*clicks(0)), BUSY, "missing 1000-1300", 1, id="stops at once: what is missing"),
        pytest.param(
            whole(*clicks(0, 0.1, 0.2, 0.3)), BUSY, "missing 1000-1300", 0, id="all at one second: the whole again"
        ),
        pytest.param(whole(*clicks(0, 0.1, 0.2, 0.3)), IDLE, "", 4, id="all at one second of an idle time: nothing"),
        pytest.param(
            whole(*every_four_seconds(0, 101), *every_four_seconds(200)),
            BUSY,
            "missing 1099-1201",
            51,
            id="a busy hole: what is missing",
        ),
        pytest.param(
            whole(*every_four_seconds(0, 101), *every_four_seconds(200)),
            activity(lambda at: not 100 < at < 195),
            "",
            51,
            id="an idle hole: nothing",
        ),
        pytest.param(
            whole(*clicks(0, 60, 120, 180, 240, 299)), BUSY, "missing 1000-1300", 6, id="many holes: one range"
        ),
        pytest.param(
            whole(*every_four_seconds()),
            activity(lambda _: True, lambda at: 50 <= at < 200),
            "missing 1049-1201",
            75,
            id="speech without an item of what was said: what is missing",
        ),
        pytest.param(
            whole(*every_four_seconds(), said(100, "word " * 90, end=131)),
            activity(lambda _: True, lambda at: 100 <= at < 131),
            "",
            76,
            id="speech told in one item: nothing",
        ),
        pytest.param(whole(*every_four_seconds(), bad=8), BUSY, "", 75, id="few unreadable items: they are dropped"),
        pytest.param(
            whole(*every_four_seconds(), bad=9), BUSY, "repair 1000-1300", 75, id="more: they are repaired alone"
        ),
        pytest.param(whole(bad=1), BUSY, "repair 1000-1300", 0, id="the only item is unreadable: it is repaired"),
        pytest.param(
            ended(AnswerEnd.CUT_OFF, *every_four_seconds(0, 201)), BUSY, "rest 1200-1300", 51, id="cut off: the rest"
        ),
        pytest.param(
            ended(AnswerEnd.CUT_OFF, *every_four_seconds(0, 61)),
            BUSY,
            "half 1060-1182, half 1180-1300",
            16,
            id="cut off early: the rest in halves",
        ),
        pytest.param(
            ended(AnswerEnd.CUT_OFF, *every_four_seconds(0, 297)), BUSY, "rest 1290-1300", 75, id="cut off near its end"
        ),
        pytest.param(
            ended(AnswerEnd.CUT_OFF, *every_four_seconds(0, 101), *every_four_seconds(200, 281)),
            BUSY,
            "missing 1099-1201, rest 1280-1300",
            47,
            id="cut off, with a hole: the hole and the rest",
        ),
        pytest.param(
            ended(AnswerEnd.CUT_OFF, *every_four_seconds(0, 149), *clicks(150)),
            BUSY,
            "rest 1150-1300",
            39,
            id="cut off in the middle: the rest",
        ),
        pytest.param(
            ended(AnswerEnd.CUT_OFF, *every_four_seconds(0, 297), *clicks(299)),
            BUSY,
            "",
            76,
            id="cut off in its last second: nothing",
        ),
        pytest.param(
            ended(AnswerEnd.CUT_OFF, *every_four_seconds(0, 297), *clicks(298)),
            BUSY,
            "rest 1290-1300",
            76,
            id="cut off in the second before it",
        ),
        pytest.param(
            ended(AnswerEnd.CUT_OFF, *every_four_seconds(0, 120), *LOOP),
            BUSY,
            "rest 1178-1300",
            60,
            id="cut off, and like a loop: only an endless answer is one",
        ),
        pytest.param(
            replace(whole(*every_four_seconds(0, 201)), is_whole=False),
            BUSY,
            "rest 1200-1300",
            51,
            id="ended within the JSON: as if cut off",
        ),
        pytest.param(
            ended(AnswerEnd.CUT_OFF), BUSY, "half 1000-1152, half 1150-1300", 0, id="cut off before an item: halves"
        ),
        pytest.param(
            ended(AnswerEnd.LOOPED, *every_four_seconds(0, 120), *LOOP),
            BUSY,
            "half 1124-1214, half 1212-1300",
            33,
            id="endless: the items before the loop are kept, the rest is asked for",
        ),
        pytest.param(ended(AnswerEnd.LOOPED), BUSY, "half 1000-1152, half 1150-1300", 0, id="endless from the start"),
        pytest.param(ended(AnswerEnd.REFUSED), BUSY, "half 1000-1152, half 1150-1300", 0, id="refused: halves"),
        pytest.param(
            ended(AnswerEnd.REFUSED, *every_four_seconds(0, 251)),
            BUSY,
            "half 1248-1276, half 1274-1300",
            63,
            id="refused in its midst: halves of the rest",
        ),
        pytest.param(
            replace(ended(AnswerEnd.REFUSED), unusable="It is not JSON."),
            BUSY,
            "half 1000-1152, half 1150-1300",
            0,
            id="refused within a word: halves",
        ),
        pytest.param(ended(AnswerEnd.EMPTY), BUSY, "half 1000-1152, half 1150-1300", 0, id="empty: halves"),
        pytest.param(UNUSABLE, BUSY, "again 1000-1300", 0, id="not readable: the same again"),
    ],
)
def test_what_is_asked_after_the_first_answer(answer: Heard, happens: Activity, then: str, kept: int) -> None:
    state = asked_first(answer, happens)
    assert shown(state.open) == then
    assert sum(len(part.items) for part in transcripts_of(state)) == kept
    assert state.lost == ()
    assert state.calls == 1


@pytest.mark.parametrize(
    ("answer", "dropped"),
    [
        pytest.param(whole(*every_four_seconds(), bad=8), 8, id="few unreadable items"),
        pytest.param(whole(*clicks(0, 0.1, 0.2, 0.3)), 4, id="all at one second"),
        pytest.param(replace(whole(*every_four_seconds(0, 201), bad=3), is_whole=False), 3, id="cut off"),
        pytest.param(
            replace(whole(*clicks(*range(0, 300, 4), 299), bad=3), is_whole=False), 3, id="cut off at its end"
        ),
        pytest.param(replace(whole(bad=3), is_whole=False), 3, id="cut off, and nothing can be read"),
    ],
)
def test_what_cannot_be_used_of_an_answer_is_counted(answer: Heard, dropped: int) -> None:
    assert asked_first(answer, BUSY).dropped == dropped


@pytest.mark.parametrize(
    ("answer", "reason", "failure", "detail"),
    [
        (replace(ended(AnswerEnd.REFUSED), detail="why"), "refused", Reason.BLOCKED, "why"),
        (replace(ended(AnswerEnd.EMPTY), detail="why"), "empty", Reason.MODEL_EMPTY_ANSWER, "why"),
        (replace(UNUSABLE, unusable="why"), "empty", Reason.INVALID_OUTPUT, "why"),
        (replace(ended(AnswerEnd.CUT_OFF), detail="why"), "cut_off", Reason.OUTPUT_CUT_OFF, "why"),
        (whole(), "empty", Reason.MODEL_EMPTY_ANSWER, ""),
    ],
)
def test_the_next_question_says_why_it_is_asked(answer: Heard, reason: str, failure: Reason, detail: str) -> None:
    trouble = asked_first(answer, BUSY).open[0].trouble
    assert trouble is not None
    assert (trouble.reason, trouble.failure, trouble.detail) == (reason, failure, detail)


@pytest.mark.parametrize(
    ("answer", "happens"),
    [
        pytest.param(whole(), IDLE, id="no item"),
        pytest.param(whole(*every_four_seconds()), BUSY, id="items"),
        pytest.param(whole(*every_four_seconds(), bad=9), BUSY, id="items, and some to repair"),
    ],
)
def test_a_whole_answer_is_about_all_that_was_asked(answer: Heard, happens: Activity) -> None:
    assert [(part.start, part.end) for part in transcripts_of(asked_first(answer, happens))] == [(1000, 1300)]


@pytest.mark.parametrize(("busy_seconds", "then"), [(8, ""), (9, "again 1000-1300"), (30, "again 1000-1300")])
def test_an_answer_without_items_is_believed_where_less_than_three_seconds_in_a_hundred_are_busy(
    busy_seconds: int, then: str
) -> None:
    assert shown(asked_first(whole(), activity(lambda at: at < busy_seconds)).open) == then


def test_what_was_settled_is_counted() -> None:
    answer = replace(whole(*every_four_seconds()), settled={"time_form": 3, "field_name": 2})
    assert asked_first(answer).settled == 5
