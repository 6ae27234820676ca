"""The transcript: what was seen and heard, second by second, in one ordered array."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, WithJsonSchema

__all__ = [
    "ActionType",
    "AudioItem",
    "DataInput",
    "TargetElement",
    "Timestamp",
    "Transcript",
    "TranscriptItem",
    "VisualItem",
    "dump_transcript",
    "ordered",
    "seconds",
    "timestamp",
]

_TIMESTAMP_PATTERN = r"(\d{2,}):([0-5]\d):([0-5]\d)(?:\.(\d{1,3}))?"
_TIMESTAMP = re.compile(_TIMESTAMP_PATTERN)


def seconds(stamp: str) -> float:
    """Return a timestamp `HH:MM:SS[.mmm]` in seconds.

    Raises
    ------
    ValueError
        The text is not such a timestamp.
    """
    match = _TIMESTAMP.fullmatch(stamp)
    if match is None:
        raise ValueError(f"{stamp[:40]!r} is not a timestamp of the form HH:MM:SS or HH:MM:SS.mmm")
    hours, minutes, whole, fraction = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(whole) + int((fraction or "0").ljust(3, "0")) / 1000


def timestamp(at: float) -> str:
    """Return seconds as `HH:MM:SS`, or `HH:MM:SS.mmm` where they are not whole."""
    total = round(max(at, 0.0) * 1000)
    whole, milliseconds = divmod(total, 1000)
    text = f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{milliseconds:03d}" if milliseconds else text


def _checked(stamp: str) -> str:
    seconds(stamp)
    return stamp


Timestamp = Annotated[
    str,
    AfterValidator(_checked),
    # For the published schema only: ECMAScript's \d takes ASCII digits, Python's takes those of every script.
    WithJsonSchema({"type": "string", "pattern": f"^{_TIMESTAMP_PATTERN}$"}),
]
"""A point in the recording, `HH:MM:SS` or `HH:MM:SS.mmm` from its start."""

_KEYPRESS_OR_SCROLL_PATTERN = r"KEYPRESS_[^\sa-z]{1,40}|SCROLL_[A-Z_]{1,40}"
_KEYPRESS_OR_SCROLL = re.compile(_KEYPRESS_OR_SCROLL_PATTERN)
_MAY_BE_LEFT_OUT = frozenset(
    {
        "timestamp_end_visual",
        "target_element_details",
        "data_input_observed",
        "element_bounding_box_pixels",
        "element_attributes_observed",
    }
)


class ActionType(StrEnum):
    """What the person did, as far as it can be seen. `KEYPRESS_*` and `SCROLL_*` are open families besides."""

    CLICK = "CLICK"
    TYPE = "TYPE"
    PASTE = "PASTE"
    MOUSE_MOVE_TO_REGION = "MOUSE_MOVE_TO_REGION"
    DRAG_START = "DRAG_START"
    DRAG_END = "DRAG_END"
    SELECT_TEXT = "SELECT_TEXT"
    HIGHLIGHT_TEXT = "HIGHLIGHT_TEXT"
    NAVIGATE_URL = "NAVIGATE_URL"
    SWITCH_TAB = "SWITCH_TAB"
    OPEN_APPLICATION = "OPEN_APPLICATION"
    WINDOW_RESIZE = "WINDOW_RESIZE"
    MODAL_OPEN = "MODAL_OPEN"
    MODAL_CLOSE = "MODAL_CLOSE"
    VISUAL_FOCUS_SHIFT = "VISUAL_FOCUS_SHIFT"
    SCREEN_UPDATE = "SCREEN_UPDATE"


_ACTIONS = frozenset(action.value for action in ActionType)


def _known_action(action: str) -> str:
    if action in _ACTIONS or _KEYPRESS_OR_SCROLL.fullmatch(action):
        return action
    raise ValueError(f"{action[:40]!r} is not an action type")


_Action = Annotated[
    str,
    AfterValidator(_known_action),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": [action.value for action in ActionType]},
                {"type": "string", "pattern": f"^(?:{_KEYPRESS_OR_SCROLL_PATTERN})$"},
            ]
        }
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TargetElement(_Strict):
    """The element on the screen that an action went to."""

    element_type_guess: str
    element_visible_text: str | None = None
    element_bounding_box_pixels: Any = None
    element_attributes_observed: Any = None


class DataInput(_Strict):
    """What was typed, pasted or chosen."""

    typed_characters: str | None = None
    pasted_text_observed: str | None = None
    selected_value_observed: str | None = None


class VisualItem(_Strict):
    """Something seen."""

    timestamp_start_visual: Timestamp
    timestamp_end_visual: Timestamp | None = None
    application_in_focus: str
    action_type_observed: _Action
    target_element_details: TargetElement | None = None
    data_input_observed: DataInput | None = None
    screen_region_description_pre_action: str
    screen_region_description_post_action: str

    @property
    def start(self) -> float:
        """Seconds from the recording's start."""
        return seconds(self.timestamp_start_visual)


class AudioItem(_Strict):
    """Something said."""

    timestamp_start_audio: Timestamp
    timestamp_end_audio: Timestamp
    verbatim_transcript_segment: str

    @property
    def start(self) -> float:
        """Seconds from the recording's start."""
        return seconds(self.timestamp_start_audio)


def _kind(value: Any) -> Literal["visual", "audio"]:
    # A number or a text in the table is neither; the model then says so.
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    return "audio" if "timestamp_start_audio" in keys else "visual"


TranscriptItem = VisualItem | AudioItem
"""Visual and audio are separate objects of one array."""

Transcript = Annotated[list[TranscriptItem], Field(max_length=100_000)]
"""The array that `transcripts.transcript` holds."""

TRANSCRIPT: TypeAdapter[list[TranscriptItem]] = TypeAdapter(Transcript)
"""Validates a whole transcript."""


def parse_item(value: Any) -> TranscriptItem:
    """Return one object of the array as its model, chosen by its keys, so that errors name the right fields.

    Raises
    ------
    pydantic.ValidationError
        The object does not have the agreed form.
    """
    model = AudioItem if _kind(value) == "audio" else VisualItem
    return model.model_validate(value)


def ordered(items: Sequence[TranscriptItem]) -> list[TranscriptItem]:
    """Return the items by their start; what was seen comes before what was said at the same instant."""
    return sorted(items, key=lambda item: (item.start, isinstance(item, AudioItem)))


def dump_transcript(items: Sequence[TranscriptItem]) -> list[dict[str, Any]]:
    """Return the items as the JSON array that goes into the table.

    What the contract lets be absent is left out where it is unknown; everything else is there, as null if need be.
    """
    return [_without_absent(item.model_dump(mode="json")) for item in items]


def _without_absent(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_absent(field) if isinstance(field, dict) and key != "element_attributes_observed" else field
        for key, field in value.items()
        if field is not None or key not in _MAY_BE_LEFT_OUT
    }
