"""Finds steps that are repeated: the same kinds of steps at the same targets, two times or more in a row. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from devstack.gemini_reading.sop.steps import Step

__all__ = ["Repetition", "repetition_in"]

_LONGEST = 12


@dataclass(frozen=True)
class Repetition:
    """Steps `start` to `start + length` come `times` times."""

    start: int
    length: int
    times: int


def repetition_in(steps: Sequence[Step]) -> Repetition | None:
    """Return the repetition that covers most steps; None where nothing is repeated.

    One step that comes twice is none, except for steps with other values: two fields are filled in, not one twice.
    """
    marks = [step.signature for step in steps]
    best: Repetition | None = None
    for length in range(1, min(_LONGEST, len(steps) // 2) + 1):
        for start in range(len(steps) - 2 * length + 1):
            times = 1
            while marks[start + times * length : start + (times + 1) * length] == marks[start : start + length]:
                times += 1
            found = Repetition(start, length, times)
            needed = 3 if length == 1 else 2
            if times >= needed and (best is None or times * length > best.times * best.length):
                best = found
    return best
