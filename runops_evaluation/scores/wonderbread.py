"""Precision, recall and ordering by the formulas of WONDERBREAD (arXiv:2406.13264). Pure.

There a model judges each line: which line of the other SOP holds what it is about, the first one of several, or none.
Any number of lines may lead to the same one. Here the similarity of steps takes the model's place.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from runops_evaluation.matching.one_to_one import Pair

__all__ = ["Wonderbread", "wonderbread"]


@dataclass(frozen=True, slots=True)
class Wonderbread:
    """The figures of one SOP. F1 is the harmonic mean of precision and recall."""

    precision: float
    recall: float
    f1: float
    ordering: float


def wonderbread(similar: Mapping[Pair, float], *, gold: int, made: int) -> Wonderbread:
    """Return the figures.

    Parameters
    ----------
    similar
        The similarity of each pair of a true and a made step that may be the same.
    gold, made
        Numbers of steps. Where one of both is 0, which WONDERBREAD does not define, all figures are 0; where both are,
        all are 1.
    """
    if not gold or not made:
        figure = float(gold == made)
        return Wonderbread(figure, figure, figure, figure)
    lines = [
        _best([(similarity, row) for (row, at), similarity in similar.items() if at == one]) for one in range(made)
    ]
    known = [line for line in lines if line is not None]
    precision = len(known) / made
    recall = len({row for row, _ in similar}) / gold
    in_order, last = 0, 0
    for line in known:
        if line >= last:
            in_order, last = in_order + 1, line
    total = precision + recall
    return Wonderbread(precision, recall, 2 * precision * recall / total if total else 0.0, in_order / made)


def _best(candidates: list[tuple[float, int]]) -> int | None:
    return min(candidates, key=lambda one: (-one[0], one[1]))[1] if candidates else None
