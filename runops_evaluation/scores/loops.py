"""Whether loops repeat what the true ones repeat. Pure."""

from collections.abc import Mapping, Sequence

from runops_evaluation.matching.one_to_one import one_to_one
from runops_evaluation.matching.steps import Step

__all__ = ["loop_score"]


def loop_score(gold_steps: Sequence[Step], made_steps: Sequence[Step], *, same: Mapping[str, str]) -> float | None:
    """Return the Jaccard index of loop bodies, over the larger number of loops; None where there are none of both.

    Loops are paired by their bodies. The index of a pair is the number of steps that are in both bodies by the number
    of those in either. A loop without a partner has index 0.

    Parameters
    ----------
    gold_steps, made_steps
        Steps of both SOPs.
    same
        Which node of the made SOP is which of the true one.
    """
    wanted, there = _bodies(gold_steps), _bodies(made_steps)
    if not wanted and not there:
        return None
    similar = {
        (row, column): index
        for row, body in enumerate(wanted)
        for column, other in enumerate(there)
        if (index := _jaccard(body, other, same))
    }
    return sum(similar[pair] for pair in one_to_one(similar)) / max(len(wanted), len(there))


def _bodies(steps: Sequence[Step]) -> list[frozenset[str]]:
    return [frozenset(step.node.children or ()) for step in steps if step.node.type == "loop"]


def _jaccard(body: frozenset[str], made: frozenset[str], same: Mapping[str, str]) -> float:
    both = len({same[name] for name in made if name in same} & body)
    return both / (len(body) + len(made) - both)
