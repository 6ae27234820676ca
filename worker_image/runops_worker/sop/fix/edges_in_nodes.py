"""Edges that a model writes inside of nodes: `"next": "b"`, or `"yes": "b", "no": "c"`. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from runops_worker.sop.fix.text_of import first_text

__all__ = ["edges_in_nodes"]

_NAMES = {
    "next": ("next", "next_node", "next_step", "nextNode", "nextStep", "next_id"),
    "yes": ("yes", "on_yes", "if_yes", "yes_next", "true", "then"),
    "no": ("no", "on_no", "if_no", "no_next", "false", "else"),
    "all_processed": ("all_processed", "on_all_processed", "on_done", "after"),
}
_LONGEST_ID = 200


def edges_in_nodes(raw: Any, *, with_edges: frozenset[str]) -> Iterator[dict[str, str]]:
    """Give the edges of nodes that have none in the list of edges.

    Parameters
    ----------
    raw
        The nodes as the model wrote them.
    with_edges
        Ids of the nodes that have edges in the list.
    """
    if isinstance(raw, dict):
        raw = [{"id": name, **node} for name, node in raw.items() if isinstance(node, dict)]
    for node in raw if isinstance(raw, list) else []:
        source = first_text(node, ("id", "node_id", "name", "label"))[:_LONGEST_ID] if isinstance(node, dict) else ""
        if source and source not in with_edges:
            yield from _of_node(node, source)


def _of_node(node: Mapping[str, Any], source: str) -> Iterator[dict[str, str]]:
    for condition, names in _NAMES.items():
        for target in _targets(next((node[name] for name in names if node.get(name)), None)):
            yield {"source": source, "target": target, "condition": condition}


def _targets(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        target = first_text(item if isinstance(item, dict) else {"id": item}, ("id", "target", "to", "node_id"))
        if target.strip():
            yield target[:_LONGEST_ID]
