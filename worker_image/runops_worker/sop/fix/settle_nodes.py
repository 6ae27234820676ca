"""The fields of each node: a known type, a label, and what only a loop has on loops only. Pure."""

import math
from collections.abc import Mapping
from typing import Any

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.questions import Question
from runops_worker.sop.fix.text_of import first_text, has_content, text_of
from runops_worker.sop.wording.sentences import Wording

__all__ = ["settle_nodes"]

_TYPES = {
    "trigger": "trigger start begin entry startevent",
    "decision": "decision condition if branch gateway question choice exclusivegateway switch",
    "loop": "loop foreach for while repeat iteration iterate",
    "end": "end stop finish endevent terminal exit final",
}
_TYPE_OF = {word: kind for kind, words in _TYPES.items() for word in words.split()}
_LABELS = ("label", "title", "name", "text", "description", "intent", "context")
_DEEPEST = 4
_LONGEST_ID = 200


def settle_nodes(raw: Any, *, wording: Wording) -> tuple[list[dict[str, Any]], list[Question]]:
    """Return the nodes, each with `id`, `type` and `label`, and what they leave open.

    `children` of any node are kept as a list of ids, for `loop_children` to judge; `evidence` is kept as it is. Nodes
    that are written inside a loop's `children` are nodes like others.
    """
    asked: list[Question] = []
    nodes: list[dict[str, Any]] = []
    for item, depth in _flat(raw):
        node = _node(item, number=len(nodes) + 1, asked=asked, deeper=depth < _DEEPEST, wording=wording)
        nodes.append(node)
    return nodes, asked


def _flat(raw: Any) -> list[tuple[dict[str, Any], int]]:
    """Return the nodes and those in their children, each after its parent."""
    if isinstance(raw, dict):
        raw = [{"id": name, **node} for name, node in raw.items() if isinstance(node, dict)]
    waiting = [(item, 0) for item in reversed(raw if isinstance(raw, list) else [])]
    found: list[tuple[dict[str, Any], int]] = []
    while waiting:
        item, depth = waiting.pop()
        if not isinstance(item, dict) or not item:
            continue
        found.append((item, depth))
        inner = item.get("children")
        if isinstance(inner, list) and depth < _DEEPEST:
            waiting += [(child, depth + 1) for child in reversed(inner) if _is_node(child)]
    return found


def _is_node(child: Any) -> bool:
    """Tell whether a child is a node, and not the name of one."""
    return isinstance(child, dict) and not set(child) <= {"id", "node_id", "position", "order"}


def _id(raw: Mapping[str, Any]) -> str:
    return first_text(raw, ("id", "node_id", "id_path", "name", "label"))[:_LONGEST_ID]


def _node(
    raw: Mapping[str, Any], *, number: int, asked: list[Question], deeper: bool, wording: Wording
) -> dict[str, Any]:
    name = _id(raw) or f"node-{number}"
    kind = _type(raw)
    label = first_text(raw, _LABELS)
    if not label:
        label = name
        if kind in {"task", "decision"}:
            asked.append(questions.unnamed(name))
    node: dict[str, Any] = {"id": name, "type": kind, "label": label}
    for field in ("intent", "context"):
        if text := text_of(raw.get(field)):
            node[field] = text
    if (position := _position(raw.get("position"))) is not None:
        node["position"] = position
    children = _children(raw.get("children")) if deeper else []
    if kind == "loop":
        node |= {"iterator": text_of(raw.get("iterator")) or label, "children": children}
        node["exit_condition"] = text_of(raw.get("exit_condition"))
        if not node["exit_condition"]:
            node["exit_condition"] = wording.say("none_is_left")
            asked.append(questions.until_when(label))
        node["isBranchRoot"] = True
    elif children:
        fields = {field: text for field in ("iterator", "exit_condition") if (text := text_of(raw.get(field)))}
        node |= {"children": children, **fields}
    if has_content(raw.get("evidence")):
        node["evidence"] = raw["evidence"]
    # A sound node keeps the order of its keys as well.
    return {key: node[key] for key in [*(key for key in raw if key in node), *(key for key in node if key not in raw)]}


def _type(raw: Mapping[str, Any]) -> str:
    word = "".join(character for character in text_of(raw.get("type")).casefold() if character.isalpha())
    return _TYPE_OF.get(word, "task")


def _children(raw: Any) -> list[str]:
    items = raw if isinstance(raw, list) else [raw]
    names = [_id(item) if isinstance(item, dict) else text_of(item)[:_LONGEST_ID] for item in items]
    return [name for name in names if name]


def _position(raw: Any) -> dict[str, Any] | None:
    if not isinstance(raw, dict):
        return None
    position: dict[str, Any] = {}
    for axis in ("x", "y"):
        value = raw.get(axis)
        try:
            number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
        except (ValueError, OverflowError):
            return None
        if not math.isfinite(number):
            return None
        position[axis] = number if isinstance(value, str) else value
    return position
