"""Writes a transcript with fewer tokens for the model. Pure.

Half of a transcript are names of fields, and most of the rest repeats the item before: the application, and the screen
before an action, which is the screen after the last one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

__all__ = ["LEGEND", "compact", "tokens"]

LEGEND: Final = (
    "In it, `id` is the name of an item, `at` is the time in the recording and `to` the time at which it ends; `say` "
    "is what was said. In an item about the screen, `app` is the application in front (where it is missing, that of "
    "the item before), `do` the type of the action, `on` the words on the element that it went to, `is` what kind of "
    "element that is, `state` what was seen of its state, `typed`, `pasted` and `chosen` what was entered, `before` "
    "and `after` how the screen looks (without `before`, as after the item before)."
)
"""Tells the model what the keys mean."""

_SAME: Final = {
    "timestamp_start_visual": "at",
    "timestamp_end_visual": "to",
    "timestamp_start_audio": "at",
    "timestamp_end_audio": "to",
    "action_type_observed": "do",
    "verbatim_transcript_segment": "say",
}
_TARGET: Final = {
    "element_visible_text": "on",
    "element_type_guess": "is",
    "element_attributes_observed": "state",
}
_DATA: Final = {
    "typed_characters": "typed",
    "pasted_text_observed": "pasted",
    "selected_value_observed": "chosen",
}
_APPLICATION: Final = "application_in_focus"
_BEFORE: Final = "screen_region_description_pre_action"
_AFTER: Final = "screen_region_description_post_action"
_TARGETS: Final = "target_element_details"
_INPUT: Final = "data_input_observed"
_KNOWN: Final = frozenset({*_SAME, _APPLICATION, _BEFORE, _AFTER, _TARGETS, _INPUT})
_BYTES_PER_TOKEN: Final = 4


def compact(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the items with short keys, and without what an item has in common with the one before.

    Where an element was on the screen is left out. Everything else can be read back; keys that a transcript does not
    have, such as the id of an item, stay as they are.

    Parameters
    ----------
    items
        As `runops.transcript.dump_transcript` writes them.
    """
    result: list[dict[str, Any]] = []
    application = after = None
    for item in items:
        short: dict[str, Any] = {key: value for key, value in item.items() if key not in _KNOWN}
        short |= _renamed(item, _SAME)
        if _APPLICATION in item:
            if item[_APPLICATION] != application:
                application = short["app"] = item[_APPLICATION]
            short |= _renamed(item.get(_TARGETS) or {}, _TARGET)
            short |= _renamed(item.get(_INPUT) or {}, _DATA)
            if item.get(_BEFORE) not in {after, None, ""}:
                short["before"] = item[_BEFORE]
            after = short["after"] = item.get(_AFTER)
        result.append(short)
    return result


def tokens(items: Sequence[Mapping[str, Any]]) -> int:
    """Return about how many tokens items take as JSON."""
    text = json.dumps(items, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode()) // _BYTES_PER_TOKEN


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: values[key] for key, name in names.items() if values.get(key) not in (None, "", [])}
