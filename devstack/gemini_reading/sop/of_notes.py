"""Writes the SOP of a long recording from the notes about its sections. Pure and deterministic."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from devstack.gemini_reading.sop.graph import Node, Part
from devstack.gemini_reading.sop.loops import loop_of
from devstack.gemini_reading.sop.marks import Mark, mark_of
from devstack.gemini_reading.sop.procedure import app_of, sop_of
from devstack.gemini_reading.sop.repetition import shared
from devstack.gemini_reading.sop.section_notes import ONLY_IF_NO, ONLY_IF_YES, SINCE
from devstack.gemini_reading.sop.steps import seconds

__all__ = ["read_sections"]

_ONLY_IF = re.compile(rf"(?:{ONLY_IF_YES}|{ONLY_IF_NO})(?P<question>[^?]*\?)")
_ENTERED = re.compile(r'^(Enter|Paste|Choose) "[^"]*" (?=in|into)')
_COUNTED = re.compile(r"^each of the \d+ entries$")
_SAME_WORK = 0.5
"""Of the steps of the shorter of two loops, so many are in the other: one was divided by the end of a section."""
_MOST_EVIDENCE = 5
_BESIDE = 3
"""Parts up to a loop, itself included, among which something may be that is said each time."""

_Note = dict[str, Any]


def read_sections(sections: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the SOP of the notes about all sections, in order."""
    parts: list[Part] = []
    for section in sections:
        parts = _joined(parts, list(_parts(section.get("steps") or [])))
    titles = list(dict.fromkeys(str(section.get("summary") or "") for section in sections)) or [""]
    title = titles[0] if len(titles) == 1 else f"{titles[0]}, and what follows"
    steps = [step for section in sections for step in section.get("steps") or []]
    return sop_of(
        parts,
        title=title or "What the recording shows",
        goal=f"Done: {parts[-1].node.label}." if parts else "What the recording shows is done.",
        purpose=f"{title}, as it was recorded.",
        apps=list(dict.fromkeys(app_of(str(step.get("app") or "")) for step in steps)) or ["the screen"],
        variables={},
        questions=[question for section in sections for question in section.get("questions") or []],
    )


def _parts(steps: Iterable[_Note]) -> Iterator[Part]:
    """Yield the parts of one section: what is repeated for the same is one loop."""
    for repeats, inside in groupby(steps, key=lambda step: str(step.get("repeats") or "")):
        body = list(_with_decisions(list(inside)))
        if not repeats:
            yield from body
            continue
        iterator = repeats.rsplit(SINCE, 1)[0]
        if body[-1].node.kind == "decision":
            body.append(Part(Node("task", "Go on with the next one", evidence=body[-1].node.evidence)))
        loop = loop_of(body, iterator, [])
        loop.node.evidence = [name for part in body for name in part.node.evidence][:_MOST_EVIDENCE]
        yield loop


def _with_decisions(steps: Sequence[_Note]) -> Iterator[Part]:
    """Yield the parts of steps: those that are only done where a question has one answer are on its ways."""
    for question, inside in groupby(steps, key=_question):
        notes = list(inside)
        if not question:
            yield from (Part(_task(note)) for note in notes)
            continue
        is_yes = [ONLY_IF_YES in str(note["why"]) for note in notes]
        node = Node("decision", question, evidence=notes[0].get("ids") or [], app=str(notes[0].get("app") or ""))
        node.at = seconds(notes[0].get("at"))
        yield Part(
            node,
            yes=[Part(_task(note)) for note, yes in zip(notes, is_yes, strict=True) if yes],
            no=[Part(_task(note)) for note, yes in zip(notes, is_yes, strict=True) if not yes],
        )


def _question(note: _Note) -> str:
    found = _ONLY_IF.search(str(note.get("why") or ""))
    return found["question"].strip() if found else ""


def _task(note: _Note) -> Node:
    return Node(
        "task",
        str(note.get("text") or "Look at the screen"),
        intent=_ONLY_IF.sub("", str(note.get("why") or "")).strip(),
        context=f"At {note.get('at')} in {note.get('app')}.",
        evidence=list(note.get("ids") or [])[:_MOST_EVIDENCE],
        app=str(note.get("app") or ""),
        at=seconds(note.get("at")),
    )


def _joined(before: Sequence[Part], after: Sequence[Part]) -> list[Part]:
    """Return the parts of two stretches of a recording, of which the first may end in the middle of a loop.

    What is left of a time that was cut in two is in the loop already, and two loops about the same work are one.
    """
    earlier, ending = _divided_behind_loop(before)
    beginning, later = _divided_before_loop(after)
    loops = [one for one in (*earlier[-1:], *later[:1]) if one.body]
    if len(loops) == 2 and _is_same_work(*loops) and _all_in([*ending, *beginning], *loops):
        return [*earlier[:-1], _one_loop(*loops), *later[1:]]
    # What is said each time may stand beside the loop.
    known = {_mark(one) for loop in loops for one in loop.body} | {_mark(one) for one in earlier[-_BESIDE:]}
    while ending and later[:1] == loops[-1:] and _mark(ending[-1]) in known:
        ending = ending[:-1]
    while beginning and earlier[-1:] == loops[:1] and not ending and _mark(beginning[0]) in known:
        beginning = beginning[1:]
    return [*earlier, *ending, *beginning, *later]


def _one_loop(first: Part, second: Part) -> Part:
    """Return the loop of which two are parts. How often each is done says nothing about the whole."""
    if first.iterator == second.iterator:
        return first
    told = [one.iterator for one in (first, second) if not _COUNTED.search(one.iterator)]
    whole = loop_of(first.body, told[0] if told else "each of the entries", [])
    whole.node.evidence = first.node.evidence
    return whole


def _divided_behind_loop(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Return the parts up to the last loop, and what follows it; everything in the second where there is none."""
    behind = max((place + 1 for place, part in enumerate(parts) if part.body), default=0)
    return list(parts[:behind]), list(parts[behind:])


def _divided_before_loop(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Return what comes before the first loop, and the parts from there on."""
    at = min((place for place, part in enumerate(parts) if part.body), default=len(parts))
    return list(parts[:at]), list(parts[at:])


def _is_same_work(first: Part, second: Part) -> bool:
    marks = [[_mark(one) for one in loop.body] for loop in (first, second)]
    return len(shared(*marks)) >= _SAME_WORK * min(len(one) for one in marks)


def _all_in(parts: Sequence[Part], *loops: Part) -> bool:
    """Tell whether parts are only steps that one of the loops has: the time that the end of a section cut in two."""
    known = {_mark(one) for loop in loops for one in loop.body}
    return all(_mark(part) in known for part in parts)


def _mark(part: Part) -> Mark:
    """Return what two times of a step have in common."""
    return mark_of(part.node.kind, _ENTERED.sub("", part.node.label))
