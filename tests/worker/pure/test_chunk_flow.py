"""What was answered about a chunk, and what is asked next."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.failures import Reason
from runops.quality import Gap, TranscriptQuality
from runops.transcript import TranscriptItem, VisualItem
from runops_worker.checkpoint.format import ChunkState, LostRange, OpenQuestion, Trouble, UnsettledItem
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.model.protocol import Answer, AnswerEnd
from runops_worker.transcription.chunk_flow import (
    MOST_CALLS,
    Heard,
    after_answer,
    begun,
    gaps_of,
    heard,
    is_usable,
    quality_of,
    transcripts_of,
    unanswered,
    with_lost_ranges_open,
    without_secrets,
)
from runops_worker.transcription.chunk_request import MOST_REPAIRED
from runops_worker.transcription.known_secrets import KnownSecrets
from tests.worker.pure.items import clicked, said, typed

CHUNK = Chunk(index=1, start=1000.0, length=300.0)
BAD = UnsettledItem(raw={"odd": 1}, faults=("it is odd.",))


def activity(changed: Callable[[int], bool], loud: Callable[[int], bool] = lambda _: False) -> Activity:
    """Return what happens in the chunk, by the second of it."""
    return Activity(1000, tuple(changed(at) for at in range(300)), tuple(loud(at) for at in range(300)))


BUSY = activity(lambda _: True)
IDLE = activity(lambda at: at % 100 == 7)


def clicks(*times: float) -> tuple[VisualItem, ...]:
    return tuple(clicked(at, f"Button {at:g}") for at in times)


def every_four_seconds(start: int = 0, end: int = 300) -> tuple[VisualItem, ...]:
    return clicks(*range(start, end, 4))


def whole(*items: TranscriptItem, bad: int = 0) -> Heard:
    return Heard(items=items, unsettled=(BAD,) * bad)


def ended(end: AnswerEnd, *items: TranscriptItem) -> Heard:
    return Heard(end=end, detail="WHY", items=items)


UNUSABLE = Heard(unusable="The answer is not JSON.")


def shown(questions: Sequence[OpenQuestion | LostRange]) -> str:
    """Return questions as `purpose 1000-1300`, ranges that are lost as `reason 1000-1300`."""
    names = [one.purpose if isinstance(one, OpenQuestion) else one.trouble.reason for one in questions]
    return ", ".join(f"{name} {one.start:g}-{one.end:g}" for name, one in zip(names, questions, strict=True))


def asked_first(answer: Heard, happens: Activity = BUSY, *, models: int = 1) -> ChunkState:
    return after_answer(begun("k", CHUNK), answer, activity=happens, models=models)


def asked(question: OpenQuestion, answer: Heard, happens: Activity = BUSY, *, models: int = 1) -> ChunkState:
    return after_answer(ChunkState(key="k", open=(question,)), answer, activity=happens, models=models)


def about(start: float, end: float, purpose: Any, **fields: Any) -> OpenQuestion:
    return OpenQuestion(start=start, end=end, purpose=purpose, **fields)


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


def test_a_repair_is_bounded() -> None:
    state = asked_first(whole(*every_four_seconds(), bad=MOST_REPAIRED + 7))
    assert len(state.open[0].unsettled) == MOST_REPAIRED
    assert state.dropped == 7


def repaired(answer: Heard, *, good: int = 75, bad: int = 20) -> ChunkState:
    state = asked_first(whole(*every_four_seconds()[:good], bad=bad))
    assert shown(state.open) == "repair 1000-1300"
    assert state.open[0].unsettled == (BAD,) * bad
    return after_answer(state, answer, activity=BUSY, models=1)


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
    assert state.open[0].trouble.detail == "it is odd."


def test_after_a_repair_what_is_missing_is_asked_for() -> None:
    assert shown(repaired(UNUSABLE, good=25, bad=20).open) == "missing 1095-1300"


def refusing(*places: int) -> Callable[[OpenQuestion], Heard]:
    def answer(question: OpenQuestion) -> Heard:
        if any(question.start <= 1000 + place < question.end for place in places):
            return ended(AnswerEnd.REFUSED)
        return whole(*every_four_seconds(0, math.ceil(question.end - question.start)))

    return answer


def played(answer: Callable[[OpenQuestion], Heard], *, models: int = 1) -> ChunkState:
    """Answer until nothing is asked any more; after each answer the worker is killed and started again."""
    state = begun("k", CHUNK)
    for _ in range(MOST_CALLS):
        if state.open:
            state = after_answer(state, answer(state.open[0]), activity=BUSY, models=models)
            assert ChunkState.model_validate(state.model_dump(mode="json")) == state
    assert state.open == ()
    return state


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


def test_lost_ranges_can_be_asked_about_again() -> None:
    state = played(refusing(70))
    again = with_lost_ranges_open(state)
    assert shown(again.open) == "again 1039-1078"
    assert (again.lost, again.calls, again.answered) == ((), 0, state.answered)


def test_a_lost_range_is_asked_about_from_the_whole_second_in_which_it_begins() -> None:
    lost = LostRange(start=1068.5, end=1101.0, trouble=Trouble(reason="not_covered", detail=""))
    again = with_lost_ranges_open(played(refusing(70)).model_copy(update={"lost": (lost,)}))
    assert [(question.start, question.end) for question in again.open] == [(1068.0, 1101.0)]


def test_quality_sums_up_all_chunks() -> None:
    one = played(refusing(70)).model_copy(update={"settled": 3})
    other = repaired(whole(*clicks(1, 5, 9), bad=17))
    assert quality_of([one, other], [], first_model="m") == TranscriptQuality(
        settled=3,
        dropped=17,
        repaired=3,
        asked_again=6,
        gaps=(Gap(start=1039, end=1078, reason="refused"),),
    )


def test_a_saved_state_is_not_used_if_it_has_something_that_is_not_an_item_or_is_of_an_older_version() -> None:
    state = asked_first(whole(*clicks(0)), IDLE)
    assert is_usable(state)
    (part,) = state.answered
    spoilt = part.model_copy(update={"items": [{"odd": 1}]})
    assert not is_usable(state.model_copy(update={"answered": (spoilt,)}))
    assert not is_usable(ChunkState.model_validate({"key": "k", "items": [{"of the previous": "version"}]}))
    assert is_usable(begun("k", CHUNK))


def test_an_answer_without_text_is_empty_unless_it_ended_otherwise() -> None:
    assert heard(Answer(" "), length=10).end is AnswerEnd.EMPTY
    assert heard(Answer("", AnswerEnd.REFUSED, "SAFETY"), length=10) == Heard(end=AnswerEnd.REFUSED, detail="SAFETY")


def test_secrets_are_hidden_in_items_that_could_not_be_read_too() -> None:
    key = "AKIA" + "Z7Q2" * 4
    raw = {"screen": [f"the key {key} is shown"], "data_input_observed": {"typed_characters": "hunter-2024"}}
    unsettled = UnsettledItem(raw=raw, faults=("it has no time.",))
    hidden = without_secrets(Heard(items=(typed(1, key),), unsettled=(unsettled,)), KnownSecrets(), start=0.0)
    assert key not in hidden.items[0].model_dump_json()
    kept = hidden.unsettled[0].model_dump_json()
    assert "is shown" in kept
    assert key not in kept
    assert "hunter" not in kept
    assert hidden.unsettled[0].faults == unsettled.faults
