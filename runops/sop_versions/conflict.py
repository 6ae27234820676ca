"""A place of a SOP that a person and a new run changed in different ways. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CONFLICT_NOTE", "MOST_CONFLICTS", "Conflict", "conflict_sentence"]

MOST_CONFLICTS = 20
"""Conflicts that are listed; of more, their number is told."""
CONFLICT_NOTE = "sop_conflict"
"""Kind of the note in a row."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One place.

    Attributes
    ----------
    place
        For a person, such as `the label of the step "open-orders"`. Names of parts and ids, no other text of the SOP.
    why
        What happened there.
    """

    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.why}"


def conflict_sentence(conflicts: Sequence[Conflict]) -> str:
    """Return one sentence about conflicts, for a row, a VideoJob and an event."""
    places = "1 place" if len(conflicts) == 1 else f"{len(conflicts)} places"
    return (
        f"The SOP in the table was edited, and the new one differs in {places} that cannot be merged. The edited one "
        "stays in the table; `runops sop JOB --diff generated` compares them."
    )
