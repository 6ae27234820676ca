"""Derives a Standard Operating Procedure from a transcript found in a prompt. Pure and deterministic."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from devstack.gemini.answers.short_keys import in_full

__all__ = ["procedure", "transcript_in"]

_MOST_BLOCKS = 60
_MOST_FAILURES = 2_000
_MOST_EVIDENCE = 5
_VERBS = {
    "CLICK": "Click",
    "TYPE": "Type into",
    "PASTE": "Paste into",
    "NAVIGATE_URL": "Open a page at",
    "SWITCH_TAB": "Switch the tab at",
    "OPEN_APPLICATION": "Open the application at",
    "SELECT_TEXT": "Select the text at",
    "HIGHLIGHT_TEXT": "Highlight the text at",
    "MODAL_CLOSE": "Close the dialog at",
    "SCREEN_UPDATE": "Look at",
    "VISUAL_FOCUS_SHIFT": "Turn to",
}
_CONDITION = re.compile(r"(?i)\bif\b")

_Item = dict[str, Any]


def transcript_in(text: str) -> list[_Item] | None:
    """Return the longest transcript that stands as JSON somewhere in a text, or None.

    A transcript is an array, or lines that each hold one object.
    """
    arrays = (_items(value) for value in _json_values(text, opening="["))
    found = max(arrays, key=len, default=[])
    if not found:
        found = [item for value in _json_values(text, opening="{") for item in _items([value])]
    return found or None


def _items(value: Any) -> list[_Item]:
    found: list[_Item] = []
    for item in value:
        if isinstance(item, dict):
            # Notes about a section hold their steps.
            found.extend(step for step in item.get("steps") or [item] if isinstance(step, dict))
    return [item for item in in_full(found) if _start(item)]


def _json_values(text: str, *, opening: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    at = text.find(opening)
    failures = 0
    while at >= 0 and failures < _MOST_FAILURES:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            failures += 1
            end = at + 1
        else:
            yield value
        at = text.find(opening, end)


def _start(item: _Item) -> str:
    return str(item.get("timestamp_start_visual") or item.get("timestamp_start_audio") or "")


@dataclass
class _Block:
    """One box of the procedure to be: what was done in one go, or a question that was met."""

    kind: Literal["task", "decision"]
    app: str
    action: str
    items: list[_Item] = field(default_factory=list)


def _blocks(items: list[_Item]) -> list[_Block]:
    blocks: list[_Block] = []
    app = "Screen"
    for item in items:
        spoken = item.get("verbatim_transcript_segment")
        if spoken:
            if _CONDITION.search(str(spoken)):
                blocks.append(_Block("decision", app, "AUDIO", [item]))
            continue
        app = str(item.get("application_in_focus") or app)
        action = str(item.get("action_type_observed") or "SCREEN_UPDATE")
        last = blocks[-1] if blocks else None
        if action == "MODAL_OPEN":
            blocks.append(_Block("decision", app, action, [item]))
        elif last and last.kind == "task" and (last.app, last.action) == (app, action):
            last.items.append(item)
        else:
            blocks.append(_Block("task", app, action, [item]))
    return _condensed(blocks)


def _condensed(blocks: list[_Block]) -> list[_Block]:
    """Keep a long recording readable: equal stretches of neighbouring boxes become one task each."""
    if len(blocks) <= _MOST_BLOCKS:
        return blocks
    size = -(-len(blocks) // _MOST_BLOCKS)
    condensed = []
    for at in range(0, len(blocks), size):
        stretch = blocks[at : at + size]
        items = [item for block in stretch for item in block.items]
        condensed.append(_Block("task", stretch[0].app, stretch[0].action, items))
    return condensed


def procedure(items: list[_Item] | None, *, prompt: str) -> dict[str, Any]:
    """Return a SOP for a transcript.

    Parameters
    ----------
    items : list of dict or None
        The transcript; without one the procedure has a single task that says so.
    prompt : str
        The whole text of the request; its hash names the procedure.
    """
    blocks = _blocks(items or [])
    if not blocks:
        blocks = [_Block("task", "Screen", "SCREEN_UPDATE", list(items or []))]
    if blocks[-1].kind == "decision":
        # Both ways out of a question lead somewhere; after the last one that is a look at the result.
        blocks.append(_Block("task", blocks[-1].app, "SCREEN_UPDATE", blocks[-1].items))
    names = [f"{block.kind}-{number}" for number, block in enumerate(blocks, start=1)]
    apps = list(dict.fromkeys(block.app for block in blocks))
    digest = hashlib.sha256(json.dumps(items).encode() if items else prompt.encode()).digest()
    variables = dict(_variables(blocks))
    public: dict[str, Any] = {
        "triggers": [{"type": "manual", "description": f"Someone has to do this work in {apps[0]}."}],
        "nodes": [
            {"id": "trigger-1", "type": "trigger", "label": "Begin", "position": {"x": 0, "y": 0}},
            *(_node(name, block, row=row) for row, (name, block) in enumerate(zip(names, blocks, strict=True), 1)),
            {"id": "end-1", "type": "end", "label": "Done", "position": {"x": 0, "y": 120 * (len(blocks) + 1)}},
        ],
        "edges": [{"source": "trigger-1", "target": names[0], "condition": "next"}, *_edges(names, blocks)],
        "clarification_requests": list(_questions(names, blocks)),
    }
    if variables:
        public["variables"] = variables
    span = _span(items or [])
    return {
        "meta": {
            "id": str(uuid.UUID(bytes=digest[:16], version=4)),
            "title": f"Work in {', '.join(apps[:3])} ({span})",
            "version": "1.0.0",
            "goal": f"The {len(blocks)} steps of the recording are repeated with the same result.",
            "purpose": f"Derived from {len(items or [])} observations of a recording ({span}).",
            "owner": ["Author of the recording"],
        },
        "public": public,
        "private": {
            "skills": [_skill(app, number) for number, app in enumerate(apps, start=1)],
            "steps": [
                {"node_id": name, "primary_skill": f"skill-{apps.index(block.app) + 1}"}
                for name, block in zip(names, blocks, strict=True)
                if block.kind == "task"
            ],
            "artifacts": [],
        },
    }


def _span(items: list[_Item]) -> str:
    return f"{_start(items[0])} to {_start(items[-1])}" if items else "no transcript was given"


def _skill(app: str, number: int) -> dict[str, Any]:
    return {"id": f"skill-{number}", "app": app, "method_type": "ui"}


def _target(item: _Item) -> str:
    details = item.get("target_element_details")
    shown = details.get("element_visible_text") if isinstance(details, dict) else None
    return str(shown or item.get("application_in_focus") or "the screen")


def _node(name: str, block: _Block, *, row: int) -> dict[str, Any]:
    first = block.items[0] if block.items else {}
    if block.action == "AUDIO":
        label = f"Does this hold: {first['verbatim_transcript_segment']}"
    elif block.kind == "decision":
        label = f"Is the dialog in {block.app} the expected one?"
    else:
        verb = _VERBS.get(block.action, block.action.replace("_", " ").capitalize())
        times = f" ({len(block.items)} times)" if len(block.items) > 1 else ""
        label = f"{verb} {_target(first)} in {block.app}{times}"
    seen = first.get("screen_region_description_post_action")
    context = f"At {_start(first)}. {seen or ''}".strip() if first else "Nothing was observed."
    # Only a request whose items have names can be answered with them.
    names = [item["id"] for item in block.items if "id" in item]
    return {
        "id": name,
        "type": block.kind,
        **({"evidence": names[:_MOST_EVIDENCE]} if names else {}),
        "label": label,
        "intent": f"Reach the state seen at {_start(block.items[-1])}." if block.items else "Unknown.",
        "context": context,
        "position": {"x": 0, "y": 120 * row},
    }


def _edges(names: list[str], blocks: list[_Block]) -> Iterator[dict[str, str]]:
    onward = [*names[1:], "end-1", "end-1"]
    for number, (name, block) in enumerate(zip(names, blocks, strict=True)):
        if block.kind == "decision":
            yield {"source": name, "target": onward[number], "condition": "yes"}
            yield {"source": name, "target": onward[number + 1], "condition": "no"}
        else:
            yield {"source": name, "target": onward[number], "condition": "next"}


def _variables(blocks: list[_Block]) -> Iterator[tuple[str, str]]:
    number = 0
    for block in blocks:
        for item in block.items:
            entered = item.get("data_input_observed")
            typed = entered.get("typed_characters") if isinstance(entered, dict) else None
            if typed and number < _MOST_BLOCKS:
                number += 1
                yield f"typed_text_{number}", str(typed)


def _questions(names: list[str], blocks: list[_Block]) -> Iterator[dict[str, str]]:
    for name, block in zip(names, blocks, strict=True):
        if block.action == "MODAL_OPEN":
            yield {
                "id": f"question-{name}",
                "question": f"What should be done when the dialog at {_start(block.items[0])} looks different?",
                "importance": "medium",
            }
