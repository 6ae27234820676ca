"""Orders what was done and what was said into the way through a procedure: tasks, decisions, a loop. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from devstack.gemini_reading.sop.graph import Node, Part
from devstack.gemini_reading.sop.narration import Sentence, imperative, question_of, sentences, told_action, told_check
from devstack.gemini_reading.sop.repetition import repetition_in
from devstack.gemini_reading.sop.steps import Step, seconds, steps_of

__all__ = ["Outline", "outline"]

_LONGEST_INTENT = 240
_MOST_SEEN = 3
_NEAR = 14.0
_FOLLOWS = 40.0
_LEAD = 0.4
"""Seconds from the first word to what it is about, at least."""
_NAMED_BY_SPEECH = {
    "scroll": re.compile(r"(?i)scroll"),
    "icon": re.compile(r"(?i)^(?:click|press|open|choose|tap|select|go|close|delete|add) "),
    "switch": re.compile(r"(?i)^(?:switch|go|open|change) "),
}
"""Steps whose aim the screen does not tell: what is said about them names them."""
_ACTOR = re.compile(r"(?i)^(?:i|we|you|ich|wir)\s")
_WORD = re.compile(r"[^\W\d_]{4,}")


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
    looks
        Where the pointer rested.
    """

    parts: list[Part] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    said: list[Sentence] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    looks: list[Step] = field(default_factory=list)


@dataclass
class _Entry:
    """A part, when it comes, and the step or the sentence that it is made of."""

    part: Part
    at: float
    step: Step | None = None
    sentence: Sentence | None = None
    is_closing: bool = False


def outline(items: Sequence[dict[str, Any]]) -> Outline:
    """Return the outline of a transcript."""
    items = sorted(items, key=_start_of)
    said = sentences(items)
    seen = steps_of(items)
    steps = _told(list(seen), said)
    made = Outline(steps=steps, said=said, looks=[step for step in seen if step.kind == "look"])
    each = next((one for one in said if one.each), None)
    repeated = repetition_in([step for step in steps if step.kind != "look"])
    entries = _entries(steps, said, made)
    if repeated is not None and repeated.length * repeated.times > 2:
        made.parts = _with_repetition(entries, steps, repeated, each, made)
        return made
    parts = _with_decisions(entries, said, made)
    if each is not None and parts:
        made.parts = [_loop(_ended(parts, each), each.each, [each])]
    else:
        made.parts = parts
    return made


def _start_of(item: dict[str, Any]) -> float:
    return seconds(item.get("timestamp_start_visual") or item.get("timestamp_start_audio"))


def _told(steps: list[Step], said: Sequence[Sentence]) -> list[Step]:
    """Give each step the sentence that is said meanwhile; keep looks only where somebody says what to look at."""
    kept = []
    for step in steps:
        now = [one for one in said if one.start <= step.acted - _LEAD and step.start - _LEAD < _until(one, said)]
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


def _until(sentence: Sentence, said: Sequence[Sentence]) -> float:
    later = [one.start for one in said if one.start > sentence.start]
    return min(later, default=sentence.end + _NEAR)


def _look(step: Step, sentence: Sentence) -> str:
    told = imperative(sentence.text).split(",")[0]
    if told.split(" ")[0].casefold() in {"check", "verify", "confirm", "look", "see", "prüfe", "kontrolliere"}:
        return f'{told}: "{step.target}"'
    return f'Check that the screen shows "{step.target}"'


