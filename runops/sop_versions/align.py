"""Gives the nodes of a new SOP the ids that the same steps had before. Pure.

A model gives its nodes other names each time. Edits, evidence and comparisons go by id, so a step that is there again
keeps its id, and an id never passes to another step.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from runops.sop import Node, Sop
from runops.sop_versions.values import text_of

__all__ = ["aligned_ids", "likeness", "with_ids"]

_ALIKE = 0.5
"""Share of words that the labels of one step have in common, written twice."""


def aligned_ids(new: Sequence[Node], earlier: Sequence[Node]) -> dict[str, str]:
    """Return the id for each node of a new SOP: that of the same step before, or one that no step had.

    Same steps are of one type. They have the same label, or the same id and a word in common, or labels that are more
    alike than any other two. Start and end are the same where there is one of each.
    """
    pairs: dict[str, str] = {}
    # An id that two steps had, in a SOP of another worker, names neither: both would get it, which breaks the graph.
    had, counts = earlier, Counter(node.id for node in earlier)
    earlier = [node for node in had if counts[node.id] == 1]

    def pair(key: Callable[[Node], object]) -> None:
        left = [node for node in new if node.id not in pairs]
        taken = set(pairs.values())
        there = [node for node in earlier if node.id not in taken]
        ours, theirs = _only_ones(left, key), _only_ones(there, key)
        pairs.update({node.id: theirs[one].id for one, node in ours.items() if one in theirs})

    pair(lambda node: (node.type, text_of(node.label)) if text_of(node.label) else None)
    labels = {node.id: node.label for node in earlier}
    pair(lambda node: (node.type, node.id) if likeness(node.label, labels.get(node.id)) > 0 else None)
    pair(lambda node: node.type if node.type in {"trigger", "end"} else None)
    _pair_alike(pairs, new, earlier)
    return _with_free_ids(pairs, new, had)


def likeness(one: str, other: str | None) -> float:
    """Return the share of words that two texts have in common, from 0 to 1; None has no words."""
    words, others = set(text_of(one).split()), set(text_of(other).split())
    return len(words & others) / max(len(words | others), 1)


def with_ids(sop: Sop, ids: Mapping[str, str]) -> Sop:
    """Return a SOP whose nodes have these ids. Names that are no node's stay."""

    def named(name: str) -> str:
        return ids.get(name, name)

    public, private = sop.public, sop.private
    nodes = [
        node.model_copy(
            update={
                "id": named(node.id),
                "children": None if node.children is None else [named(child) for child in node.children],
            }
        )
        for node in public.nodes
    ]
    edges = [
        edge.model_copy(update={"source": named(edge.source), "target": named(edge.target)}) for edge in public.edges
    ]
    if private is not None:
        steps = [step.model_copy(update={"node_id": named(step.node_id)}) for step in private.steps]
        private = private.model_copy(update={"steps": steps})
    return sop.model_copy(
        update={"public": public.model_copy(update={"nodes": nodes, "edges": edges}), "private": private}
    )


def _only_ones(nodes: Iterable[Node], key: Callable[[Node], object]) -> dict[object, Node]:
    """Return the nodes whose key no other one has."""
    keyed = [(one, node) for node in nodes if (one := key(node)) is not None]
    counts = Counter(one for one, _ in keyed)
    return {one: node for one, node in keyed if counts[one] == 1}


def _pair_alike(pairs: dict[str, str], new: Sequence[Node], earlier: Sequence[Node]) -> None:
    taken = set(pairs.values())
    scores = sorted(
        (
            (-likeness(ours.label, theirs.label), ours.id, theirs.id)
            for ours in new
            if ours.id not in pairs
            for theirs in earlier
            if theirs.id not in taken and theirs.type == ours.type
        ),
    )
    counts = Counter((score, side, name) for score, *names in scores for side, name in enumerate(names))
    for score, ours_id, theirs_id in scores:
        is_only = counts[score, 0, ours_id] == 1 and counts[score, 1, theirs_id] == 1
        if -score >= _ALIKE and is_only and ours_id not in pairs and theirs_id not in taken:
            pairs[ours_id] = theirs_id
            taken.add(theirs_id)


def _with_free_ids(pairs: dict[str, str], new: Sequence[Node], earlier: Sequence[Node]) -> dict[str, str]:
    taken = {node.id for node in earlier} | set(pairs.values())
    ids = dict(pairs)
    for node in new:
        if node.id in ids:
            continue
        numbered = (f"{node.id}-{number}" for number in itertools.count(2))
        ids[node.id] = node.id if node.id not in taken else next(name for name in numbered if name not in taken)
        taken.add(ids[node.id])
    return ids
