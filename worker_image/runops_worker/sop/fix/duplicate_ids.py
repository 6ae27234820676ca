"""Two nodes with one id: the same step written twice is one node, another step gets an id of its own. Pure."""

from typing import Any

__all__ = ["unique_nodes"]


def unique_nodes(nodes: list[dict[str, Any]]) -> tuple[dict[str, dict[str, Any]], int]:
    """Return the nodes by id, and how many were renamed or merged.

    Edges and steps that name a repeated id mean its first node. Another node has no edges then, so that its place is
    found, or asked for, as that of any unreachable node.
    """
    found: dict[str, dict[str, Any]] = {}
    taken = {node["id"] for node in nodes}
    changes = 0
    for node in nodes:
        name = node["id"]
        first = found.get(name)
        if first is None:
            found[name] = node
            continue
        changes += 1
        if (first["type"], _words(first["label"])) == (node["type"], _words(node["label"])):
            found[name] = {**node, **first, **_evidence(first, node)}
            continue
        number = 2
        while f"{name}-{number}" in taken:
            number += 1
        taken.add(f"{name}-{number}")
        found[f"{name}-{number}"] = {**node, "id": f"{name}-{number}"}
    return found, changes


def _evidence(*nodes: dict[str, Any]) -> dict[str, Any]:
    named = [item for node in nodes if isinstance(items := node.get("evidence"), list) for item in items]
    return {"evidence": list({str(item): item for item in named}.values())} if named else {}


def _words(label: str) -> str:
    return "".join(character for character in label.casefold() if character.isalnum())
