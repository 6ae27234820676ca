"""Derives notes about a section of a transcript, and reads the short keys in which long transcripts come. Pure."""

from typing import Any

__all__ = ["in_full", "notes", "wants_notes"]

_MOST_STEPS = 40


def wants_notes(schema: dict[str, Any] | None) -> bool:
    """Tell whether a schema asks for the summary and the steps of a section."""
    return {"summary", "steps"} <= set((schema or {}).get("properties", {}))


def notes(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return notes: one step for each action, and a longer time for each step where there are many."""
    actions = [item for item in items if item.get("application_in_focus")]
    every = max(-(-len(actions) // _MOST_STEPS), 1)
    return {
        "summary": f"{len(actions)} actions are seen in this section.",
        "steps": [
            {
                "at": item["timestamp_start_visual"],
                "app": item["application_in_focus"],
                "text": item.get("screen_region_description_post_action") or item["action_type_observed"],
                **({"ids": [item["id"]]} if "id" in item else {}),
            }
            for item in actions[::every]
        ],
    }


def in_full(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item that has short keys, or a step of notes, with the keys of a transcript; others unchanged."""
    if "at" not in item:
        return item
    named = item.get("id") or next(iter(item.get("ids", [])), None)
    if "say" in item:
        return {
            **({} if named is None else {"id": named}),
            "timestamp_start_audio": item["at"],
            "timestamp_end_audio": item.get("to", item["at"]),
            "verbatim_transcript_segment": item["say"],
        }
    full = {
        "id": named,
        "timestamp_start_visual": item["at"],
        "application_in_focus": item.get("app"),
        "action_type_observed": item.get("do"),
        "screen_region_description_post_action": item.get("after") or item.get("text"),
    }
    if "on" in item:
        full["target_element_details"] = {"element_type_guess": item.get("is"), "element_visible_text": item["on"]}
    if "typed" in item:
        full["data_input_observed"] = {"typed_characters": item["typed"]}
    return {key: value for key, value in full.items() if value is not None}
