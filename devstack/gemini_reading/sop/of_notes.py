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
_SAME_WORK = 0.5
"""Of the steps of the shorter of two loops, so many are in the other: one was divided by the end of a section."""
_MOST_EVIDENCE = 5

_Note = dict[str, Any]


def read_sections(sections: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the SOP of the notes about all sections, in order."""
    parts = _joined([part for section in sections for part in _parts(section.get("steps") or [])])
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


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Return the parts; of two loops about the same work, with nothing else between them, only the first."""
    joined: list[Part] = []
    since_loop: list[Part] = []
    for part in parts:
        last = next((one for one in reversed(joined) if one.body), None) if joined else None
        if part.body and last is not None and _is_same_work(last, part) and _all_in(since_loop, last, part):
            joined = [one for one in joined if not any(one is other for other in since_loop)]
            since_loop = []
            continue
        joined.append(part)
        since_loop = [] if part.body else [*since_loop, part]
    return joined


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
