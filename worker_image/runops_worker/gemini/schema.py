"""Schema of a SOP, in the subset of JSON Schema that the Gemini API accepts.

Accepted keywords: type, description, enum, items, properties, required, minItems, maxItems, minimum, maximum, anyOf,
$ref, $defs and a few that annotate (Gemini API, structured output). Long enums, limits on arrays and deep nesting
make the API refuse a schema, so there are none; the exact rules are checked when the answer is read. Properties are
written in the order in which they are required: what is on the screen before what follows from it.

A change here, or of the way an answer is read, raises the answer version in `checkpoint/keys.py`.
"""

from typing import Any

__all__ = ["SOP_SCHEMA"]

_TEXT: dict[str, Any] = {"type": "string"}
_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}


def _record(required: dict[str, Any], *, kind: str | list[str] = "object", **optional: Any) -> dict[str, Any]:
    return {"type": kind, "properties": {**required, **optional}, "required": list(required)}


_NODE_TYPES = ["task", "decision", "loop", "trigger", "end"]

SOP_SCHEMA: dict[str, Any] = _record(
    {
        "meta": _record({"title": _TEXT, "version": _TEXT, "goal": _TEXT, "purpose": _TEXT, "owner": _TEXTS}),
        "public": _record(
            {
                "triggers": {
                    "type": "array",
                    "items": _record(
                        {
                            "type": {"type": "string", "enum": ["cron", "manual", "webhook", "event"]},
                            "description": _TEXT,
                        },
                        config=_TEXT_OR_NULL,
                        endpoint=_TEXT_OR_NULL,
                        signal=_TEXT_OR_NULL,
                    ),
                },
                "nodes": {
                    "type": "array",
                    "items": _record(
                        {"id": _TEXT, "type": {"type": "string", "enum": _NODE_TYPES}, "label": _TEXT},
                        intent=_TEXT_OR_NULL,
                        context=_TEXT_OR_NULL,
                        position=_record({"x": {"type": "integer"}, "y": {"type": "integer"}}),
                        iterator=_TEXT_OR_NULL,
                        children=_TEXTS,
                        exit_condition=_TEXT_OR_NULL,
                        isBranchRoot={"type": "boolean"},
                    ),
                },
                "edges": {
                    "type": "array",
                    "items": _record(
                        {
                            "source": _TEXT,
                            "target": _TEXT,
                            "condition": {"type": "string", "enum": ["next", "yes", "no", "all_processed"]},
                        }
                    ),
                },
                "variables": {"type": "array", "items": _record({"key": _TEXT, "value": _TEXT})},
                "clarification_requests": {
                    "type": "array",
                    "items": _record(
                        {
                            "id": _TEXT,
                            "question": _TEXT,
                            "importance": {"type": "string", "enum": ["high", "medium", "low"]},
                        }
                    ),
                },
            }
        ),
        "private": _record(
            {
                "skills": {
                    "type": "array",
                    "items": _record(
                        {
                            "id": _TEXT,
                            "app": _TEXT,
                            "method_type": {"type": "string", "enum": ["ui", "api", "mcp"]},
                        },
                        viewport=_TEXT_OR_NULL,
                        variables_in=_TEXTS,
                        variables_out=_TEXTS,
                        performance_hint=_TEXT_OR_NULL,
                    ),
                },
                "steps": {
                    "type": "array",
                    "items": _record({"node_id": _TEXT, "primary_skill": _TEXT}, alt_skills=_TEXTS),
                },
                "artifacts": _TEXTS,
            }
        ),
    }
)
"""A SOP without recursion and maps: `variables` is a list of pairs, which becomes the map when the answer is read."""
