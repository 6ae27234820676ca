"""Orders what was done and what was said into the way through a procedure: tasks, decisions, loops. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from devstack.gemini_reading.sop.decisions import Told
from devstack.gemini_reading.sop.entries import entries_of
from devstack.gemini_reading.sop.graph import Part
from devstack.gemini_reading.sop.loops import spoken_loop, with_loops
from devstack.gemini_reading.sop.marks import marks_of
from devstack.gemini_reading.sop.narration import Sentence, sentences
from devstack.gemini_reading.sop.repetition import repetitions_in
from devstack.gemini_reading.sop.steps import Step, seconds, steps_of
from devstack.gemini_reading.sop.told_steps import told_steps

__all__ = ["Outline", "outline"]

_LEAST_STEPS = 3
"""In all times of a repetition: what is shorter is no loop."""


@dataclass
class Outline:
    """The way through, and what is left to ask.

    Attributes
    ----------
    parts
        From the trigger to the end.
    steps
        The steps that were seen, in order.
    said
        The sentences, in order.
    questions
        What the recording leaves open.
    """

    parts: list[Part] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    said: list[Sentence] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def outline(items: Sequence[dict[str, Any]]) -> Outline:
    """Return the outline of a transcript."""
    items = sorted(items, key=_start_of)
    said, seen = sentences(items), steps_of(items)
    steps = told_steps(list(seen), said)
    told = Told(said, [step for step in seen if step.kind == "look"])
    done = [step for step in steps if step.kind != "look"]
    marks = marks_of(done)
    repetitions = [one for one in repetitions_in(marks) if one.end - one.start >= _LEAST_STEPS]
    parts = with_loops(entries_of(steps, said), done, repetitions, told)
    each = next((one for one in said if one.each), None)
    if each is not None and parts and not repetitions:
        parts = [spoken_loop(parts, each)]
    return Outline(parts, steps, said, told.questions)


def _start_of(item: dict[str, Any]) -> float:
    return seconds(item.get("timestamp_start_visual") or item.get("timestamp_start_audio"))
