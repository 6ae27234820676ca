"""Whether decisions lead where the true ones lead. Pure."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from runops.sop import Sop
from runops_evaluation.matching.one_to_one import one_to_one
from runops_evaluation.matching.steps import Step, similarities

__all__ = ["decision_score"]


class _Way(Enum):
    """Where an answer leads that leads to no step. No id of a node is equal to it, whatever its letters."""

    END = auto()


def decision_score(
    gold: Sop, made: Sop | None, *, gold_steps: Sequence[Step], made_steps: Sequence[Step], same: Mapping[str, str]
) -> float | None:
    """Return 2 * right decisions / (true decisions + made decisions); None where there are none of both.

    A decision is right if its question is the same and both `yes` and `no` lead to the same step as in the true SOP, or
    to its end. A question that is turned round, with its answers swapped, counts as wrong: only its meaning could tell.

    Parameters
    ----------
    gold, made
        Both SOPs.
    gold_steps, made_steps
        Their steps.
    same
        Which node of the made SOP is which of the true one.
    """
    wanted = [step for step in gold_steps if step.node.type == "decision"]
    asked = [step for step in made_steps if step.node.type == "decision"]
    if not wanted and not asked:
        return None
    similar = similarities(wanted, asked)
    ways, ways_made = _ways(gold), _ways(made)
    right = 0
    for row, column in one_to_one(similar):
        one, other = wanted[row].node.id, asked[column].node.id
        right += all(
            (target := ways.get((one, answer))) is not None
            and (there := ways_made.get((other, answer))) is not None
            and (target is there is _Way.END or (isinstance(there, str) and same.get(there) == target))
            for answer in ("yes", "no")
        )
    return 2 * right / (len(wanted) + len(asked))


def _ways(sop: Sop | None) -> dict[tuple[str, str], str | _Way]:
    """Return where each answer leads: the id of a node, or any end."""
    if sop is None:
        return {}
    ends = {node.id for node in sop.public.nodes if node.type == "end"}
    return {
        (edge.source, edge.condition): _Way.END if edge.target in ends else edge.target for edge in sop.public.edges
    }
