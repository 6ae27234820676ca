"""The steps of a SOP in reading order, and which step of one SOP is which of another. Pure."""

from dataclasses import dataclass

from evaluation.matching.one_to_one import Pair, one_to_one
from evaluation.matching.similarity import SAME_STEP, step_similarity
from runops.sop import Node, Sop
from runops.sop_outline import in_outline_order

__all__ = ["MOST_STEPS", "Step", "match_steps", "similarities", "steps_of"]

MOST_STEPS = 500
"""Steps that are compared: a SOP has some ten. More are an error of the model, and cut."""


@dataclass(frozen=True, slots=True)
class Step:
    """A task, decision or loop of a SOP.

    Attributes
    ----------
    node
        The node.
    text
        Everything that it says.
    """

    node: Node
    text: str


def steps_of(sop: Sop | None) -> list[Step]:
    """Return the steps in the order in which they are read; none of no SOP."""
    if sop is None:
        return []
    nodes = [node for node in in_outline_order(sop).public.nodes if node.type in {"task", "decision", "loop"}]
    return [Step(node, _text(node)) for node in nodes[:MOST_STEPS]]


def _text(node: Node) -> str:
    parts = (node.label, node.context, node.iterator, node.exit_condition, node.intent)
    sentences = [part.strip() for part in parts if part and part.strip()]
    return " ".join(part if part[-1] in ".!?" else f"{part}." for part in sentences)


def similarities(gold: list[Step], made: list[Step]) -> dict[Pair, float]:
    """Return the similarity of each pair of steps that may be the same.

    That of their labels, or that of everything they say, if it is higher: some write into the label what others write
    into the context.
    """
    found: dict[Pair, float] = {}
    for row, one in enumerate(gold):
        for column, other in enumerate(made):
            similarity = max(step_similarity(one.node.label, other.node.label), step_similarity(one.text, other.text))
            if similarity >= SAME_STEP:
                found[row, column] = similarity
    return found


def match_steps(gold: list[Step], made: list[Step]) -> list[Pair]:
    """Return which steps are the same, one to one, as indices into both lists."""
    return one_to_one(similarities(gold, made))
