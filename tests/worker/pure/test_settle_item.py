"""One object of an answer: what it means, and which rules that took."""

from typing import Any

import pytest

from runops.transcript import dump_transcript
from runops_worker.transcription.answer.rules import Rule
from runops_worker.transcription.answer.settle_item import settle_item, times_of
from runops_worker.transcription.answer.stamps import Clock
from tests.worker.pure.answers import AUDIO, VISUAL

CLOCK = Clock(60_000)
NO_TIME: dict[str, Any] = {name: value for name, value in VISUAL.items() if name != "timestamp_start_visual"}
TARGET = {"element_type_guess": "link", "element_visible_text": "Save"}
GIVEN = dict.fromkeys(("typed_characters", "pasted_text_observed", "selected_value_observed"))
UNDESCRIBED = dict.fromkeys(("screen_region_description_pre_action", "screen_region_description_post_action"), "")


def settled(raw: dict[str, Any], *, after: int = 0) -> tuple[list[dict[str, Any]], list[str], tuple[str, ...]]:
    found = settle_item(raw, CLOCK, after=after)
    return dump_transcript(found.items), sorted(found.rules), found.faults


def test_times_are_found_in_every_spelling() -> None:
    raw = {"timestampStartVisual": 1, "start": 2, "timestamp_end_audio": 3, "end_time": 4, "note": 5, "key_pressed": 6}
    assert times_of(raw) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("more", "fields", "rules"),
    [
        # A field of a record beside it goes into the record, and never replaces what is there.
        (
            {"target_element_details": {"element_type_guess": "link"}, "element_visible_text": "Save"},
            {"target_element_details": TARGET},
            ["field_name"],
        ),
        (
            {"element_visible_text": "Save", "target_element_details": {"element_type_guess": "link"}},
            {"target_element_details": TARGET},
            ["field_name"],
        ),
        (
            {"target_element_details": TARGET, "element_visible_text": "Other"},
            {"target_element_details": TARGET},
            ["field_name"],
        ),
        (
            {"target_element_details": "N/A", "element_visible_text": "Save", "element_type_guess": "link"},
            {"target_element_details": TARGET},
            ["field_name", "field_name"],
        ),
        # Names that models use where they are not held to the schema.
        (
            {"target_element_details": {"type": "link", "label": "Save"}},
            {"target_element_details": TARGET},
            ["field_name", "field_name"],
        ),
        (
            {"target_element_details": {"role": "link", "element_visible_text": "Save", "title": "Other"}},
            {"target_element_details": TARGET},
            ["field_name", "field_name"],
        ),
        ({"target_element_details": False}, {}, ["empty_value"]),
        (
            {"action_type_observed": "TYPE", "data_input_observed": {"text": "Rome"}},
            {"action_type_observed": "TYPE", "data_input_observed": GIVEN | {"typed_characters": "Rome"}},
            ["field_name"],
        ),
        (
            {"action_type_observed": "PASTE", "data_input_observed": {"Value": "Rome"}},
            {"action_type_observed": "PASTE", "data_input_observed": GIVEN | {"pasted_text_observed": "Rome"}},
            ["field_name"],
        ),
        (
            {"data_input_observed": {"selectedOption": "Rome"}},
            {"data_input_observed": GIVEN | {"selected_value_observed": "Rome"}},
            ["field_name"],
        ),
        (
            {"action_type_observed": "TYPE", "typed_text": "Rome"},
            {"action_type_observed": "TYPE", "data_input_observed": GIVEN | {"typed_characters": "Rome"}},
            ["field_name"],
        ),
        ({"description": "Other.", "app": "Other", "before": "Other."}, {}, ["field_name"] * 3),
        (
            {"screen_region_description_post_action": None, "after": "Saved.", "time": "00:09"},
            {"screen_region_description_post_action": "Saved."},
            ["field_name"] * 2,
        ),
        # An item without an action tells it by what it has besides.
        ({"action_type_observed": None}, {"action_type_observed": "SCREEN_UPDATE"}, ["missing_action"]),
        (
            {"action_type_observed": "", "data_input_observed": {"typed_text": "Rome"}},
            {"action_type_observed": "TYPE", "data_input_observed": GIVEN | {"typed_characters": "Rome"}},
            ["field_name", "missing_action"],
        ),
        (
            {"action_type_observed": None, "data_input_observed": {"typed_characters": "", "pasted": "Rome"}},
            {"action_type_observed": "PASTE", "data_input_observed": GIVEN | {"pasted_text_observed": "Rome"}},
            ["empty_value", "field_name", "missing_action"],
        ),
        (
            {"action_type_observed": None, "key_pressed": "enter"},
            {"action_type_observed": "KEYPRESS_ENTER"},
            ["missing_action"],
        ),
        ({"action_type_observed": {"type": "CLICK"}}, {}, ["value_form"]),
        (
            {"action_type_observed": "KEYPRESS", "data_input_observed": {"typed_characters": "Ctrl+S"}},
            {
                "action_type_observed": "KEYPRESS_CTRL+S",
                "data_input_observed": GIVEN | {"typed_characters": "Ctrl+S"},
            },
            ["key_name"],
        ),
        (
            {"action_type_observed": "KEYPRESS", "data_input_observed": {"typed_characters": "hello"}},
            {"action_type_observed": "KEYPRESS_UNKNOWN", "data_input_observed": GIVEN | {"typed_characters": "hello"}},
            ["key_name"],
        ),
        # Of one field in two spellings the first one counts that says something.
        ({"Application-In-Focus": "Other"}, {}, ["field_name"]),
        (
            {"screen_region_description_post": "More."},
            {},
            ["field_name"],
        ),
        (
            {
                "target_element": {"element_visible_text": "Save"},
                "target_element_details": {"element_type_guess": "link"},
            },
            {"target_element_details": TARGET},
            ["field_name"],
        ),
        ({"mood": "good", "element_bounding_box_pixels": [1]}, {}, ["bounding_box", "unknown_field"]),
        # Names inside a record are read in other spellings as well.
        (
            {"target_element_details": {"elementTypeGuess": "link", "Element Visible Text": "Save", "x": 1}},
            {"target_element_details": TARGET},
            ["field_name", "field_name", "unknown_field"],
        ),
        ({"target_element_details": "N/A"}, {}, ["empty_value"]),
        ({"target_element_details": {}}, {}, ["empty_value"]),
        ({"data_input_observed": {"typed_characters": ""}}, {}, ["empty_value"]),
        ({"data_input_observed": {"colour": "red"}}, {}, ["unknown_field"]),
        (
            {"data_input_observed": {"typed_characters": "N/A", "pasted_text_observed": ""}},
            {
                "data_input_observed": {
                    "typed_characters": "N/A",
                    "pasted_text_observed": None,
                    "selected_value_observed": None,
                }
            },
            ["empty_value"],
        ),
        (
            {"data_input_observed": {"typed_characters": 12}},
            {
                "data_input_observed": {
                    "typed_characters": "12",
                    "pasted_text_observed": None,
                    "selected_value_observed": None,
                }
            },
            ["value_form"],
        ),
        (
            {"target_element_details": TARGET | {"element_attributes_observed": ["a", "b"]}},
            {"target_element_details": TARGET | {"element_attributes_observed": ["a", "b"]}},
            [],
        ),
        (
            {"target_element_details": TARGET | {"element_attributes_observed": ["a", " ", 1]}},
            {"target_element_details": TARGET | {"element_attributes_observed": ["a", "1"]}},
            ["value_form"],
        ),
        (
            {"target_element_details": TARGET | {"element_attributes_observed": []}},
            {"target_element_details": TARGET},
            [],
        ),
        (
            {"target_element_details": {"element_type_guess": "N/A", "element_visible_text": "Save"}},
            {"target_element_details": {"element_type_guess": "unknown", "element_visible_text": "Save"}},
            ["missing_element_type"],
        ),
        ({"application_in_focus": "unknown"}, {"application_in_focus": "unknown"}, []),
        ({"application_in_focus": "n/a"}, {"application_in_focus": "unknown"}, ["missing_application"]),
        (
            {"screen_region_description_pre_action": "", "screen_region_description_post_action": None},
            {"screen_region_description_pre_action": "", "screen_region_description_post_action": ""},
            ["missing_description"],
        ),
        # Times.
        ({"timestamp_end_visual": "00:00:05"}, {"timestamp_end_visual": "00:00:05"}, []),
        ({"timestamp_end_visual": ""}, {}, ["empty_value"]),
        ({"timestamp_end_visual": "later"}, {}, ["end_missing"]),
        (
            {"timestamp_start_visual": "00:03 - 00:05"},
            {"timestamp_end_visual": "00:00:05"},
            ["time_range"],
        ),
        (
            {"timestamp_start_visual": "00:03 - 00:05", "timestamp_end_visual": "later"},
            {"timestamp_end_visual": "00:00:05"},
            ["end_missing", "time_range"],
        ),
        # Actions.
        ({"action_type_observed": "none"}, {"action_type_observed": "SCREEN_UPDATE"}, ["action_word"]),
        (
            {"action_type_observed": ["CLICK", "TYPE"]},
            {"screen_region_description_post_action": "Then: type. After."},
            ["action_word"],
        ),
        (
            {"action_type_observed": "COPY", "screen_region_description_post_action": ""},
            {"action_type_observed": "SELECT_TEXT", "screen_region_description_post_action": "Copied."},
            ["action_word"],
        ),
        ({"action_type_observed": "KEYPRESS", "key_pressed": "enter"}, {"action_type_observed": "KEYPRESS_ENTER"}, []),
        (
            {"action_type_observed": "KEYPRESS", "key_pressed": "N/A"},
            {"action_type_observed": "KEYPRESS_UNKNOWN"},
            ["key_name"],
        ),
        ({"action_type_observed": "KEYPRESS"}, {"action_type_observed": "KEYPRESS_UNKNOWN"}, ["key_name"]),
        (
            {"action_type_observed": "KEYPRESS_Enter"},
            {"action_type_observed": "KEYPRESS_ENTER"},
            ["key_name"],
        ),
    ],
)
def test_what_a_visual_item_means(more: dict[str, Any], fields: dict[str, Any], rules: list[str]) -> None:
    assert settled(VISUAL | more) == ([VISUAL | fields], rules, ())


