"""Makes one loop of what is done several times in a row. Pure."""

import difflib
from collections.abc import Sequence

from devstack.gemini_reading.sop.boxes import clock, names_of, task
from devstack.gemini_reading.sop.decisions import Told, alike_words, other_way, with_decisions
from devstack.gemini_reading.sop.entries import Entry
from devstack.gemini_reading.sop.graph import Node, Part
from devstack.gemini_reading.sop.marks import mark_of
from devstack.gemini_reading.sop.narration import Sentence
from devstack.gemini_reading.sop.repetition import Repetition
from devstack.gemini_reading.sop.steps import Step

__all__ = ["loop_of", "spoken_loop", "with_loops"]

_MOST_EVIDENCE = 5
_HEARD_THE_SAME = 0.75
_MOST_VALUES = 400
_SAID_LATER = 3.0
"""Seconds after the last step in which may be said that all of it is repeated."""
_RIGHT_BEFORE = 20.0
"""Seconds before the first time in which a condition may be told that is about every time."""


def with_loops(
    entries: Sequence[Entry], steps: Sequence[Step], repetitions: Sequence[Repetition], told: Told
) -> list[Part]:
    """Return the parts, with a loop in place of each repetition.

    Parameters
    ----------
    entries
        Of everything, in order.
    steps
        Those in which the repetitions were found.
    repetitions
        In order.
    told
        What was said.
    """
    parts: list[Part] = []
    left, since = list(entries), 0.0
    for place, repetition in enumerate(repetitions):
        every = steps[repetition.start : repetition.end]
        begin, end = every[0].start, every[-1].start
        before = [one for one in left if one.at < begin and not _is_in(one.step, every)]
        within = [one for one in left if one.at <= end and not any(one is other for other in before)]
        left = [one for one in left if not any(one is other for other in (*before, *within))]
        before, about = _told_right_before(before, begin)
        # What is said between two loops is about the second one.
        until = float("inf") if place + 1 == len(repetitions) else every[-1].end + _SAID_LATER
        each = [one for one in told.said if one.each and since <= one.start < until][:1]
        parts += [*with_decisions(before, told), _loop(repetition, steps, [*about, *within], each, told)]
        since = end
    return [*parts, *with_decisions(left, told)]


def spoken_loop(parts: Sequence[Part], each: Sentence) -> Part:
    """Return the loop around parts of which a sentence says that they are repeated."""
    return loop_of(_ended(parts, [each]), each.each, [each])


def loop_of(body: list[Part], iterator: str, said: Sequence[Sentence]) -> Part:
    """Return a loop. The last part of its body is no decision."""
    node = Node(
        "loop",
        f"Do this for {iterator}",
        intent=f'Said: "{said[0].text}"' if said else "",
        context=f"At {clock(said[0].start)}." if said else "",
        evidence=names_of(said) or body[0].node.evidence,
    )
    return Part(node, body=body, iterator=iterator, exit_condition=f"This is done for {iterator}")


def _told_right_before(before: list[Entry], begin: float) -> tuple[list[Entry], list[Entry]]:
    """Divide what comes before a loop into that and the conditions after its last step: they are about every time."""
    last = max((place for place, one in enumerate(before) if one.step is not None), default=-1)
    about = [one for one in before[last + 1 :] if one.sentence is not None and begin - one.at <= _RIGHT_BEFORE]
    return [one for one in before if one not in about], about


def _loop(
    repetition: Repetition, steps: Sequence[Step], entries: Sequence[Entry], each: Sequence[Sentence], told: Told
) -> Part:
    every = steps[repetition.start : repetition.end]
    body = with_decisions(_with_variants(_body(repetition, steps, entries), every, told), told)
    times = len(repetition.turns)
    loop = loop_of(_ended(body, each), each[0].each if each else f"each of the {times} entries", each)
    values = dict.fromkeys(step.target if step.is_secret else step.value or step.target for step in every)
    loop.node.context = f"In the recording it is done {times} times: {', '.join(values)}."[:_MOST_VALUES]
    ends = [name for step in (every[0], every[-1]) for name in step.evidence]
    loop.node.evidence = loop.node.evidence or ends[:_MOST_EVIDENCE]
    return loop


def _body(repetition: Repetition, steps: Sequence[Step], entries: Sequence[Entry]) -> list[Entry]:
    """Return what is done each time: the typical time, without what is only done in it, and all conditions."""
    first, behind = repetition.turns[repetition.typical]
    usual = [steps[first + place] for place in repetition.usual]
    begin = steps[first].start
    end = steps[behind].start if behind < repetition.end else steps[behind - 1].start
    # What is said while something is done for the second time belongs to every time.
    latest = end if len(repetition.turns) > 2 else float("inf")
    body: list[Entry] = []
    for entry in entries:
        is_new = not any(_says_the_same(entry, one) for one in body)
        if entry.step is not None and entry.step.kind != "look":
            belongs = _is_in(entry.step, usual)
        elif entry.step is not None:
            belongs = begin <= entry.at < end and is_new
        else:
            belongs = is_new and (entry.sentence is not None or begin <= entry.at <= latest)
        if belongs:
            body.append(entry)
    return body


def _says_the_same(entry: Entry, other: Entry) -> bool:
    """Tell whether two entries have the same words. Of two conditions a word may have been misheard."""
    if entry.sentence is None or other.sentence is None:
        return entry.part.node.label == other.part.node.label
    labels = entry.part.node.label.casefold(), other.part.node.label.casefold()
    return difflib.SequenceMatcher(None, *labels, autojunk=False).ratio() >= _HEARD_THE_SAME


def _with_variants(body: list[Entry], every: Sequence[Step], told: Told) -> list[Entry]:
    """Return a body in which a step with one value or another stands on the ways of the condition that tells which."""
    for entry in body:
        other = None if entry.sentence is None else other_way(entry.sentence, told.said)
        if entry.sentence is None or other is None:
            continue
        for usual in body:
            if usual.step is None:
                continue
            same = [
                step
                for step in every
                if mark_of(step.kind, step.target) == mark_of(usual.step.kind, usual.step.target) and step.value
            ]
            yes = _first_about(entry.sentence.consequence, other.text, same)
            no = _first_about(other.text, entry.sentence.consequence, same)
            if yes is None or no is None:
                continue
            entry.part.yes, entry.part.no = [Part(task(yes))], [Part(task(no))]
            entry.at, entry.is_settled = usual.at, True
            return sorted((one for one in body if one is not usual), key=lambda one: one.at)
    return body


def _first_about(wanted: str, other: str, steps: Sequence[Step]) -> Step | None:
    """Return the first step whose value is what one text names, and not the other."""
    return next(
        (step for step in steps if alike_words(wanted, step.value) and not alike_words(other, step.value)), None
    )


def _is_in(step: Step | None, steps: Sequence[Step]) -> bool:
    return any(one is step for one in steps)


def _ended(parts: Sequence[Part], said: Sequence[Sentence]) -> list[Part]:
    """Return the parts with one that all ways come to in the end."""
    last = parts[-1]
    if last.node.kind != "decision":
        return list(parts)
    if len(last.yes) > 1 and last.yes[-1].node.kind == "task":
        return [*parts, last.yes.pop()]
    node = Node("task", "Go on with the next one", evidence=names_of(said) or last.node.evidence, app=last.node.app)
    return [*parts, Part(node)]
