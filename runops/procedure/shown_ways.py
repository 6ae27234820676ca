"""Which ways out of a step a document names. Pure."""

from runops.procedure.model import ShownStep, Way

__all__ = ["shown_ways"]


def shown_ways(step: ShownStep) -> tuple[Way, ...]:
    """Return the ways out of a step that are worth a word: not the only one that leads to the step below."""
    is_plain = len(step.ways) == 1 and step.ways[0].condition == "next" and step.ways[0].number == step.number + 1
    return () if is_plain else step.ways