@pytest.mark.parametrize(
    ("more", "start", "rules"),
    [
        ({"timestamp_end_visual": "00:00:05"}, "00:00:05", ["start_missing"]),
        ({"timestamp_start_audio": "00:00:06"}, "00:00:06", ["other_kind_removed", "start_missing"]),
        ({"timestamp_end_audio": "00:00:07"}, "00:00:07", ["other_kind_removed", "start_missing"]),
        (
            {"timestamp_end_visual": "soon", "timestamp_start_audio": "00:00:06", "timestamp_end_audio": "00:00:07"},
            "00:00:06",
            ["end_missing", "other_kind_removed", "start_missing"],
        ),
        (
            {"timestamp_start_visual": "N/A", "timestamp_end_visual": "0:05"},
            "00:00:05",
            ["start_missing", "time_form", "time_form"],
        ),
    ],
)
def test_without_a_start_the_next_best_time_is_taken(more: dict[str, Any], start: str, rules: list[str]) -> None:
    (item,), found, faults = settled(NO_TIME | more)
    assert (item["timestamp_start_visual"], found, faults) == (start, rules, ())


@pytest.mark.parametrize(
    ("more", "faults"),
    [
        ({}, ("timestamp_start_visual: it is missing.",)),
        ({"timestamp_start_visual": "soon"}, ("timestamp_start_visual: 'soon' is not a time.",)),
        (
            {"timestamp_start_visual": "soon", "timestamp_end_visual": "00:00:05"},
            ("timestamp_start_visual: 'soon' is not a time.",),
        ),
        (
            {"timestamp_start_visual": "00:00:03", "action_type_observed": "DANCE" * 20},
            (f"action_type_observed: {('DANCE' * 20)[:40]!r} is not an action type.",),
        ),
        (
            {"timestamp_start_visual": "00:00:03", "action_type_observed": [], **UNDESCRIBED},
            ("action_type_observed: it is missing.",),
        ),
        (
            {"timestamp_start_visual": "00:00:03", "action_type_observed": "null", **UNDESCRIBED},
            ("action_type_observed: it is missing.",),
        ),
        (
            {"timestamp_start_visual": "00:00:03", "action_type_observed": {"type": "DANCE"}},
            ("action_type_observed: 'DANCE' is not an action type.",),
        ),
    ],
)
def test_what_cannot_be_settled_is_said_of_its_field(more: dict[str, Any], faults: tuple[str, ...]) -> None:
    found = settle_item(NO_TIME | more, CLOCK)
    assert (found.items, found.rules, found.faults, found.rest) == ((), (), faults, NO_TIME | more)


