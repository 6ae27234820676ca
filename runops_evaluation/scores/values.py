"""Whether matched steps name the values of the true ones. Pure."""

from collections.abc import Sequence

from runops_evaluation.matching.one_to_one import Pair
from runops_evaluation.matching.steps import Step
from runops_evaluation.text.literals import literals, states

__all__ = ["step_values"]


def step_values(gold: Sequence[Step], made: Sequence[Step], pairs: Sequence[Pair]) -> float | None:
    """Return the share of literals of true steps that their matched steps have; None where these steps have none."""
    wanted = [(literal, made[column].compared) for row, column in pairs for literal in literals(gold[row].compared)]
    return sum(states(text, literal) for literal, text in wanted) / len(wanted) if wanted else None
