"""Reads a SOP that the app or another worker wrote or edited, to show it. Pure.

Writing is strict (`runops.sop`); what this module returns is never written. The forms that it reads are not documented
by the app: keys such as `id_path` and `parentId` are known by name only. So what can be understood is kept, and the
rest is left out.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from runops.sop import Clarification, Edge, Meta, Node, Private, Public, Skill, Sop, Step, Trigger

__all__ = ["sop_as_stored"]

_NODE_TYPES = {"task", "decision", "loop", "trigger", "end"}
_CONDITIONS = {"next", "yes", "no", "all_processed"}
_IMPORTANCE = {"high", "medium", "low"}
_DEEPEST = 4

T = TypeVar("T", bound=BaseModel)


def sop_as_stored(data: Mapping[str, Any]) -> Sop | None:
    """Return the SOP without checking it; None where it has no node.

    Parts that are missing are empty. A node belongs to a loop by the loop's `children`, or by its own `parentId`. Edges
    may name nodes by `id` or by `id_path`.
    """
    public = _object(data.get("public")) or data
    found = list(_nodes(public.get("nodes"), parent=None, depth=0))
    if not found:
        return None
    ids = {path: name for name, path, _, _ in found if path} | {name: name for name, _, _, _ in found}
    parents = {name: ids[parent] for name, _, parent, _ in found if parent in ids}
    nodes = [_node(name, raw, ids=ids, parents=parents) for name, _, _, raw in found]
    return _built(
        Sop,
        meta=_meta(_object(data.get("meta"))),
        public=_built(
            Public,
            triggers=[_trigger(item) for item in _objects(public.get("triggers"))],
            nodes=nodes,
            edges=[edge for item in _objects(public.get("edges")) if (edge := _edge(item, ids)) is not None],
            variables=_variables(public.get("variables")),
            clarification_requests=_requests(public.get("clarification_requests")),
        ),
        private=_private(_object(data.get("private")), ids),
    )


def _built(model: type[T], **values: Any) -> T:
    return model.model_construct(**values)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, (_text(item) for item in value if not isinstance(item, list))))
    return "" if value is None or isinstance(value, dict) else str(value)


def _first(values: Mapping[str, Any], *names: str) -> str:
    return next((text for name in names if (text := _text(values.get(name)))), "")


def _nodes(value: Any, *, parent: str | None, depth: int) -> Iterable[tuple[str, str, str | None, Mapping[str, Any]]]:
    """Give id, path, parent and object of each node, those within a loop's children too."""
    for number, raw in enumerate(_objects(value), start=1):
        path = _first(raw, "id_path")
        name = _first(raw, "id") or path or f"{parent or 'node'}-{number}"
        yield name, path, _first(raw, "parentId") or parent, raw
        if depth < _DEEPEST:
            yield from _nodes(raw.get("children"), parent=name, depth=depth + 1)


def _node(name: str, raw: Mapping[str, Any], *, ids: Mapping[str, str], parents: Mapping[str, str]) -> Node:
    named = [
        _first(item, "id", "id_path") if isinstance(item, dict) else _text(item) for item in _list(raw, "children")
    ]
    children = [ids[child] for child in named if child in ids]
    children += [child for child, parent in parents.items() if parent == name]
    kind = _text(raw.get("type")).casefold()
    if kind not in _NODE_TYPES:
        kind = "loop" if children else "task"
    return _built(
        Node,
        id=name,
        type=kind,
        label=_first(raw, "label", "title", "name") or _first(_object(raw.get("data")), "label") or name,
        intent=_text(raw.get("intent")) or None,
        context=_text(raw.get("context")) or None,
        iterator=_text(raw.get("iterator")) or None,
        children=list(dict.fromkeys(child for child in children if child != name)) or None,
        exit_condition=_text(raw.get("exit_condition")) or None,
    )


def _list(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw.get(name)
    return value if isinstance(value, list) else []


def _edge(raw: Mapping[str, Any], ids: Mapping[str, str]) -> Edge | None:
    source, target = ids.get(_text(raw.get("source"))), ids.get(_text(raw.get("target")))
    if source is None or target is None:
        return None
    word = (_first(raw, "condition", "label") or _first(_object(raw.get("data")), "condition")).casefold()
    return _built(Edge, source=source, target=target, condition=word if word in _CONDITIONS else "next")


def _meta(raw: Mapping[str, Any]) -> Meta:
    owner = raw.get("owner")
    return _built(
        Meta,
        id=_text(raw.get("id")),
        title=_first(raw, "title", "name", "goal") or "Untitled procedure",
        version=_text(raw.get("version")),
        goal=_text(raw.get("goal")),
        purpose=_text(raw.get("purpose")),
        owner=[text for item in (owner if isinstance(owner, list) else [owner]) if (text := _text(item))],
        created=_text(raw.get("created")) or None,
    )


def _trigger(raw: Mapping[str, Any]) -> Trigger:
    return _built(
        Trigger,
        type=_text(raw.get("type")) or "manual",
        description=_first(raw, "description", "label", "name"),
        **{name: _text(raw.get(name)) or None for name in ("config", "endpoint", "signal")},
    )


def _variables(raw: Any) -> dict[str, Any]:
    if isinstance(raw, dict):
        return {name: _text(value) for name, value in raw.items()}
    return {name: _text(item.get("value")) for item in _objects(raw) if (name := _first(item, "key", "name"))}


def _requests(raw: Any) -> list[Clarification]:
    requests = []
    for number, item in enumerate(raw if isinstance(raw, list) else [], start=1):
        given = item if isinstance(item, dict) else {"question": item}
        word = _text(given.get("importance")).casefold()
        if question := _first(given, "question", "text"):
            name, importance = _text(given.get("id")) or str(number), word if word in _IMPORTANCE else "medium"
            requests.append(_built(Clarification, id=name, question=question, importance=importance))
    return requests


def _private(raw: Mapping[str, Any], ids: Mapping[str, str]) -> Private | None:
    if not raw:
        return None
    skills = [
        _built(
            Skill,
            id=_first(item, "id", "app"),
            app=_first(item, "app", "name", "id"),
            method_type=_text(item.get("method_type")) or "ui",
        )
        for item in _objects(raw.get("skills"))
    ]
    steps = [
        _built(
            Step,
            node_id=ids.get(_text(item.get("node_id")), ""),
            primary_skill=_text(item.get("primary_skill")),
            alt_skills=[_text(skill) for skill in _list(item, "alt_skills")] or None,
        )
        for item in _objects(raw.get("steps"))
    ]
    return _built(Private, skills=skills, steps=steps, artifacts=[])
