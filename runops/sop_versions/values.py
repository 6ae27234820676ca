"""Parts of a SOP as JSON, compared the way its readers take them. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from runops.sop import Clarification, Edge, Meta, Node, Position, Private, Public, Skill, Sop, Step, Trigger
from runops.sop_graph import graph_faults

__all__ = ["known_sop", "objects", "same", "text_of"]


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values mean the same: a key with null is one that is not there."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        # Of the variables, a name without a value is one all the same.
        return all(
            one.get(key) == other.get(key) if key == "variables" else same(one.get(key), other.get(key))
            for key in {*one, *other}
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def objects(value: Any) -> list[dict[str, Any]] | None:
    """Return a list of objects: an empty one for an absent value, and None for anything that is not such a list."""
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    return None


def text_of(value: Any) -> str:
    """Return a text without differences of case and spacing; empty for what is no text."""
    return " ".join(value.casefold().split()) if isinstance(value, str) else ""


def known_sop(value: Mapping[str, Any]) -> Sop | list[str]:
    """Return the SOP in a value, or sentences about the rules that it breaks.

    Keys that an app added are left out before: they are the app's, and break no rule of the graph.
    """
    try:
        sop = Sop.model_validate(_known(Sop, value))
    except ValidationError as error:
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}"[:200] for one in error.errors()]
    return graph_faults(sop) or sop


_INSIDE: Mapping[tuple[type[BaseModel], str], type[BaseModel]] = {
    (Sop, "meta"): Meta,
    (Sop, "public"): Public,
    (Sop, "private"): Private,
    (Public, "triggers"): Trigger,
    (Public, "nodes"): Node,
    (Public, "edges"): Edge,
    (Public, "clarification_requests"): Clarification,
    (Node, "position"): Position,
    (Private, "skills"): Skill,
    (Private, "steps"): Step,
}


def _known(model: type[BaseModel], value: Any) -> Any:
    if isinstance(value, list):
        return [_known(model, item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: _known(_INSIDE[model, name], part) if (model, name) in _INSIDE else part
        for name, part in value.items()
        if name in model.model_fields and part is not None
    }
