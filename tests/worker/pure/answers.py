"""Answers of a model for tests: objects as they are written, and strategies that draw them."""

from typing import Any

from hypothesis import strategies as st

VISUAL: dict[str, Any] = {
    "timestamp_start_visual": "00:00:03",
    "application_in_focus": "Editor",
    "action_type_observed": "CLICK",
    "screen_region_description_pre_action": "Before.",
    "screen_region_description_post_action": "After.",
}
AUDIO: dict[str, Any] = {
    "timestamp_start_audio": "00:00:03",
    "timestamp_end_audio": "00:00:04",
    "verbatim_transcript_segment": "Hello.",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
_FIELDS = (
    *VISUAL,
    *AUDIO,
    *("timestamp_end_visual", "target_element_details", "data_input_observed", "key_pressed"),
    *("element_type_guess", "typed_characters", "element_bounding_box_pixels", "timestamp_start", "note"),
)
_odd_times = st.sampled_from(
    [
        "00:41",
        "00:00:05,5",
        "41.5s",
        "00:41:00",
        "soon",
        "",
        "-1",
        "00:05-00:07",
        "99:99:99",
        5,
        5.5,
        5000,
        None,
        [1, 2],
    ]
)
odd_items = st.dictionaries(st.sampled_from(_FIELDS), _odd_times | json_values, max_size=8)
"""Objects with fields of an item and any values."""


def whole_items(length: int) -> st.SearchStrategy[dict[str, Any]]:
    """Items of the agreed form within so many seconds. Their seconds are not all 0, see `Clock.minutes_as_hours`."""
    seconds = st.integers(1, length - 1).filter(lambda second: second % 60 != 0)

    def visual(second: int, text: str, application: str) -> dict[str, Any]:
        return {
            **VISUAL,
            "timestamp_start_visual": f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
            "application_in_focus": f"App {application}",
            "screen_region_description_post_action": text,
        }

    def audio(second: int, text: str) -> dict[str, Any]:
        stamp = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        said = f"Word {text}"
        return {"timestamp_start_audio": stamp, "timestamp_end_audio": stamp, "verbatim_transcript_segment": said}

    # What PostgreSQL refuses is removed, so a good item has none of it.
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
    return st.builds(visual, seconds, text, text) | st.builds(audio, seconds, text)


def values_of(schema: dict[str, Any], stamps: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Any value that a schema allows. A time is a text for a schema, so texts of times are drawn from `stamps`."""
    if "anyOf" in schema:
        return st.one_of([values_of(branch, stamps) for branch in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_value_of(kind, schema, stamps) for kind in kinds])


def _value_of(kind: str, schema: dict[str, Any], stamps: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    match kind:
        case "null":
            return st.none()
        case "string":
            return st.text(max_size=20) | st.sampled_from(["null", "N/A", "unknown", "\x00", "\ud800"])
        case "array":
            return st.lists(values_of(schema["items"], stamps), max_size=4)
        case "object":
            required = set(schema.get("required", []))
            parts = {
                name: stamps if name.startswith("timestamp_") else values_of(inner, stamps)
                for name, inner in schema["properties"].items()
            }
            return st.fixed_dictionaries(
                {name: part for name, part in parts.items() if name in required},
                optional={name: part for name, part in parts.items() if name not in required},
            )
    raise AssertionError(f"the strategy does not know the type {kind}")
