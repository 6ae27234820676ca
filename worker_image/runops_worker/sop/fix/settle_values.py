"""Edges, variables and clarification requests. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.edges_in_nodes import edges_in_nodes
from runops_worker.sop.fix.questions import Question
from runops_worker.sop.fix.text_of import first_text, text_of

__all__ = ["settle_edges", "settle_requests", "settle_variables"]

_LONGEST_ID = 200
_ARROW = re.compile(
    r"\s*(?P<source>.{1,200}?)\s*(?:-+>|=+>|\u2192)\s*(?P<target>.{1,200}?)"
    r"(?:\s*[(\[:]\s*(?P<condition>[\w ]+)[)\]]?)?\s*"
)
_NOT_IN_KEY = re.compile(r"[\W_]+")
_IMPORTANCE: Final = {"critical": "high", "urgent": "high", "normal": "medium", "moderate": "medium", "minor": "low"}


def settle_edges(raw: Any, *, nodes: Any = None) -> list[dict[str, str]]:
    """Return the edges that name a source and a target. A condition may be any text.

    Parameters
    ----------
    raw
        The edges as the model wrote them: objects, pairs, or texts with an arrow.
    nodes
        The nodes as the model wrote them; edges may be in them.
    """
    edges = [edge for item in (raw if isinstance(raw, list) else []) if (edge := _edge(item)) is not None]
    return [*edges, *edges_in_nodes(nodes, with_edges=frozenset(edge["source"] for edge in edges))]


def _edge(item: Any) -> dict[str, str] | None:
    if isinstance(item, str) and (arrow := _ARROW.fullmatch(item)) is not None:
        item = arrow.groupdict()
    elif isinstance(item, list) and len(item) in {2, 3}:
        item = dict(zip(("source", "target", "condition"), item, strict=False))
    if not isinstance(item, dict):
        return None
    source = _end_of(item, "source", "from", "src")
    target = _end_of(item, "target", "to", "dst", "destination")
    condition = first_text(item, ("condition", "label", "type", "answer", "when"))
    return {"source": source, "target": target, "condition": condition} if source and target else None


def _end_of(item: Mapping[str, Any], *names: str) -> str:
    """Return what an end of an edge is called, whether the key says `source`, `sourceId` or `source_node`."""
    spelled = {_NOT_IN_KEY.sub("", key.casefold()): value for key, value in reversed(list(item.items()))} | dict(item)
    keys = [f"{name}{behind}" for name in names for behind in ("", "id", "node", "nodeid")]
    return first_text(spelled, keys)[:_LONGEST_ID]


def settle_variables(raw: Any) -> tuple[dict[str, Any], list[Question]]:
    """Return the map of variables from a map or from pairs; of two values the first counts, and it is asked about."""
    values: dict[str, list[Any]] = {}
    for name, value in _pairs(raw):
        known = values.setdefault(name, [])
        if value not in known:
            known.append(value)
    asked = [questions.value_of(name, map(str, several)) for name, several in values.items() if len(several) > 1]
    return {name: several[0] for name, several in values.items()}, asked


def _pairs(raw: Any) -> list[tuple[str, Any]]:
    if isinstance(raw, dict):
        return [(text_of(name), _scalar(value)) for name, value in raw.items() if text_of(name)]
    pairs = []
    for item in raw if isinstance(raw, list) else []:
        if isinstance(item, dict):
            name = first_text(item, ("key", "name", "id"))
            if name:
                pairs.append((name, _scalar(item.get("value"))))
    return pairs


def _scalar(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value


def settle_requests(raw: Any) -> list[dict[str, Any]]:
    """Return the model's questions. Where two have one id all are numbered, since nothing refers to them."""
    items = raw if isinstance(raw, list) else []
    requests = [request for item in items if (request := _request(item)) is not None]
    ids = [request["id"] for request in requests]
    if "" in ids or len(set(ids)) < len(ids):
        return [{**request, "id": f"question-{number}"} for number, request in enumerate(requests, start=1)]
    return requests


def _request(raw: Any) -> dict[str, Any] | None:
    item: Mapping[str, Any] = raw if isinstance(raw, dict) else {"question": raw}
    question = first_text(item, ("question", "text", "description"))
    if not question:
        return None
    word = text_of(item.get("importance")).strip().casefold()
    word = _IMPORTANCE.get(word, word if word in {"high", "medium", "low"} else "medium")
    return {"id": text_of(item.get("id"))[:_LONGEST_ID], "question": question, "importance": word}
