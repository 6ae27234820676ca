"""Derives notes about a section of a transcript, and finds those in a question. Pure."""

import json
from typing import Any

__all__ = ["notes", "sections_in", "wants_notes"]

_MOST_STEPS = 40
_SECTIONS = '{"sections":'


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


def sections_in(text: str) -> list[dict[str, Any]] | None:
    """Return the notes about all sections that stand in a question; None where there are none."""
    at = text.find(_SECTIONS)
    if at < 0:
        return None
    found, _ = json.JSONDecoder().raw_decode(text, at)
    return [section for section in found["sections"] if isinstance(section, dict)]