@pytest.mark.parametrize(
    ("more", "end", "rules"),
    [
        ({"timestamp_end_audio": None, "verbatim_transcript_segment": "x" * 30}, "00:00:05", ["end_missing"]),
        ({"timestamp_end_audio": None, "verbatim_transcript_segment": "x" * 900}, "00:01:00", ["end_missing"]),
        ({"timestamp_end_audio": "later", "verbatim_transcript_segment": "x" * 30}, "00:00:05", ["end_missing"]),
        (
            {"timestamp_end_audio": "", "verbatim_transcript_segment": "x" * 30},
            "00:00:05",
            ["empty_value", "end_missing"],
        ),
        ({"timestamp_start_audio": "00:03-00:09", "timestamp_end_audio": None}, "00:00:09", ["time_range"]),
        ({"verbatim_transcript_segment": ["Hel", "lo."]}, "00:00:04", ["value_form"]),
    ],
)
def test_the_end_of_speech(more: dict[str, Any], end: str, rules: list[str]) -> None:
    (item,), found, faults = settled(AUDIO | more)
    assert (item["timestamp_start_audio"], item["timestamp_end_audio"]) == ("00:00:03", end)
    assert (found, faults) == (rules, ())


def test_speech_without_a_time_takes_those_of_what_is_seen() -> None:
    words = {"verbatim_transcript_segment": "x" * 30}
    items, rules, _ = settled(VISUAL | words | {"timestamp_start_visual": "N/A", "timestamp_end_visual": "00:00:08"})
    assert [item.get("timestamp_start_audio") for item in items] == [None, "00:00:08"]
    assert rules == ["start_missing", "start_missing", "two_kinds"]
    seen = {"timestamp_start_visual": "00:05", "timestamp_end_visual": "00:09"}
    ((item,), rules, _) = settled(words | seen)
    assert (item["timestamp_start_audio"], item["timestamp_end_audio"]) == ("00:00:05", "00:00:09")
    assert rules == ["other_kind_removed", "start_missing"]
    # Speech with a start of its own has no end of what is seen.
    ((item,), rules, _) = settled(words | {"timestamp_start_audio": "00:05", "timestamp_end_visual": "00:09"})
    assert item["timestamp_end_audio"] == "00:00:07"


