"""The fields of an item. The schema that is sent and the reader both come from this table.

A change here, or of the way an answer is read, raises the answer version in `checkpoint/keys.py`.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Literal

from runops_worker.transcription.answer.rules import Rule

__all__ = [
    "AUDIO",
    "BOUNDING_BOX",
    "KINDS",
    "VISUAL",
    "Field",
    "Form",
    "Kind",
    "field_name",
    "kind_of",
    "meant_name",
    "name_in_record",
    "parent_of",
]


class Form(Enum):
    """What a field holds."""

    START = auto()
    END = auto()
    ACTION = auto()
    KEY = auto()
    TEXT = auto()
    TEXT_OR_NULL = auto()
    TEXTS = auto()
    RECORD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an item.

    Attributes
    ----------
    name
        As in the transcript. `key_pressed` is only in answers.
    form
        What it holds.
    required
        Whether the model must write it. It writes required fields first, in this order.
    nullable
        Whether it may be null.
    default, default_rule
        What a missing text is read as, and the rule that this counts as.
    fields
        Of a record.
    about
        Sent with the schema, for what the prompt may not explain.
    """

    name: str
    form: Form
    required: bool = True
    nullable: bool = False
    default: str | None = None
    default_rule: Rule | None = None
    fields: tuple["Field", ...] = ()
    about: str | None = None


VISUAL = (
    Field(name="timestamp_start_visual", form=Form.START),
    Field(
        name="application_in_focus",
        form=Form.TEXT,
        nullable=True,
        default="unknown",
        default_rule=Rule.MISSING_APPLICATION,
    ),
    Field(name="action_type_observed", form=Form.ACTION),
    Field(
        name="target_element_details",
        form=Form.RECORD,
        nullable=True,
        fields=(
            Field(
                name="element_type_guess",
                form=Form.TEXT,
                nullable=True,
                default="unknown",
                default_rule=Rule.MISSING_ELEMENT_TYPE,
            ),
            Field(name="element_visible_text", form=Form.TEXT_OR_NULL, nullable=True),
            Field(name="element_attributes_observed", form=Form.TEXTS, required=False, nullable=True),
        ),
    ),
    Field(
        name="data_input_observed",
        form=Form.RECORD,
        nullable=True,
        fields=(
            Field(name="typed_characters", form=Form.TEXT_OR_NULL, required=False, nullable=True),
            Field(name="pasted_text_observed", form=Form.TEXT_OR_NULL, required=False, nullable=True),
            Field(name="selected_value_observed", form=Form.TEXT_OR_NULL, required=False, nullable=True),
        ),
    ),
    Field(
        name="screen_region_description_pre_action",
        form=Form.TEXT,
        nullable=True,
        default="",
        default_rule=Rule.MISSING_DESCRIPTION,
    ),
    Field(
        name="screen_region_description_post_action",
        form=Form.TEXT,
        nullable=True,
        default="",
        default_rule=Rule.MISSING_DESCRIPTION,
    ),
    Field(name="timestamp_end_visual", form=Form.END, required=False, nullable=True),
    Field(
        name="key_pressed",
        form=Form.KEY,
        required=False,
        nullable=True,
        about="Only for the action KEYPRESS: the key or shortcut in capitals, such as ENTER or CTRL+S.",
    ),
)
"""Something seen."""

AUDIO = (
    Field(name="timestamp_start_audio", form=Form.START),
    Field(name="timestamp_end_audio", form=Form.END),
    Field(name="verbatim_transcript_segment", form=Form.TEXT),
)
"""Something said."""

Kind = Literal["visual", "audio"]

KINDS: dict[Kind, tuple[Field, ...]] = {"visual": VISUAL, "audio": AUDIO}
"""The two kinds of item."""

BOUNDING_BOX = "element_bounding_box_pixels"
"""Not asked for, and removed: the model counts from 0 to 1000 with y first whatever the prompt says, and who reads the
answer cannot tell that form from pixels. A wrong box is worse than none."""

_ALIASES = {
    "action": "action_type_observed",
    "action_type": "action_type_observed",
    "application": "application_in_focus",
    "target_element": "target_element_details",
    "data_input": "data_input_observed",
    "screen_region_description_pre": "screen_region_description_pre_action",
    "screen_region_description_post": "screen_region_description_post_action",
    "verbatim_transcript": "verbatim_transcript_segment",
    "transcript_segment": "verbatim_transcript_segment",
}
"""Names that a model uses where it is not held to the schema."""

