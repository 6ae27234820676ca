"""Writes notes about one section of a long transcript. Pure and deterministic."""

from collections.abc import Iterator, Sequence
from typing import Any

from devstack.gemini_reading.sop.boxes import clock
from devstack.gemini_reading.sop.graph import Node, Part
from devstack.gemini_reading.sop.outline import outline
from devstack.gemini_reading.sop.procedure import title_of

__all__ = ["ONLY_IF_NO", "ONLY_IF_YES", "SINCE", "read_notes"]

ONLY_IF_YES, ONLY_IF_NO = "Only if yes: ", "Only if no: "
"""Before a question, in what is noted about why: on which way of it a step is."""
SINCE = ", since "
"""In what is noted about repetitions, before the time of the first step: two in a row may be for the same."""


def read_notes(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the notes about a section: what it is about, its steps in order, what is open.

    Parameters
    ----------
    items
        Of the section, with their names (`id`).
    """
    made = outline(items)
    steps = [note for part in made.parts for note in _notes(part)]
    questions = list(dict.fromkeys(made.questions))
    return {"summary": title_of(made, items), "steps": steps, **({"questions": questions} if questions else {})}


def _notes(part: Part, *, only: str = "", repeats: str = "") -> Iterator[dict[str, Any]]:
    if part.body:
        for one in part.body:
            yield from _notes(one, only=only, repeats=f"{part.iterator}{SINCE}{clock(part.body[0].node.at)}")
    elif part.node.kind == "decision":
        for sign, way in ((ONLY_IF_YES, part.yes), (ONLY_IF_NO, part.no)):
            for one in way:
                yield from _notes(one, only=f"{sign}{part.node.label}", repeats=repeats)
    else:
        yield _note(part.node, only=only, repeats=repeats)


def _note(node: Node, *, only: str, repeats: str) -> dict[str, Any]:
    why = " ".join(text for text in (node.intent, only) if text)
    return {
        "ids": node.evidence,
        "at": clock(node.at),
        "app": node.app or "the screen",
        "text": node.label,
        **({"why": why} if why else {}),
        **({"repeats": repeats} if repeats else {}),
    }
