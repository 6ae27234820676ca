"""What a clip cannot have shown or said is taken out of an answer about it."""

import pytest

from runops_worker.checkpoint.format import UnsettledItem
from runops_worker.media.transcode.activity import Activity
from runops_worker.model.protocol import AnswerEnd
from runops_worker.model.told_instruction import HIDDEN
from runops_worker.transcription.heard_answer import Heard
from runops_worker.transcription.made_up import without_made_up, without_speech_in_silence
from tests.worker.pure.items import clicked, said, typed

INSTRUCTION = " ".join(f"word{number}" for number in range(60))


def read(answer: Heard, *, has_audio: bool = True) -> Heard:
    return without_made_up(answer, instruction=INSTRUCTION, has_audio=has_audio)


def test_an_honest_answer_is_unchanged() -> None:
    answer = Heard(items=(clicked(1, "Save"), said(2, "I cannot help smiling."), typed(3, "word1 word2")))
    assert read(answer) == answer


def test_speech_about_a_recording_without_sound_is_dropped_and_counted() -> None:
    answer = Heard(items=(clicked(1, "Save"), said(2, "Then I log in."), said(4, "And out.")), dropped=1)
    silent = read(answer, has_audio=False)
    assert (silent.items, silent.dropped) == (answer.items[:1], 3)
    assert read(answer).items == answer.items


def test_speech_at_times_of_silence_is_dropped_and_counted() -> None:
    still = (False,) * 120
    # Something can be heard until second 30 of the clip, which begins at 300, and again in its last 20 s.
    activity = Activity(300, still, still, tuple(second < 30 or second >= 100 for second in range(120)))
    early, late, made_up = said(38, "one"), said(92, "four"), (said(42, "two"), said(86, "three", end=88))
    answer = Heard(items=(clicked(60, "Save"), early, *made_up, late), dropped=1)
    found = without_speech_in_silence(answer, activity, start=300.0)
    assert found.items == (clicked(60, "Save"), early, late)
    assert found.dropped == 3


def test_where_the_sound_was_not_measured_all_speech_stays() -> None:
    answer = Heard(items=(said(38, "one"),))
    assert without_speech_in_silence(answer, Activity(0, (False,) * 60, (False,) * 60), start=0.0) == answer


def test_the_instruction_is_hidden_in_items_and_in_what_could_not_be_read() -> None:
    unsettled = UnsettledItem(raw={"label": INSTRUCTION, "action_type_observed": "?"}, faults=("f",))
    answer = Heard(items=(clicked(1, "Save"), typed(3, INSTRUCTION)), unsettled=(unsettled,))
    told = read(answer)
    assert told.items == (clicked(1, "Save"), typed(3, HIDDEN))
    assert told.unsettled[0].raw == {"label": HIDDEN, "action_type_observed": "?"}


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that request.",
        "I cannot transcribe this video.",
        "As an AI I am not able to watch videos.",
        "I won't do that.",
    ],
)
def test_an_answer_that_consists_of_a_refusal_is_one(text: str) -> None:
    shown = clicked(0, "").model_copy(update={"screen_region_description_post_action": text})
    for item in (said(0, text), shown):
        refused = read(Heard(items=(item,)))
        assert (refused.end, refused.items, refused.dropped) == (AnswerEnd.REFUSED, (), 1)


def test_a_refusal_that_a_recording_shows_beside_other_things_stays() -> None:
    refusal = said(9, "I'm sorry, I can't help with that.")
    for items in ((clicked(1, "Ask"), refusal), (refusal,) * 4):
        answer = Heard(items=items)
        assert read(answer) == answer