def _entries(steps: Sequence[Step], said: Sequence[Sentence], made: Outline) -> list[_Entry]:
    closing = next((one.start for one in said if one.is_closing), float("inf"))
    entries = [
        _Entry(Part(_task(step)), step.start, step=step, is_closing=step.start >= closing - _LEAD) for step in steps
    ]
    for sentence in said:
        if sentence.condition and not sentence.each and not _ACTOR.match(sentence.condition):
            node = Node(
                "decision",
                question_of(sentence.condition),
                intent=f'Said: "{sentence.text}"',
                context=f"At {_clock(sentence.start)}.",
                evidence=_names([sentence]),
                app=made.steps[0].app if made.steps else "",
            )
            entries.append(_Entry(Part(node), sentence.start, sentence=sentence))
    shown = {text for step in steps for text in step.said}
    first = min((step.start for step in steps), default=0.0)
    checked = {step.label for step in steps if step.kind == "look"}
    for sentence in said:
        if (label := told_check(sentence.text)) and not sentence.condition and label not in checked:
            if not any(sentence.item in step.items for step in steps):
                at = sentence.start
                entries.append(_Entry(Part(_spoken_task(label, sentence)), at, is_closing=at >= closing - _LEAD))
            continue
        if sentence is said[0] and _until(sentence, said) <= first and len(said) > 1:
            # What is said before anything is done is what all of it is about.
            continue
        if _is_only_told(sentence, shown) and (label := told_action(sentence.text)):
            at = sentence.start
            entries.append(_Entry(Part(_spoken_task(label, sentence)), at, is_closing=at >= closing - _LEAD))
    return sorted(entries, key=lambda entry: entry.at)


def _is_only_told(sentence: Sentence, shown: set[str]) -> bool:
    """Tell whether nothing was seen while it was said, and it says neither when nor how often."""
    if sentence.condition or sentence.is_other_way or sentence.each or sentence.topic:
        return False
    return sentence.text not in shown


def _with_decisions(entries: list[_Entry], said: Sequence[Sentence], made: Outline) -> list[Part]:
    """Return the parts; what follows a decision and is what it says goes on its way of yes."""
    for place, entry in enumerate(entries):
        sentence = entry.sentence
        if sentence is None:
            continue
        before = [one.part for one in entries[:place]]
        rest = entries[place + 1 :]
        other = _other_way(sentence, said)
        if other is not None:
            instead = [one for one in rest if one.step is not None and other.text in one.step.said]
            entry.part.no = [one.part for one in instead] or [Part(_other_task(other, made))]
            rest = [one for one in rest if not any(one is taken for taken in instead)]
        else:
            made.questions.append(f"What is done where this does not hold: {sentence.condition}?")
        if _is_shown(sentence, rest):
            inside = [one for one in rest if not one.is_closing]
            after = [one for one in rest if one.is_closing]
            entry.part.yes = _with_decisions(inside, said, made)
            return [*before, entry.part, *_with_decisions(after, said, made)]
        entry.part.yes = [Part(_spoken_task(imperative(sentence.consequence, sentence.condition), sentence))]
        return [*before, entry.part, *_with_decisions(rest, said, made)]
    return [entry.part for entry in entries]


def _other_way(sentence: Sentence, said: Sequence[Sentence]) -> Sentence | None:
    near = [one for one in said if one.is_other_way and abs(one.start - sentence.start) <= _NEAR]
    return min(near, key=lambda one: abs(one.start - sentence.start), default=None)


def _is_shown(sentence: Sentence, rest: Sequence[_Entry]) -> bool:
    """Tell whether what a condition leads to is done soon after."""
    wanted = {word.casefold()[:6] for word in _WORD.findall(sentence.consequence)}
    for entry in rest:
        if entry.step is not None and entry.at - sentence.start <= _FOLLOWS:
            shown = " ".join([entry.step.label, *entry.step.said])
            if wanted & {word.casefold()[:6] for word in _WORD.findall(shown)}:
                return True
    return False