def test_a_drag_without_an_end_ends_where_it_starts() -> None:
    items, rules, _ = settled(VISUAL | {"action_type_observed": "DRAG"})
    assert [(item["action_type_observed"], item["timestamp_start_visual"]) for item in items] == [
        ("DRAG_START", "00:00:03"),
        ("DRAG_END", "00:00:03"),
    ]
    assert rules == [Rule.DRAG_IN_ONE]


def test_the_time_of_the_item_before_decides_between_two_readings() -> None:
    late = VISUAL | {"timestamp_start_visual": "00:41:00"}
    (item,), rules, _ = settled(late, after=43_000)
    assert (item["timestamp_start_visual"], rules) == ("00:00:41", ["minutes_as_hours"])
    _, _, faults = settled(late, after=43_001)
    assert faults == ("timestamp_start_visual: it starts at 00:41:00, but the clip ends at 00:01:00.",)
    (_, spoken), rules, _ = settled(
        late | AUDIO | {"timestamp_start_audio": "00:42:00", "timestamp_end_audio": None}, after=43_000
    )
    assert spoken["timestamp_start_audio"] == "00:00:42"


@pytest.mark.parametrize(
    ("more", "rules"),
    [
        ({"speech": "Hello."}, ["field_name"]),
        ({"utterance": ["Hello."]}, ["field_name", "value_form"]),
        ({"text": "Hello."}, ["field_name"]),
        ({"transcript": {"text": "Hello."}}, ["field_name", "value_form"]),
    ],
)
def test_speech_under_another_name_is_not_lost(more: dict[str, Any], rules: list[str]) -> None:
    times = {name: value for name, value in AUDIO.items() if name != "verbatim_transcript_segment"}
    assert settled(times | more) == ([AUDIO], rules, ())
    # A plain start and end are those of the speech.
    (item,), found, _ = settled({"start": "00:00:03", "end": "00:00:04", **more})
    assert (item, found) == (AUDIO, ["field_name", "field_name", *rules])


