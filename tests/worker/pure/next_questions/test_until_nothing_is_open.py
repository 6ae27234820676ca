"""A chunk is asked about until nothing is open."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.failures import Reason
from runops_worker.checkpoint.format import OpenQuestion, Trouble
from runops_worker.model.protocol import AnswerEnd
from runops_worker.transcription.chunk_state import begun
from runops_worker.transcription.heard_answer import Heard
from runops_worker.transcription.next_questions.after_answer import MOST_CALLS, after_answer, unanswered
from runops_worker.transcription.transcript_quality import gaps_of, quality_of
from tests.worker.pure.chunk_answers import (
    BAD,
    BUSY,
    CHUNK,
    IDLE,
    about,
    clicks,
    every_four_seconds,
    played,
    refusing,
    shown,
    whole,
)


@pytest.mark.parametrize(
    ("places", "calls", "lost"),
    [
        ((), 1, ""),
        ((70,), 7, "refused 1039-1078"),
        ((70, 200), 11, "refused 1039-1078, refused 1188-1227"),
        (range(300), MOST_CALLS, "refused 1000-1300"),
    ],
    ids=["none", "one place", "two places", "all"],
)
def test_halving_finds_what_is_refused(places: Sequence[int], calls: int, lost: str) -> None:
    state = played(refusing(*places))
    assert state.calls == calls
    gaps = gaps_of([state])
    assert ", ".join(f"{gap.reason} {gap.start:g}-{gap.end:g}" for gap in gaps) == lost


def test_a_model_to_fall_back_on_leaves_no_gap() -> None:
    def answer(question: OpenQuestion) -> Heard:
        return refusing(*((70,) if question.model == 0 else ()))(question)

    state = played(answer, models=2)
    assert (state.calls, state.lost) == (4, ())


def test_a_chunk_that_the_first_model_refuses_everywhere_is_told_by_the_next_one() -> None:
    def answer(question: OpenQuestion) -> Heard:
        model = ("first", "second")[question.model]
        return replace(refusing(*range(300) if question.model == 0 else ())(question), model=model)

    state = played(answer, models=2)
    assert (state.calls, state.lost) == (5, ())
    assert quality_of([state], [], first_model="first").fallback_models == ("second",)
    assert quality_of([state], [], first_model="second").fallback_models == ()


def test_a_place_that_both_models_refuse_stays_a_gap_of_its_own_size() -> None:
    state = played(refusing(70), models=2)
    assert (state.calls, shown(state.lost)) == (8, "refused 1039-1078")


def test_where_no_fallback_model_can_be_asked_its_range_stays_lost_and_nothing_else() -> None:
    state = begun("k", CHUNK).model_copy(
        update={
            "open": (
                about(1000, 1100, "fallback", model=1, trouble=Trouble(reason="refused", failure=Reason.BLOCKED)),
                about(1100, 1200, "half"),
            )
        }
    )
    state = unanswered(state)
    assert (shown(state.open), shown(state.lost)) == ("half 1100-1200", "refused 1000-1100")
    assert (state.lost[0].trouble.failure, state.calls) == (Reason.BLOCKED, 0)


def test_after_the_last_call_what_is_open_is_lost_with_its_reason_and_bad_items_are_dropped() -> None:
    trouble = Trouble(reason="cut_off", failure=Reason.OUTPUT_CUT_OFF)
    state = begun("k", CHUNK).model_copy(
        update={
            "calls": MOST_CALLS - 1,
            "open": (
                about(1000, 1100, "first"),
                about(1000, 1100, "missing"),
                about(1100, 1200, "repair", unsettled=(BAD, BAD)),
                about(1200, 1300, "rest", trouble=trouble),
            ),
        }
    )
    state = after_answer(state, whole(*every_four_seconds(0, 61)), activity=IDLE, models=1)
    assert shown(state.lost) == "not_covered 1060-1100, cut_off 1200-1300"
    assert (state.open, state.dropped) == ((), 2)


@st.composite
def answers(draw: st.DrawFn) -> Heard:
    times = draw(st.lists(st.integers(0, 299), max_size=30))
    return Heard(
        end=draw(st.sampled_from(AnswerEnd)),
        items=clicks(*sorted(times)),
        unsettled=(BAD,) * draw(st.integers(0, 8)),
        is_whole=draw(st.booleans()),
        unusable=draw(st.sampled_from([None, None, "It is not JSON."])),
    )


def _within(answer: Heard, question: OpenQuestion) -> Heard:
    length = question.end - question.start
    items = () if answer.unusable is not None else tuple(item for item in answer.items if item.start <= length)
    return replace(answer, items=items)


@given(given_answers=st.lists(answers(), min_size=MOST_CALLS, max_size=MOST_CALLS), models=st.integers(1, 3))
def test_whatever_is_answered_it_ends_and_every_second_is_answered_or_lost(
    given_answers: list[Heard], models: int
) -> None:
    turns = iter(given_answers)
    state = played(lambda question: _within(next(turns), question), models=models)
    answered, lost = ([(one.start, one.end) for one in some] for some in (state.answered, state.lost))
    known = sorted([*answered, *lost])
    reached = CHUNK.start
    for start, end in known:
        assert start <= reached
        reached = max(reached, end)
    assert reached == CHUNK.start + CHUNK.length
    assert all(question.start >= CHUNK.start for question in state.open)


@given(given_answers=st.lists(answers(), min_size=MOST_CALLS, max_size=MOST_CALLS))
def test_an_item_of_a_kept_answer_is_never_lost_by_a_later_one(given_answers: list[Heard]) -> None:
    turns = iter(given_answers)
    state, before = begun("k", CHUNK), 0
    while state.open:
        purpose = state.open[0].purpose
        state = after_answer(state, _within(next(turns), state.open[0]), activity=BUSY, models=1)
        now = sum(len(part.items) for part in state.answered)
        assert now >= before or purpose == "repair"
        before = now
