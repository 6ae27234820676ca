"""Finds which actions two neighbouring chunks both report. Pure."""

from collections.abc import Sequence

from runops_worker.transcription.merge.same_action import Sighting, difference

__all__ = ["MOST_APART", "paired_actions"]

MOST_APART = 3.0
"""Seconds between two reports of one action: each of the two chunks is wrong by at most 1.5 s."""
_WORDS_COUNT = 1.5
"""How many seconds apart weigh as much as different words."""
_NEAR_AN_EDGE = 2.5
"""Seconds from the edge of a chunk within which the model may leave out an action: 1 s, and 1.5 s of a wrong time."""
_ALONE_NEAR_AN_EDGE = 2.0
_ALONE = 3.5
"""Cost of an action that only one of two chunks reports although both saw it: nearly that of the worst pair."""

Pair = tuple[int, int]


def paired_actions(
    earlier: Sequence[Sighting], later: Sequence[Sighting], *, later_start: float, earlier_end: float
) -> list[Pair]:
    """Return the pairs of items that report one action, as places in the two sequences.

    The pairing with the lowest total cost is taken: seconds apart and different words for each pair, and a fixed cost
    for each action that stays alone. It is low near the edge of the chunk that does not report the action. So of two
    clicks on one button in the overlap, two are left, and a click that a chunk left out at its edge is not taken for
    another one.

    Parameters
    ----------
    earlier, later
        Items of a chunk and of the one after it, each in order.
    later_start, earlier_end
        The overlap of the two chunks, in seconds of the recording.
    """
    costs = {
        (i, j): cost
        for i, one in enumerate(earlier)
        for j, other in enumerate(later)
        if (cost := _cost(one, other)) is not None
    }
    alone_earlier = [_alone(one.item.start - later_start) for one in earlier]
    alone_later = [_alone(earlier_end - other.item.start) for other in later]
    pairs: list[Pair] = []
    # Wrong times may swap two different actions, but not two that can be taken for each other.
    for rows, columns in _groups(costs):
        pairs.extend(_cheapest(rows, columns, costs, alone_earlier, alone_later))
    return sorted(pairs)


def _cost(one: Sighting, other: Sighting) -> float | None:
    apart = abs(one.item.start - other.item.start)
    if apart > MOST_APART:
        return None
    words = difference(one, other)
    return None if words is None else apart + _WORDS_COUNT * words


def _alone(seconds_from_edge: float) -> float:
    return _ALONE_NEAR_AN_EDGE if seconds_from_edge <= _NEAR_AN_EDGE else _ALONE


def _groups(costs: dict[Pair, float]) -> list[tuple[list[int], list[int]]]:
    """Return the sets of items that can be taken for each other, directly or by way of a third one."""
    groups: list[tuple[set[int], set[int]]] = []
    for i, j in costs:
        touched = [group for group in groups if i in group[0] or j in group[1]]
        groups = [group for group in groups if group not in touched]
        groups.append(
            ({i}.union(*(rows for rows, _ in touched)), {j}.union(*(columns for _, columns in touched))),
        )
    return [(sorted(rows), sorted(columns)) for rows, columns in groups]


def _cheapest(
    rows: Sequence[int],
    columns: Sequence[int],
    costs: dict[Pair, float],
    alone_earlier: Sequence[float],
    alone_later: Sequence[float],
) -> list[Pair]:
    """Return the pairs of the cheapest pairing that keeps both orders."""
    # best[j]: cost and pairs for the rows so far and the first j columns.
    best: list[tuple[float, tuple[Pair, ...]]] = [(0.0, ())]
    for j in columns:
        best.append((best[-1][0] + alone_later[j], ()))
    for i in rows:
        row = [(best[0][0] + alone_earlier[i], best[0][1])]
        for place, j in enumerate(columns):
            ways = [
                (best[place + 1][0] + alone_earlier[i], best[place + 1][1]),
                (row[place][0] + alone_later[j], row[place][1]),
            ]
            if (i, j) in costs:
                ways.insert(0, (best[place][0] + costs[i, j], (*best[place][1], (i, j))))
            row.append(min(ways, key=lambda way: way[0]))
        best = row
    return list(best[-1][1])