def test_a_text_beside_an_action_is_not_taken_for_speech() -> None:
    assert settled(VISUAL | {"text": "Save"}) == ([VISUAL], ["unknown_field"], ())
    items, rules, _ = settled(VISUAL | {"speech": "Now I save."})
    assert [item.get("verbatim_transcript_segment") for item in items] == [None, "Now I save."]
    assert "two_kinds" in rules


@pytest.mark.parametrize("told", ["Hello.", "x"])
def test_an_object_that_tells_something_under_unknown_names_is_not_empty(told: str) -> None:
    raw = {"timestamp_start_audio": "00:03", "mystery": told}
    found = settle_item(raw, CLOCK)
    assert (found.items, found.faults, found.rest) == ((), ("it says nothing in the agreed fields.",), raw)
    for nothing in (None, "N/A", 7):
        assert settle_item(raw | {"mystery": nothing}, CLOCK).rules == (Rule.EMPTY_ITEM,)


def test_an_empty_speech_beside_what_is_seen_does_not_make_a_plain_start_that_of_speech() -> None:
    rules = ["field_name", "field_name", "other_kind_empty"]
    assert settled(NO_TIME | {"start": "00:00:03", "speech": ""}) == ([VISUAL], rules, ())


def test_a_field_under_its_own_name_counts_before_another_name() -> None:
    assert settled({"start": "00:00:09"} | VISUAL) == ([VISUAL], ["field_name"], ())


def test_speech_and_an_action_with_a_time_are_two_items_even_where_nothing_is_described() -> None:
    items, rules, _ = settled(AUDIO | {"timestamp_start_visual": "00:00:02", "action_type_observed": "CLICK"})
    assert [item.get("action_type_observed") for item in items] == ["CLICK", None]
    assert "two_kinds" in rules


@pytest.mark.parametrize(
    ("more", "spoken"),
    [
        # Somebody may say it; beside an action, or without a time, it is an empty field.
        ({"timestamp_start_audio": "00:00:03"}, ["None"]),
        ({"timestamp_start_audio": "00:00:03", **VISUAL}, [None]),
        (VISUAL, [None]),
        ({}, []),
    ],
)
def test_the_word_none_as_a_speech(more: dict[str, Any], spoken: list[str | None]) -> None:
    items, _, faults = settled({"verbatim_transcript_segment": "None"} | more)
    assert [item.get("verbatim_transcript_segment") for item in items] == spoken
    assert faults == ()


def test_a_time_taken_for_a_missing_start_is_read_as_the_start_would_be() -> None:
    # A range has an end too.
    items, _, _ = settled(NO_TIME | AUDIO | {"timestamp_start_audio": "00:05-00:07", "timestamp_end_audio": None})
    assert [(item.get("timestamp_start_visual"), item.get("timestamp_end_visual")) for item in items] == [
        ("00:00:05", "00:00:07"),
        (None, None),
    ]
    # The order of the items decides between two readings.
    late = NO_TIME | {"timestamp_end_visual": "00:41:00"}
    assert [item["timestamp_start_visual"] for item in settled(late, after=43_000)[0]] == ["00:00:41"]
    assert settled(late, after=43_001)[2] == ("timestamp_start_visual: it is missing.",)


def test_nothing_counts_as_settled_where_no_item_was_read() -> None:
    found = settle_item(NO_TIME | {"start": "soon", "note": "x"}, CLOCK)
    assert (found.items, found.rules, len(found.faults)) == ((), (), 1)


def test_a_description_stays_as_it_is_written() -> None:
    item = VISUAL | {"screen_region_description_post_action": " After. "}
    assert settled(item) == ([item], [], ())


def test_a_mark_for_silence_is_left_out() -> None:
    assert settle_item(AUDIO | {"verbatim_transcript_segment": "[silence]"}, CLOCK).rules == (Rule.EMPTY_ITEM,)
    assert settled(VISUAL | {"verbatim_transcript_segment": "[no speech]"}) == ([VISUAL], ["other_kind_removed"], ())
