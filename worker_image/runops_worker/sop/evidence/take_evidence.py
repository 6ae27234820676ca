"""Takes the names of items out of an answer: the SOP's agreed form has no place for them. Pure."""

from typing import Any

from runops_worker.sop.evidence.item_ids import read_ids

__all__ = ["Cited", "take_evidence"]

Cited = dict[str, tuple[str, ...]]
"""The items that each node names, by the node's id."""


def take_evidence(raw: dict[str, Any]) -> tuple[dict[str, Any], Cited]:
    """Return the answer without the key `evidence` of its nodes, and what was under it.

    Ids are read as models write them, see `read_ids`. Whether the items exist is checked later.
    """
    public = raw.get("public")
    if not isinstance(public, dict) or not isinstance(nodes := public.get("nodes"), list):
        return raw, {}
    cited: Cited = {}
    kept: list[Any] = []
    for node in nodes:
        if isinstance(node, dict) and "evidence" in node:
            if isinstance(node.get("id"), str):
                cited[node["id"]] = read_ids(node["evidence"])
            kept.append({key: value for key, value in node.items() if key != "evidence"})
        else:
            kept.append(node)
    return {**raw, "public": {**public, "nodes": kept}}, cited
