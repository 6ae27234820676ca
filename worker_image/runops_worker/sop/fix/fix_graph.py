"""From a SOP as a model gave it to one that keeps the rules. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from runops.sop_structure import Arrow, structure_faults
from runops_worker.sop.fix import loop_children, nested_loops
from runops_worker.sop.fix.draft import Draft
from runops_worker.sop.fix.duplicate_ids import unique_nodes
from runops_worker.sop.fix.endless import add_ways_out
from runops_worker.sop.fix.ends import one_end
from runops_worker.sop.fix.find_ways import find_ways
from runops_worker.sop.fix.loop_borders import keep_to_borders
from runops_worker.sop.fix.missing_ways import add_missing_ways
from runops_worker.sop.fix.one_start import find_start
from runops_worker.sop.fix.questions import Question
from runops_worker.sop.fix.settle_fields import settle_fields
from runops_worker.sop.fix.stray_steps import settle_steps
from runops_worker.sop.fix.unknown_names import resolve_names
from runops_worker.sop.fix.unreachable import join_unreachable
from runops_worker.sop.wording.sentences import ENGLISH, Wording

__all__ = ["Fixed", "fix_graph"]

_MOST_QUESTIONS = 20
"""More questions of one SOP are answered by nobody; the most important ones are kept."""
_RANK = ("high", "medium", "low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A SOP after the fixes.

    Attributes
    ----------
    sop
        The JSON object. It keeps the rules, unless it has no node at all. The key `evidence` of nodes is unchanged.
    fixes
        The name of a rule for each change; empty where the SOP was sound.
    questions
        What the fixes leave open, most important first. They are among the SOP's clarification requests.
    guesses
        The questions of high importance, in English: what the model may repair better than any rule.
    inserted
        Ids of nodes that hold ways together and rest on nothing in the recording.
    """

    sop: dict[str, Any]
    fixes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    inserted: tuple[str, ...] = ()


def fix_graph(raw: dict[str, Any], *, wording: Wording) -> Fixed:
    """Return the SOP with its faults fixed.

    What has one right answer is changed without a question. What has several gets the most harmless one and a
    clarification request. No task is lost. A sound SOP is unchanged, so a second call changes nothing.

    Parameters
    ----------
    raw
        Any JSON object.
    wording
        Of questions, labels and notes.
    """
    settled = settle_fields(raw, wording=wording)
    public = settled.sop["public"]
    nodes, renamed = unique_nodes(public["nodes"])
    arrows = [Arrow(edge["source"], edge["target"], edge["condition"]) for edge in public["edges"]]
    draft = Draft(nodes, arrows, wording=wording)
    draft.fixes, draft.questions = list(settled.fixes), list(settled.questions)
    draft.say("duplicate_id", renamed)
    if not nodes:
        return Fixed(sop=settled.sop, fixes=tuple(draft.fixes))
    if structure_faults(draft.graph()):
        _fix(draft)
    sop = {**settled.sop, "public": {**public, "nodes": list(draft.nodes.values()), "edges": _edges(draft.arrows)}}
    if "private" in sop:
        sop["private"] = settle_steps(draft, sop["private"])
    asked = _most_important(draft.questions)
    if asked:
        sop["public"]["clarification_requests"] = _requests(public.get("clarification_requests", ()), asked, wording)
    return Fixed(
        sop=sop,
        fixes=tuple(draft.fixes),
        questions=tuple(question.text(wording) for question in asked),
        guesses=tuple(question.text(ENGLISH) for question in asked if question.importance == "high"),
        inserted=tuple(draft.inserted),
    )


def _fix(draft: Draft) -> None:
    # First the nodes: names, types, and who is a child of which loop.
    resolve_names(draft)
    one_end(draft)
    loop_children.settle_children(draft)
    nested_loops.connect_children(draft)
    loop_children.find_forgotten_children(draft)
    loop_children.drop_empty_loops(draft)
    nested_loops.flatten_loops(draft)
    loop_children.give_each_child_one_loop(draft)
    loop_children.drop_empty_loops(draft)
    # Then where each node leads.
    find_ways(draft)
    keep_to_borders(draft)
    add_missing_ways(draft)
    # At last the whole: from every node to the end, and from the start to every node.
    start = find_start(draft)
    add_ways_out(draft)
    join_unreachable(draft, start=start)
    draft.arrows = _written(draft)


def _written(draft: Draft) -> list[Arrow]:
    """Return the ways as arrows: those that the model gave in its order, others after those of the same node."""
    ways = dict.fromkeys(Arrow(name, target, word) for name, word, target in draft.joints())
    kept = [arrow for arrow in draft.arrows if arrow in ways]
    last = {arrow.source: number for number, arrow in enumerate(kept)}
    new: dict[int, list[Arrow]] = {}
    given = set(kept)
    for arrow in (arrow for arrow in ways if arrow not in given):
        new.setdefault(last.get(arrow.source, len(kept)), []).append(arrow)
    written: list[Arrow] = []
    for number, arrow in enumerate(kept):
        written += [arrow, *new.get(number, ())]
    return written + new.get(len(kept), [])


def _edges(arrows: Iterable[Arrow]) -> list[dict[str, str]]:
    return [arrow._asdict() for arrow in arrows]


def _most_important(questions: Sequence[Question]) -> list[Question]:
    ranked = sorted(dict.fromkeys(questions), key=lambda question: _RANK.index(question.importance))
    return ranked[:_MOST_QUESTIONS]


def _requests(present: Iterable[dict[str, Any]], asked: Iterable[Question], wording: Wording) -> list[dict[str, Any]]:
    requests = list(present)
    taken = {request["id"] for request in requests}
    texts = {request["question"] for request in requests}
    number = 1
    for question in asked:
        text = question.text(wording)
        if text in texts:
            continue
        while f"fix-{number}" in taken:
            number += 1
        taken.add(f"fix-{number}")
        requests.append({"id": f"fix-{number}", "question": text, "importance": question.importance})
    return requests
