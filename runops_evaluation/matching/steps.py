"""The steps of a SOP in reading order, and which step of one SOP is which of another. Pure."""

from dataclasses import dataclass

from runops.sop import Node, Sop
from runops.sop_outline import in_outline_order
from runops_evaluation.matching.one_to_one import Pair, one_to_one
from runops_evaluation.matching.similarity import SAME_STEP, step_similarity
from runops_evaluation.text.spoken_numbers import in_digits

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
    compared_label, compared
        Label and text with numbers in digits: what is compared.
    """

    node: Node
    text: str
    compared_label: str
    compared: str


def steps_of(sop: Sop | None, language: str) -> list[Step]:
    """Return the steps in the order in which they are read; none of no SOP.

    Parameters
    ----------
    sop
        The SOP.
    language
        In which numbers in letters are read.
    """
    if sop is None:
        return []
    nodes = [node for node in in_outline_order(sop).public.nodes if node.type in {"task", "decision", "loop"}]
    return [_step(node, language) for node in nodes[:MOST_STEPS]]


def _step(node: Node, language: str) -> Step:
    text = _text(node)
    return Step(node, text, in_digits(node.label, language), in_digits(text, language))


def _text(node: Node) -> str:
    parts = (node.label, node.context, node.iterator, node.exit_condition, node.intent)
    sentences = [part.strip() for part in parts if part and part.strip()]
    return " ".join(part if part[-1] in ".!?" else f"{part}." for part in sentences)


def similarities(gold: list[Step], made: list[Step]) -> dict[Pair, float]:
    """Return the similarity of each pair of steps that may be the same.

    That of their labels, or that of everything that one of them or both say, whichever is the highest.
    """
    found = {
        (row, column): _similarity(one, other)
        for row, one in enumerate(gold)
        for column, other in enumerate(made)
        # What is repeated is no step of what is repeated, though both may say the same.
        if (one.node.type == "loop") is (other.node.type == "loop")
    }
    return {pair: similarity for pair, similarity in found.items() if similarity >= SAME_STEP}


def _similarity(one: Step, other: Step) -> float:
    """Compare labels, and everything that is said: some write into the label what others write into the context."""
    return max(
        step_similarity(first, second)
        for first in (one.compared_label, one.compared)
        for second in (other.compared_label, other.compared)
    )


def match_steps(gold: list[Step], made: list[Step]) -> list[Pair]:
    """Return which steps are the same, one to one, as indices into both lists."""
    return one_to_one(similarities(gold, made))