def _with_repetition(
    entries: Sequence[_Entry], steps: Sequence[Step], repeated: Any, each: Sentence | None, made: Outline
) -> list[Part]:
    done = [step for step in steps if step.kind != "look"]
    first, last = done[repeated.start], done[repeated.start + repeated.length - 1]
    end = done[repeated.start + repeated.length * repeated.times - 1]
    every = done[repeated.start : repeated.start + repeated.length * repeated.times]
    once, again = every[: repeated.length], every[repeated.length :]
    before: list[_Entry] = []
    inside: list[_Entry] = []
    after: list[_Entry] = []
    for entry in entries:
        if entry.step is not None and _is_in(entry.step, once):
            inside.append(entry)
        elif entry.step is not None and (_is_in(entry.step, again) or last.start < entry.at <= end.start):
            continue
        elif entry.at < first.start or (entry.at == first.start and entry.step is not None):
            before.append(entry)
        # A condition that is spoken while it is done for the second time belongs to every time.
        elif entry.at <= end.start:
            inside.append(entry)
        else:
            after.append(entry)
    values = [step.target if step.is_secret else step.value or step.target for step in every]
    iterator = each.each if each is not None else f"each of the {repeated.times} entries"
    body = _with_decisions(inside, made.said, made)
    loop = _loop(_ended(body, each), iterator, [each] if each is not None else [])
    loop.node.context = f"In the recording it is done {repeated.times} times: {', '.join(dict.fromkeys(values))}."[:400]
    loop.node.evidence = loop.node.evidence or [name for step in (first, end) for name in step.evidence][:5]
    return [
        *_with_decisions(before, made.said, made),
        loop,
        *_with_decisions(after, made.said, made),
    ]


def _is_in(step: Step, steps: Sequence[Step]) -> bool:
    return any(one is step for one in steps)


def _loop(body: list[Part], iterator: str, said: Sequence[Sentence]) -> Part:
    node = Node(
        "loop",
        f"Do this for {iterator}",
        intent=f'Said: "{said[0].text}"' if said else "",
        context=f"At {_clock(said[0].start)}." if said else "",
        evidence=_names(said) or body[0].node.evidence,
    )
    return Part(node, body=body, iterator=iterator, exit_condition=f"This is done for {iterator}")


def _ended(parts: list[Part], each: Sentence | None) -> list[Part]:
    """Return the parts with one that all ways come to in the end."""
    last = parts[-1]
    if last.node.kind != "decision":
        return parts
    if len(last.yes) > 1 and last.yes[-1].node.kind == "task":
        return [*parts, last.yes.pop()]
    said = [each] if each is not None else []
    node = Node("task", "Go on with the next one", evidence=_names(said) or last.node.evidence, app=last.node.app)
    return [*parts, Part(node)]


def _task(step: Step) -> Node:
    reason = " ".join(step.said)[:_LONGEST_INTENT]
    seen = "" if step.is_secret else " ".join(dict.fromkeys(step.seen[-_MOST_SEEN:]))
    return Node(
        "task",
        step.label,
        intent=reason,
        context=f"At {_clock(step.start)} in {step.app}. {seen}".strip()[:500],
        evidence=step.evidence,
        app=step.app,
    )


def _other_task(sentence: Sentence, made: Outline) -> Node:
    """Return the task of the other way; what the pointer rests at meanwhile is what it is done with."""
    node = _spoken_task(imperative(sentence.text), sentence)
    until = _until(sentence, made.said)
    at = next((look for look in made.looks if sentence.start <= look.start < until), None)
    if at is not None:
        is_button = "button" in str((at.items[0].get("target_element_details") or {}).get("element_type_guess"))
        # The decision says up to which value.
        node.label = f'Click "{at.target}"' if is_button else f'{node.label}, at "{at.target}"'
        node.evidence += at.evidence
    return node


def _spoken_task(label: str, sentence: Sentence) -> Node:
    return Node(
        "task",
        label,
        intent=f'Said: "{sentence.text}"',
        context=f"At {_clock(sentence.start)}. It is said and not shown.",
        evidence=_names([sentence]),
    )


def _names(said: Sequence[Sentence]) -> list[str]:
    return [str(one.item["id"]) for one in said if "id" in one.item]


def _clock(at: float) -> str:
    return f"{int(at) // 3600:02d}:{int(at) // 60 % 60:02d}:{int(at) % 60:02d}"
