"""The rules by which an answer is settled. Their names are counted and logged, so they stay as they are."""

from enum import StrEnum

__all__ = ["Rule"]


class Rule(StrEnum):
    """What was settled. docs/answers.md has an example of each."""

    # The answer as a whole.
    CODE_FENCE = "code_fence"
    SURROUNDING_TEXT = "surrounding_text"
    OBJECT_AROUND_ARRAY = "object_around_array"
    LOOSE_JSON = "loose_json"
    JSON_IN_TEXT = "json_in_text"
    BROKEN_OBJECT = "broken_object"
    REFUSED_CHARACTER = "refused_character"
    UNORDERED = "unordered"
    # An item.
    EMPTY_ITEM = "empty_item"
    DUPLICATE_ITEM = "duplicate_item"
    FIELD_NAME = "field_name"
    UNKNOWN_FIELD = "unknown_field"
    BOUNDING_BOX = "bounding_box"
    OTHER_KIND_EMPTY = "other_kind_empty"
    OTHER_KIND_REMOVED = "other_kind_removed"
    TWO_KINDS = "two_kinds"
    # Times.
    TIME_FORM = "time_form"
    TIME_RANGE = "time_range"
    MINUTES_AS_HOURS = "minutes_as_hours"
    MILLISECONDS = "milliseconds"
    START_MISSING = "start_missing"
    START_PAST_CLIP = "start_past_clip"
    END_MISSING = "end_missing"
    END_PAST_CLIP = "end_past_clip"
    END_BEFORE_START = "end_before_start"
    # Actions.
    ACTION_WORD = "action_word"
    MISSING_ACTION = "missing_action"
    KEY_NAME = "key_name"
    DRAG_IN_ONE = "drag_in_one"
    # Texts.
    MISSING_APPLICATION = "missing_application"
    MISSING_DESCRIPTION = "missing_description"
    MISSING_ELEMENT_TYPE = "missing_element_type"
    EMPTY_VALUE = "empty_value"
    VALUE_FORM = "value_form"
