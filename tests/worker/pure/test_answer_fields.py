"""Names of fields in the spellings that models use."""

import pytest

from runops_worker.transcription.answer.fields import field_name, kind_of, parent_of


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
