"""Puts what was done and what was said into one order. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from devstack.gemini_reading.sop.boxes import clock, names_of, spoken_task, task
from devstack.gemini_reading.sop.graph import Node, Part
from devstack.gemini_reading.sop.narration import Sentence, question_of, told_action, told_check
from devstack.gemini_reading.sop.steps import Step
from devstack.gemini_reading.sop.told_steps import LEAD, said_until

__all__ = ["Entry", "entries_of"]

_ACTOR = re.compile(r"(?i)^(?:i|we|you|ich|wir)\s")


@dataclass
class Entry:
    """A part, when it comes, and the step or the sentence that it is made of.

    Attributes
    ----------
    is_closing
        Whether it is done at the end in any case.
    is_settled
        Whether the ways that leave a decision are known already.
    """

    part: Part
    at: float
    step: Step | None = None
    sentence: Sentence | None = None
    is_closing: bool = False
    is_settled: bool = False


def entries_of(steps: Sequence[Step], said: Sequence[Sentence]) -> list[Entry]:
    """Return an entry for each step, each condition, and each sentence that says what nobody saw, in order."""
    closing = next((one.start for one in said if one.is_closing), float("inf"))
    entries = [
        Entry(Part(task(step)), step.start, step=step, is_closing=step.start >= closing - LEAD) for step in steps
    ]
    for sentence in said:
        if sentence.condition and not sentence.each and not _ACTOR.match(sentence.condition):
            node = Node(
                "decision",
                question_of(sentence.condition),
                intent=f'Said: "{sentence.text}"',
                context=f"At {clock(sentence.start)}.",
                evidence=names_of([sentence]),
                app=steps[0].app if steps else "",
            )
            entries.append(Entry(Part(node), sentence.start, sentence=sentence))
    shown = {text for step in steps for text in step.said}
    first = min((step.start for step in steps), default=0.0)
    checked = {step.label for step in steps if step.kind == "look"}
    for sentence in said:
        if (label := told_check(sentence.text)) and not sentence.condition and label not in checked:
            if not any(sentence.item in step.items for step in steps):
                at = sentence.start
                entries.append(Entry(Part(spoken_task(label, sentence)), at, is_closing=at >= closing - LEAD))
            continue
        if sentence is said[0] and said_until(sentence, said) <= first and len(said) > 1:
            # What is said before anything is done is what all of it is about.
            continue
        if _is_only_told(sentence, shown) and (label := told_action(sentence.text)):
            at = sentence.start
            entries.append(Entry(Part(spoken_task(label, sentence)), at, is_closing=at >= closing - LEAD))
    return sorted(entries, key=lambda entry: entry.at)


def _is_only_told(sentence: Sentence, shown: set[str]) -> bool:
    """Tell whether nothing was seen while it was said, and it says neither when nor how often."""
    if sentence.condition or sentence.is_other_way or sentence.each or sentence.topic:
        return False
    return sentence.text not in shown
