"""Pairs two lists one to one: as many pairs as possible, and among these choices the most similar ones. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import networkx as nx

__all__ = ["Pair", "one_to_one"]

Pair = tuple[int, int]
"""Indices into the first and the second list."""
_STEPS: Final = 1_000_000
"""Similarities are compared to this part of 1, as whole numbers: so the choice is exact."""


def one_to_one(similar: Mapping[Pair, float]) -> list[Pair]:
    """Return the pairs, by their first index.

    Parameters
    ----------
    similar
        The similarity, from 0 to 1, of each pair that may be one. Pairs that are not in it may not.

    Notes
    -----
    The number of pairs is the largest possible one (a maximum matching), so it depends on no order and no tie. Of equal
    choices that with pairs at nearby places in their lists is taken.
    """
    graph: Any = nx.Graph()
    rows = max((row for row, _ in similar), default=0) + 1
    columns = max((column for _, column in similar), default=0) + 1
    for (row, column), similarity in sorted(similar.items()):
        apart = abs(row / rows - column / columns)
        weight = round(similarity * _STEPS) * _STEPS + round((1 - apart) * (_STEPS // (rows + columns)))
        graph.add_edge(("first", row), ("second", column), weight=weight)
    pairs: list[Pair] = []
    for part in list(nx.connected_components(graph)):
        for one, other in nx.max_weight_matching(graph.subgraph(sorted(part)), maxcardinality=True):
            first, second = sorted((one, other))
            pairs.append((first[1], second[1]))
    return sorted(pairs)
