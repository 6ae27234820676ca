"""Joins what was done with what was said meanwhile. Pure."""

import re
from collections.abc import Sequence

from devstack.gemini_reading.sop.narration import Sentence, imperative, told_action
from devstack.gemini_reading.sop.steps import Step

__all__ = ["LEAD", "NEAR", "said_until", "told_steps"]

NEAR = 14.0
"""Seconds within which two sentences are about the same."""
LEAD = 0.4
"""Seconds from the first word to what it is about, at least."""
_NAMED_BY_SPEECH = {
    "scroll": re.compile(r"(?i)scroll"),
    "icon": re.compile(r"(?i)^(?:click|press|open|choose|tap|select|go|close|delete|add) "),
    "switch": re.compile(r"(?i)^(?:switch|go|open|change) "),
}
"""Steps whose aim the screen does not tell: what is said about them names them."""


def told_steps(steps: list[Step], said: Sequence[Sentence]) -> list[Step]:
    """Give each step the sentence that is said meanwhile; keep looks only where somebody says what to look at."""
    kept = []
    for step in steps:
        now = [one for one in said if one.start <= step.acted - LEAD and step.start - LEAD < said_until(one, said)]
        step.said = [one.text for one in now if not one.condition and not one.topic]
        if (wanted := _NAMED_BY_SPEECH.get(step.kind)) is not None:
            step.label = next((told for one in now if wanted.search(told := told_action(one.text))), step.label)
        if step.kind != "look":
            kept.append(step)
            continue
        # The sentences of one breath belong together.
        checks = [one for one in now if one.item is now[-1].item and one.checks and not one.condition]
        if checks:
            step.label = _look(step, checks[0])
            step.items.append(checks[0].item)
            kept.append(step)
    return kept


def said_until(sentence: Sentence, said: Sequence[Sentence]) -> float:
    """Return when the next sentence begins."""
    later = [one.start for one in said if one.start > sentence.start]
    return min(later, default=sentence.end + NEAR)


def _look(step: Step, sentence: Sentence) -> str:
    told = imperative(sentence.text).split(",")[0]
    if told.split(" ")[0].casefold() in {"check", "verify", "confirm", "look", "see", "prüfe", "kontrolliere"}:
        return f'{told}: "{step.target}"'
    return f'Check that the screen shows "{step.target}"'
