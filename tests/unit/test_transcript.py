"""Transcripts: timestamps, the form of each item, order, and what is written."""

from typing import Any

import pytest
from pydantic import ValidationError

from runops.transcript import (
    TRANSCRIPT,
    AudioItem,
    VisualItem,
    dump_transcript,
    ordered,
    parse_item,
    seconds,
    timestamp,
)

SEEN: dict[str, Any] = {
    "timestamp_start_visual": "00:00:01",
    "application_in_focus": "Mail",
    "action_type_observed": "CLICK",
    "screen_region_description_pre_action": "before",
    "screen_region_description_post_action": "after",
}
SAID: dict[str, Any] = {
    "timestamp_start_audio": "00:00:01",
    "timestamp_end_audio": "00:00:02",
    "verbatim_transcript_segment": "hello",
}


@pytest.mark.parametrize(
    ("stamp", "value"),
    [
        ("00:00:00", 0.0),
        ("00:00:59", 59.0),
        ("00:59:00", 3540.0),
        ("01:00:00", 3600.0),
        ("100:00:00", 360000.0),
        ("01:02:03.5", 3723.5),
        ("00:00:00.05", 0.05),
        ("00:00:00.123", 0.123),
    ],
)
def test_a_timestamp_in_seconds(stamp: str, value: float) -> None:
    assert seconds(stamp) == value


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "00:00",
        "0:00:00",
        "00:60:00",
        "00:00:60",
        "00:00:00.",
        "00:00:00.1234",
        " 00:00:00",
        "00:00:00\n",
        "-1:00:00",
    ],
)
def test_another_text_is_not_a_timestamp(stamp: str) -> None:
    with pytest.raises(ValueError, match=r"is not a timestamp of the form HH:MM:SS or HH:MM:SS\.mmm"):
        seconds(stamp)


def test_a_long_text_is_shown_shortened() -> None:
    with pytest.raises(ValueError, match=r"^'x{40}' is not a timestamp"):
        seconds("x" * 41)


@pytest.mark.parametrize(
    ("at", "stamp"),
    [
        (0.0, "00:00:00"),
        (-5.0, "00:00:00"),
        (59.0, "00:00:59"),
        (60.0, "00:01:00"),
        (3599.0, "00:59:59"),
        (3600.0, "01:00:00"),
        (86400.0, "24:00:00"),
        (1.5, "00:00:01.500"),
        (0.001, "00:00:00.001"),
        (0.0004, "00:00:00"),
        (59.9996, "00:01:00"),
    ],
)
def test_seconds_as_a_timestamp(at: float, stamp: str) -> None:
    assert timestamp(at) == stamp


@pytest.mark.parametrize(
    "action", ["CLICK", "SCREEN_UPDATE", "KEYPRESS_ENTER", "KEYPRESS_CTRL+C", "KEYPRESS_" + "X" * 40, "SCROLL_DOWN"]
)
def test_a_known_action_is_accepted(action: str) -> None:
    assert parse_item({**SEEN, "action_type_observed": action}).model_dump()["action_type_observed"] == action


@pytest.mark.parametrize(
    "action",
    ["", "click", "DANCE", "KEYPRESS_", "KEYPRESS_a", "KEYPRESS_A B", "KEYPRESS_" + "X" * 41, "SCROLL_", "SCROLL_1"],
)
def test_another_action_is_refused(action: str) -> None:
    with pytest.raises(ValidationError, match="is not an action type"):
        parse_item({**SEEN, "action_type_observed": action})


@pytest.mark.parametrize("key", SEEN)
def test_what_was_seen_needs_every_field(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        VisualItem.model_validate({name: value for name, value in SEEN.items() if name != key})


@pytest.mark.parametrize("key", SAID)
def test_what_was_said_needs_every_field(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        AudioItem.model_validate({name: value for name, value in SAID.items() if name != key})


@pytest.mark.parametrize(
    ("item", "odd"),
    [
        (SEEN, {"timestamp_start_visual": "soon"}),
        (SEEN, {"timestamp_end_visual": "soon"}),
        (SAID, {"timestamp_start_audio": "soon"}),
        (SAID, {"timestamp_end_audio": "soon"}),
        (SEEN, {"unknown": 1}),
        (SAID, {"unknown": 1}),
        (SEEN, {"target_element_details": {"element_visible_text": "OK"}}),
        (SEEN, {"target_element_details": {"element_type_guess": "button", "unknown": 1}}),
        (SEEN, {"data_input_observed": {"unknown": 1}}),
    ],
)
def test_an_item_of_another_form_is_refused(item: dict[str, Any], odd: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        parse_item({**item, **odd})


def test_an_item_is_told_by_its_keys() -> None:
    assert isinstance(parse_item(SEEN), VisualItem)
    assert isinstance(parse_item(SAID), AudioItem)
    assert isinstance(parse_item(parse_item(SAID)), AudioItem)
    with pytest.raises(ValidationError, match="verbatim_transcript_segment"):
        parse_item({"timestamp_start_audio": "00:00:01", "timestamp_end_audio": "00:00:02"})


def test_items_are_ordered_by_start_and_what_was_seen_comes_first() -> None:
    items = [
        parse_item({**SAID, "timestamp_start_audio": "00:00:02"}),
        parse_item({**SEEN, "timestamp_start_visual": "00:00:02"}),
        parse_item(SAID),
        parse_item({**SEEN, "timestamp_start_visual": "00:00:10"}),
    ]
    assert ordered(items) == [items[2], items[1], items[0], items[3]]


def test_items_of_the_same_kind_and_start_keep_their_order() -> None:
    first, second = parse_item({**SAID, "verbatim_transcript_segment": "b"}), parse_item(SAID)
    assert ordered([first, second]) == [first, second]


def test_unknown_optional_fields_are_left_out_and_required_ones_are_null() -> None:
    full = {
        **SEEN,
        "target_element_details": {"element_type_guess": "button", "element_attributes_observed": {"checked": None}},
        "data_input_observed": {"typed_characters": "a"},
    }
    assert dump_transcript([parse_item(SEEN), parse_item(full), parse_item(SAID)]) == [
        SEEN,
        {
            **SEEN,
            "target_element_details": {
                "element_type_guess": "button",
                "element_visible_text": None,
                "element_attributes_observed": {"checked": None},
            },
            "data_input_observed": {
                "typed_characters": "a",
                "pasted_text_observed": None,
                "selected_value_observed": None,
            },
        },
        SAID,
    ]


def test_attributes_of_an_element_are_kept_as_they_are_and_written_as_json() -> None:
    attributes = {"element_visible_text": None, "timestamp_end_visual": None, "seen": {1}}
    element = {"element_type_guess": "button", "element_attributes_observed": attributes}
    (dumped,) = dump_transcript([parse_item({**SEEN, "target_element_details": element})])
    kept = {"element_visible_text": None, "timestamp_end_visual": None, "seen": [1]}
    assert dumped["target_element_details"]["element_attributes_observed"] == kept


def test_a_transcript_has_a_longest_length() -> None:
    assert len(TRANSCRIPT.validate_python([SAID] * 3)) == 3
    with pytest.raises(ValidationError, match="100000"):
        TRANSCRIPT.validate_python([SAID] * 100_001)


@pytest.mark.parametrize("value", [3, "text", None, [1], True])
def test_what_is_no_object_is_refused_as_an_item_of_the_wrong_form(value: object) -> None:
    with pytest.raises(ValidationError):
        parse_item(value)
