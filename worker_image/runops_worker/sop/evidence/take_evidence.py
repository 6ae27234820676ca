"""Takes the names of items out of an answer: the SOP's agreed form has no place for them. Pure."""

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["Cited", "take_evidence"]

Cited = dict[str, tuple[str, ...]]
"""The items that each node names, by the node's id."""

_ID = re.compile(r"t\d{1,6}")
_RANGE = re.compile(r"(t\d{1,6})\s*(?:-|–|to|bis|\.\.)\s*(t\d{1,6})")  # noqa: RUF001
_LONGEST_RANGE = 50


def take_evidence(raw: dict[str, Any]) -> tuple[dict[str, Any], Cited]:
    """Return the answer without the key `evidence` of its nodes, and what was under it.

    Models write ids as a list, as one text, in brackets, as a range (`t0003-t0006`) or with a wrong number of zeros.
    All of that is read; whether the items exist is checked later.
    """
    public = raw.get("public")
    if not isinstance(public, dict) or not isinstance(nodes := public.get("nodes"), list):
        return raw, {}
    cited: Cited = {}
    kept: list[Any] = []
    for node in nodes:
        if isinstance(node, dict) and "evidence" in node:
            if isinstance(node.get("id"), str):
                cited[node["id"]] = tuple(dict.fromkeys(_ids(node["evidence"])))
            kept.append({key: value for key, value in node.items() if key != "evidence"})
        else:
            kept.append(node)
    return {**raw, "public": {**public, "nodes": kept}}, cited


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        at = 0
        for found in _RANGE.finditer(value):
            yield from map(_full, _ID.findall(value[at : found.start()]))
            yield from _between(int(found[1][1:]), int(found[2][1:]))
            at = found.end()
        yield from map(_full, _ID.findall(value[at:]))
    elif isinstance(value, list):
        for each in value:
            yield from _ids(each)
    elif isinstance(value, dict):
        yield from _ids(list(value.values()))


def _full(name: str) -> str:
    return f"t{int(name[1:]):04d}"


def _between(first: int, last: int) -> Iterator[str]:
    if first <= last < first + _LONGEST_RANGE:
        yield from (f"t{number:04d}" for number in range(first, last + 1))
    else:
        yield from (f"t{number:04d}" for number in (first, last))