_MEANT = {
    "application_in_focus": "app application_name app_name active_application focused_application window window_title",
    "action_type_observed": "action_observed action_performed user_action event event_type",
    "target_element_details": "target target_details element element_details",
    "data_input_observed": "input input_data input_observed",
    "screen_region_description_pre_action": "pre_action pre_action_description before screen_before state_before",
    "screen_region_description_post_action": (
        "post_action post_action_description after screen_after state_after result description screen_description"
        " screen_region_description visual_description observation"
    ),
    "key_pressed": "key keys key_name keys_pressed shortcut",
    "verbatim_transcript_segment": "speech spoken_text spoken_words utterance narration verbatim verbatim_text",
    "timestamp_start": (
        "time t begin from time_start start_timestamp start_seconds start_sec timestamp_seconds timestamp_visual"
        " timestamp_audio time_stamp"
    ),
    "timestamp_end": "to until stop time_end end_timestamp end_seconds end_sec",
}
_MEANT_OF = {name: field for field, names in _MEANT.items() for name in names.split()}
"""More names for the fields. They are also names of what may be around items, so they do not tell an item."""
_SPEECH_ALONE = frozenset({"text", "content", "transcript", "transcription", "words", "segment", "caption", "subtitle"})
"""Names for speech where nothing was done."""
_IN_RECORD = {
    "target_element_details": {
        "element_type_guess": "type element_type element role kind control widget",
        "element_visible_text": "text visible_text element_text label name title caption value",
        "element_attributes_observed": "attributes element_attributes state states properties",
    },
    "data_input_observed": {
        "typed_characters": "typed typed_text text_typed characters characters_typed typed_value input_text text_input",
        "pasted_text_observed": "pasted pasted_text text_pasted clipboard clipboard_text",
        "selected_value_observed": "selected selected_value selected_option selection option choice",
    },
}
_NAME_IN_RECORD = {
    record: {name: field for field, names in fields.items() for name in names.split()}
    for record, fields in _IN_RECORD.items()
}
_START_OR_END = {
    "start": "timestamp_start",
    "start_time": "timestamp_start",
    "timestamp": "timestamp_start",
    "timestamp_start": "timestamp_start",
    "end": "timestamp_end",
    "end_time": "timestamp_end",
    "timestamp_end": "timestamp_end",
}
_KIND_OF: dict[str, Kind] = {
    **{field.name: "visual" for field in VISUAL},
    **{field.name: "audio" for field in AUDIO},
}
_PARENT_OF = {inner.name: field.name for field in VISUAL for inner in field.fields} | {
    BOUNDING_BOX: "target_element_details"
}
_TIMES = frozenset({"timestamp_start", "timestamp_end"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_GAP = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 80


def kind_of(name: str) -> Kind | None:
    """Return the kind of item that a field belongs to; None for a field of a record and for any other name."""
    return _KIND_OF.get(name)


def parent_of(name: str) -> str | None:
    """Return the record that a field belongs to; None where it does not belong to one."""
    return _PARENT_OF.get(name)


@lru_cache(maxsize=1024)
def field_name(written: str, *, is_audio: bool = False) -> str | None:
    """Return the field that a name means, in whatever spelling; None where it means none.

    Parameters
    ----------
    written
        The name in the answer.
    is_audio
        Which item's start and end a plain `start` or `timestamp_end` is.
    """
    if written in _KIND_OF or written in _PARENT_OF:
        return written
    if len(written) > _LONGEST_NAME:
        return None
    name = _bare(written)
    if name in _START_OR_END:
        return f"{_START_OR_END[name]}_{'audio' if is_audio else 'visual'}"
    name = _ALIASES.get(name, name)
    return name if name in _KIND_OF or name in _PARENT_OF else None


@lru_cache(maxsize=1024)
def meant_name(written: str, *, is_audio: bool = False, is_alone: bool = False) -> str | None:
    """Return the field that a name of an item means; None where it means none.

    Parameters
    ----------
    written, is_audio
        As for `field_name`, which knows fewer names.
    is_alone
        Whether the item has no action, so that its text is what was said.
    """
    if (field := field_name(written, is_audio=is_audio)) is not None or len(written) > _LONGEST_NAME:
        return field
    name = _bare(written)
    if name in _NAME_IN_RECORD["data_input_observed"]:
        return _NAME_IN_RECORD["data_input_observed"][name]
    if is_alone and name in _SPEECH_ALONE:
        return "verbatim_transcript_segment"
    meant = _MEANT_OF.get(name)
    return f"{meant}_{'audio' if is_audio else 'visual'}" if meant in _TIMES else meant


@lru_cache(maxsize=1024)
def name_in_record(record: str, written: str) -> str | None:
    """Return the field that a name inside a record means; None where it means none."""
    if (field := field_name(written)) is not None or len(written) > _LONGEST_NAME:
        return field
    return _NAME_IN_RECORD[record].get(_bare(written))


def _bare(written: str) -> str:
    return _GAP.sub("_", _HUMP.sub("_", written).lower()).strip("_")
