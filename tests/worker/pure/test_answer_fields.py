"""Names of fields in the spellings that models use."""

import pytest

from runops_worker.transcription.answer.fields import field_name, kind_of, meant_name, name_in_record, parent_of


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("action_type_observed", "action_type_observed"),
        ("element_visible_text", "element_visible_text"),
        ("element_bounding_box_pixels", "element_bounding_box_pixels"),
        ("actionTypeObserved", "action_type_observed"),
        ("Action Type-Observed", "action_type_observed"),
        ("_ACTION_TYPE_OBSERVED_", "action_type_observed"),
        ("ACTION.TYPE.OBSERVED", "action_type_observed"),
        ("action", "action_type_observed"),
        ("actionType", "action_type_observed"),
        ("application", "application_in_focus"),
        ("target_element", "target_element_details"),
        ("dataInput", "data_input_observed"),
        ("screen_region_description_pre", "screen_region_description_pre_action"),
        ("screen_region_description_post", "screen_region_description_post_action"),
        ("verbatim_transcript", "verbatim_transcript_segment"),
        ("transcript_segment", "verbatim_transcript_segment"),
        ("key_pressed", "key_pressed"),
        ("note", None),
        ("", None),
        ("action_type_observed " + "x" * 60, None),
        ("action_type_observed" + "_" * 60, "action_type_observed"),
        ("action_type_observed" + "_" * 61, None),
    ],
)
def test_a_name_means_a_field(written: str, name: str | None) -> None:
    assert field_name(written) == field_name(written, is_audio=True) == name
    assert field_name.__wrapped__(written) == name


@pytest.mark.parametrize(
    ("written", "edge"),
    [
        *((name, "start") for name in ("start", "startTime", "timestamp", "timestamp_start")),
        *((name, "end") for name in ("end", "End-Time", "timestampEnd")),
    ],
)
def test_a_plain_time_is_that_of_the_items_kind(written: str, edge: str) -> None:
    assert field_name(written) == f"timestamp_{edge}_visual"
    assert field_name(written, is_audio=True) == f"timestamp_{edge}_audio"


def test_a_field_belongs_to_a_kind_of_item_or_to_a_record() -> None:
    assert (kind_of("timestamp_start_visual"), kind_of("verbatim_transcript_segment")) == ("visual", "audio")
    assert (kind_of("typed_characters"), kind_of("note")) == (None, None)
    assert (parent_of("typed_characters"), parent_of("element_type_guess")) == (
        "data_input_observed",
        "target_element_details",
    )
    assert (parent_of("element_bounding_box_pixels"), parent_of("key_pressed")) == ("target_element_details", None)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("application", "application_in_focus"),
        ("App-Name", "application_in_focus"),
        ("before", "screen_region_description_pre_action"),
        ("description", "screen_region_description_post_action"),
        ("typedText", "typed_characters"),
        ("selection", "selected_value_observed"),
        ("narration", "verbatim_transcript_segment"),
        ("keys", "key_pressed"),
        ("time", "timestamp_start_visual"),
        ("until", "timestamp_end_visual"),
        ("text", None),
        ("note", None),
        ("time" + "_" * 77, None),
    ],
)
def test_more_names_mean_a_field_of_an_item(written: str, name: str | None) -> None:
    assert meant_name(written) == name
    if field_name(written) is None and name is not None:
        assert meant_name(written, is_audio=True) == name.replace("p_start_visual", "p_start_audio").replace(
            "p_end_visual", "p_end_audio"
        )


def test_a_text_is_speech_where_nothing_was_done() -> None:
    assert meant_name("Text", is_alone=True) == "verbatim_transcript_segment"
    assert meant_name("app", is_alone=True) == "application_in_focus"


@pytest.mark.parametrize(
    ("record", "written", "name"),
    [
        ("target_element_details", "type", "element_type_guess"),
        ("target_element_details", "Label", "element_visible_text"),
        ("target_element_details", "states", "element_attributes_observed"),
        ("target_element_details", "typed", None),
        ("data_input_observed", "typed", "typed_characters"),
        ("data_input_observed", "pastedText", "pasted_text_observed"),
        ("data_input_observed", "choice", "selected_value_observed"),
        ("data_input_observed", "label", None),
        ("data_input_observed", "typed_characters", "typed_characters"),
        ("data_input_observed", "typed" + "_" * 76, None),
    ],
)
def test_names_inside_a_record_mean_its_fields(record: str, written: str, name: str | None) -> None:
    assert name_in_record(record, written) == name


@pytest.mark.parametrize("around", ["result", "description", "event", "input", "data", "text", "time", "from"])
def test_names_that_may_be_around_items_tell_no_item(around: str) -> None:
    assert field_name(around) is None
