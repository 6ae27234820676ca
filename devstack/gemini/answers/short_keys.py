"""Reads the short keys in which long transcripts come. Pure."""

from collections.abc import Iterable
from typing import Any

__all__ = ["in_full"]

_SPOKEN = {"at": "timestamp_start_audio", "to": "timestamp_end_audio", "say": "verbatim_transcript_segment"}
_SEEN = {
    "at": "timestamp_start_visual",
    "to": "timestamp_end_visual",
    "app": "application_in_focus",
    "do": "action_type_observed",
    "before": "screen_region_description_pre_action",
    "after": "screen_region_description_post_action",
}
_TARGET = {"on": "element_visible_text", "is": "element_type_guess", "state": "element_attributes_observed"}
_INPUT = {"typed": "typed_characters", "pasted": "pasted_text_observed", "chosen": "selected_value_observed"}
_SHORT = frozenset({*_SPOKEN, *_SEEN, *_TARGET, *_INPUT, "text", "ids", "why", "repeats"})


def in_full(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return items with the keys of a transcript.

    Parameters
    ----------
    items
        In order; with short keys, with the keys of a transcript, or steps of notes, whose text says what was done.
    """
    full: list[dict[str, Any]] = []
    app = after = None
    for item in items:
        if "at" not in item:
            full.append(item)
            continue
        if "say" in item:
            full.append({**_kept(item), **_renamed({"to": item["at"], **item}, _SPOKEN)})
            continue
        app, before = item.get("app", app), item.get("before", after)
        after = item.get("after") or item.get("text")
        full.append(_seen({**item, "app": app, "before": before, "after": after}))
    return full


def _seen(item: dict[str, Any]) -> dict[str, Any]:
    target, entered = _renamed(item, _TARGET), _renamed(item, _INPUT)
    return (
        _kept(item)
        | _renamed(item, _SEEN)
        | ({"target_element_details": target} if target else {})
        | ({"data_input_observed": entered} if entered else {})
    )


def _kept(item: dict[str, Any]) -> dict[str, Any]:
    """Return what has no short key; a step of notes is named by the first item that it rests on."""
    named = item.get("id") or next(iter(item.get("ids") or []), None)
    return {key: value for key, value in item.items() if key not in _SHORT} | ({"id": named} if named else {})


def _renamed(item: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {name: item[short] for short, name in names.items() if item.get(short) is not None}
