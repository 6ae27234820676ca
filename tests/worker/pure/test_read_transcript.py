"""How an answer about one chunk is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import dump_transcript
from runops_worker.transcription.read_transcript import SLACK_SECONDS, Words, read_items, shifted, words
from tests.worker.pure.items import clicked, said, typed


def test_times_are_corrected_where_their_meaning_is_clear_and_are_faults_where_not() -> None:
    visual = dump_transcript([clicked(3, "Save")])[0]
    for stamp, becomes in (("00:05", 5), ("1:02", 62), ("0:00:07", 7), ("00:01:31", 90), ("00:00:09.5", 9.5)):
        answer = read_items(json.dumps([{**visual, "timestamp_start_visual": stamp}]), length=90)
        assert (answer.faults, [item.start for item in answer.value or ()]) == ((), [becomes])
    for stamp in ("00:02:00", "soon", "12"):
        answer = read_items(json.dumps([visual, {**visual, "timestamp_start_visual": stamp}]), length=90)
        assert len(answer.value or ()) == 1
        assert answer.faults[0].startswith("[1]")


@given(st.floats(0.5, 400), st.floats(0, SLACK_SECONDS - 0.001), st.booleans())
def test_an_item_just_past_the_end_of_its_clip_is_moved_into_it(length: float, past: float, is_said: bool) -> None:
    item = said(length + past, "words") if is_said else clicked(length + past, "Save")
    answer = read_items(json.dumps(dump_transcript([item])), length=length)
    assert answer.faults == ()
    assert all(length - 0.0011 <= item.start <= length + 1e-6 for item in answer.value or ())


VISUAL: dict[str, Any] = {
    "timestamp_start_visual": "00:00:03",
    "application_in_focus": "Editor",
    "action_type_observed": "CLICK",
    "screen_region_description_pre_action": "",
    "screen_region_description_post_action": "",
}
AUDIO = {
    "timestamp_start_audio": "00:00:03",
    "timestamp_end_audio": "00:00:04",
    "verbatim_transcript_segment": "Hello.",
}


def read(*items: object, length: float = 60) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    answer = read_items(json.dumps(items), length=length)
    assert answer.value is not None
    return dump_transcript(answer.value), answer.faults


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[{}", "The answer is not JSON: Expecting ',' delimiter: line 1 column 4 (char 3)"),
        ("```json\n[]\n```", "The answer is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[NaN]", "The answer is not JSON: NaN is not JSON"),
        ("[1e999]", "The answer is not JSON: a number is too large"),
        ("[" * 100_000, "The answer is not JSON: it is nested too deeply"),
        ('{"items": []}', "The answer must be one JSON array of items."),
    ],
    ids=["cut off", "code fence", "NaN", "infinite", "deep", "object"],
)
def test_an_answer_that_is_not_an_array_has_one_fault_and_no_value(text: str, fault: str) -> None:
    answer = read_items(text, length=60)
    assert (answer.value, answer.faults) == (None, (fault,))


def test_an_item_that_is_wrong_is_a_fault_at_its_place_and_costs_no_other_item() -> None:
    items, faults = read(AUDIO, "text", {**VISUAL, "action_type_observed": "DANCE"}, VISUAL)
    assert items == [AUDIO, VISUAL]
    assert faults[0] == "[1]: an item must be an object."
    assert faults[1].startswith("[2].action_type_observed: 'DANCE'")
    assert len(faults) == 2


def test_an_item_after_the_end_of_its_clip_is_a_fault_with_both_times() -> None:
    items, faults = read({**AUDIO, "timestamp_start_audio": "00:01:03", "timestamp_end_audio": "00:01:04"})
    assert items == []
    assert faults == ("[0]: it starts at 00:01:03, but the clip ends at 00:01:00.",)


@pytest.mark.parametrize(
    ("start", "end", "read_as"),
    [
        ("00:00:03", "00:00:04", ("00:00:03", "00:00:04")),
        (" 00:00:03 ", "00:00:04", ("00:00:03", "00:00:04")),
        ("00:00:05", "00:00:04", ("00:00:05", "00:00:05")),
        ("00:00:59", "00:09:00", ("00:00:59", "00:01:00")),
        ("00:01:02", "00:01:03", ("00:01:00", "00:01:00")),
        ("61:05", "61:06", None),
        ("0:3", "00:4", ("00:00:03", "00:00:04")),
        ("0:00:03.5", "0:00:04.25", ("00:00:03.5", "00:00:04.25")),
        ("0:60", "0:61", None),
        ("soon", "00:00:04", None),
        ("00:00:03", "late", None),
    ],
)
def test_times_of_an_audio_item(start: str, end: str, read_as: tuple[str, str] | None) -> None:
    items, faults = read({**AUDIO, "timestamp_start_audio": start, "timestamp_end_audio": end})
    if read_as is None:
        assert items == []
        assert faults
    else:
        assert faults == ()
        assert [(item["timestamp_start_audio"], item["timestamp_end_audio"]) for item in items] == [read_as]


def test_minutes_beyond_an_hour_become_hours() -> None:
    items, faults = read({**VISUAL, "timestamp_start_visual": "61:05.25"}, length=4000)
    assert faults == ()
    assert items[0]["timestamp_start_visual"] == "01:01:05.25"


def test_the_end_of_a_clip_of_no_whole_length_is_rounded_down_to_a_millisecond() -> None:
    items, _ = read(
        {**VISUAL, "timestamp_start_visual": "00:00:11", "timestamp_end_visual": "00:00:20"}, length=10.5559
    )
    assert (items[0]["timestamp_start_visual"], items[0]["timestamp_end_visual"]) == ("00:00:10.555", "00:00:10.555")


def test_what_says_nothing_is_left_out_and_an_element_without_a_type_is_of_an_unknown_one() -> None:
    items, faults = read(
        {**VISUAL, "timestamp_end_visual": None, "data_input_observed": {}, "target_element_details": {}},
        {**VISUAL, "target_element_details": {"element_visible_text": "Save"}},
        {**VISUAL, "target_element_details": {"element_type_guess": "link"}},
    )
    assert faults == ()
    assert items[0] == VISUAL
    assert items[1]["target_element_details"]["element_type_guess"] == "unknown"
    assert items[1]["target_element_details"]["element_visible_text"] == "Save"
    assert items[2]["target_element_details"]["element_type_guess"] == "link"


def test_shifted_moves_every_time_of_an_item_and_nothing_else() -> None:
    visual = typed(3, "x", end=4)
    assert shifted(visual, 10.5) == visual.model_copy(
        update={"timestamp_start_visual": "00:00:13.500", "timestamp_end_visual": "00:00:14.500"}
    )
    assert shifted(clicked(3, "Save"), 60) == clicked(63, "Save")
    assert shifted(said(3, "x"), 60) == said(63, "x")


def test_items_are_compared_by_action_application_element_and_text_without_case() -> None:
    assert words(clicked(3, "Save As")) == Words("click editor save as", "")
    assert words(typed(3, "John")) == Words("type editor name", "john")
    assert words(said(3, " Hello THERE. ")) == Words("", "hello there.")
    without_element = clicked(3, "x").model_copy(update={"target_element_details": None})
    assert words(without_element) == Words("click editor ", "")
