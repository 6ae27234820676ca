"""Puts what a condition leads to on the ways that leave it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from devstack.gemini_reading.sop.boxes import spoken_task
from devstack.gemini_reading.sop.entries import Entry
from devstack.gemini_reading.sop.graph import Node, Part
from devstack.gemini_reading.sop.narration import Sentence, imperative
from devstack.gemini_reading.sop.steps import Step
from devstack.gemini_reading.sop.told_steps import NEAR, said_until

__all__ = ["Told", "alike_words", "other_way", "with_decisions"]

_FOLLOWS = 40.0
_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True)
class Told:
    """What decisions are made of.

    Attributes
    ----------
    said
        The sentences, in order.
    looks
        Where the pointer rested.
    questions
        What a decision leaves open is added to them.
    """

    said: Sequence[Sentence]
    looks: Sequence[Step]
    questions: list[str] = field(default_factory=list)


def with_decisions(entries: Sequence[Entry], told: Told) -> list[Part]:
    """Return the parts; what follows a decision and is what it says goes on its way of yes."""
    for place, entry in enumerate(entries):
        sentence = entry.sentence
        if sentence is None or entry.is_settled:
            continue
        before = [one.part for one in entries[:place]]
        rest = entries[place + 1 :]
        other = other_way(sentence, told.said)
        if other is not None:
            instead = [one for one in rest if one.step is not None and other.text in one.step.said]
            entry.part.no = [one.part for one in instead] or [Part(_other_task(other, told))]
            rest = [one for one in rest if not any(one is taken for taken in instead)]
        else:
            told.questions.append(f"What is done where this does not hold: {sentence.condition}?")
        if _is_shown(sentence, rest):
            inside = [one for one in rest if not one.is_closing]
            after = [one for one in rest if one.is_closing]
            entry.part.yes = with_decisions(inside, told)
            return [*before, entry.part, *with_decisions(after, told)]
        entry.part.yes = [Part(spoken_task(imperative(sentence.consequence, sentence.condition), sentence))]
        return [*before, entry.part, *with_decisions(rest, told)]
    return [entry.part for entry in entries]


def other_way(sentence: Sentence, said: Sequence[Sentence]) -> Sentence | None:
    """Return what is said about the case that a condition does not hold; None where nothing is."""
    near = [one for one in said if one.is_other_way and abs(one.start - sentence.start) <= NEAR]
    return min(near, key=lambda one: abs(one.start - sentence.start), default=None)


def _is_shown(sentence: Sentence, rest: Sequence[Entry]) -> bool:
    """Tell whether what a condition leads to is done soon after."""
    return any(
        alike_words(sentence.consequence, " ".join([entry.step.label, *entry.step.said]))
        for entry in rest
        if entry.step is not None and entry.at - sentence.start <= _FOLLOWS
    )


def alike_words(first: str, second: str) -> bool:
    """Tell whether two texts have a word in common, in whichever form."""
    return bool(_stems(first) & _stems(second))


def _stems(text: str) -> set[str]:
    return {word.casefold()[:6] for word in _WORD.findall(text)}


def _other_task(sentence: Sentence, told: Told) -> Node:
    """Return the task of the other way; what the pointer rests at meanwhile is what it is done with."""
    node = spoken_task(imperative(sentence.text), sentence)
    until = said_until(sentence, told.said)
    at = next((look for look in told.looks if sentence.start <= look.start < until), None)
    if at is not None:
        is_button = "button" in str((at.items[0].get("target_element_details") or {}).get("element_type_guess"))
        # The decision says up to which value.
        node.label = f'Click "{at.target}"' if is_button else f'{node.label}, at "{at.target}"'
        node.evidence += at.evidence
    return node
