"""Holds a SOP against the transcript: what rests on nothing is removed or asked about. Pure."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from runops.evidence import Evidence, EvidenceItem
from runops.sop import Node, Sop
from runops.sop_answers import Answer
from runops.transcript import timestamp
from runops_worker.sop.add_questions import add_questions
from runops_worker.sop.evidence.check_literals import check_literals
from runops_worker.sop.evidence.number_items import answer_id, item_id, kind_of
from runops_worker.sop.evidence.observations import Observations, observe
from runops_worker.sop.evidence.remove_task import without_task
from runops_worker.sop.evidence.step_support import STEPS, support_of
from runops_worker.sop.evidence.take_evidence import Cited
from runops_worker.sop.wording.sentences import Wording

__all__ = ["CheckedSop", "check_evidence", "evidence_object"]

_MOST_TIMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSop:
    """A SOP that was held against the transcript.

    Attributes
    ----------
    sop
        With a clarification request for everything that is uncertain.
    evidence
        The items of each step that has some, by the id of its node.
    literals_removed
        How many addresses, commands, amounts, names and quoted texts were replaced by variables.
    steps_removed
        How many tasks were taken out.
    """

    sop: Sop
    evidence: Mapping[str, tuple[str, ...]]
    literals_removed: int
    steps_removed: int


def check_evidence(
    sop: Sop,
    cited: Cited,
    items: Sequence[dict[str, Any]],
    *,
    marks: AbstractSet[int] = frozenset(),
    inserted: Collection[str] = (),
    named: AbstractSet[str] | None = None,
    answers: Sequence[Answer] = (),
    wording: Wording,
) -> CheckedSop:
    """Return the SOP with only what the transcript shows or says, or an answer tells.

    A step that does what a text for a model says is taken out, or loses its words. A task without evidence of which no
    word is in the transcript is taken out, if the graph stays whole. Of another step without evidence the owner is
    asked whether it belongs there. Where most steps have no evidence, nothing is taken out and one question is asked:
    the words of SOP and transcript cannot be compared.

    Parameters
    ----------
    sop
        Its graph keeps the rules.
    cited
        The items that the model named, by node.
    items
        The transcript as it is stored.
    marks
        Indices of the items that only mark a part that was not transcribed.
    inserted
        Ids of nodes that hold the graph together and need no evidence.
    named
        Names of the items that the model was told of; None for all. It can only have guessed another one: names are
        numbers, so a guess mostly hits an item that exists.
    answers
        What people answered to questions of an earlier SOP.
    wording
        Of the questions.
    """
    observed = observe(items, marks=marks, answers=answers)
    if named is not None:
        cited = {node: tuple(name for name in names if name in named) for node, names in cited.items()}
    support = support_of(sop, cited, observed)
    sop, asked_for, removed = _without_instructed(sop, support.instructed, wording)
    without = {*support.unknown, *support.doubtful}.difference(inserted)
    unsupported = [node.id for node in sop.public.nodes if node.id in without]
    steps = sum(node.type in STEPS and node.id not in inserted for node in sop.public.nodes)
    questions = [*asked_for, *_about_instructions(observed, wording)]
    if not any(node.type in STEPS for node in sop.public.nodes):
        questions.append(wording.say("no_steps"))
    if unsupported and 2 * len(unsupported) > steps and steps > 1:
        questions.append(wording.say("no_comparison"))
        unsupported = []
    asked: list[str] = []
    for node_id in unsupported:
        shorter = without_task(sop, node_id) if node_id in support.unknown else None
        if shorter is None:
            asked.append(node_id)
        else:
            sop, removed = shorter, removed + 1
    checked = check_literals(sop, observed, wording=wording)
    labels = {node.id: node.label for node in checked.sop.public.nodes}
    questions += [wording.say("unsupported_step", step=labels[node_id]) for node_id in asked]
    return CheckedSop(
        sop=add_questions(checked.sop, [*questions, *checked.questions]),
        evidence=support.evidence,
        literals_removed=checked.count,
        steps_removed=removed,
    )


def _without_instructed(sop: Sop, instructed: Sequence[str], wording: Wording) -> tuple[Sop, list[str], int]:
    """Return the SOP without these steps, questions about those that hold its graph together, and how many it lost."""
    kept: list[str] = []
    for node_id in instructed:
        shorter = without_task(sop, node_id)
        if shorter is None:
            kept.append(node_id)
        sop = shorter or sop
    if not kept:
        return sop, [], len(instructed)
    # What they say is not repeated, in the question neither.
    label = wording.say("unknown_label")
    nodes = [_emptied(node, label) if node.id in kept else node for node in sop.public.nodes]
    sop = sop.model_copy(update={"public": sop.public.model_copy(update={"nodes": nodes})})
    return sop, [wording.say("wanted_step", label=label)], len(instructed) - len(kept)


def _emptied(node: Node, label: str) -> Node:
    told = {"label": label, "intent": None, "context": None}
    if node.type == "loop":
        told |= {"iterator": label, "exit_condition": label}
    return node.model_copy(update=told)


def _about_instructions(observed: Observations, wording: Wording) -> list[str]:
    """Ask about what a model may have done or left out because the recording, or an answer, told it to."""
    times = [timestamp(int(item.start)) for item in observed.items if item.instructs and not item.is_answer]
    by_answers = any(item.instructs and item.is_answer for item in observed.items)
    answered = [wording.say("instructing_answer")] if by_answers else []
    if not times:
        return answered
    named, more = wording.row(times[:_MOST_TIMES]), len(times) - _MOST_TIMES
    if more > 0:
        named = wording.say("more_gaps", ranges=named, count=more)
    return [wording.say("instructed_at", times=named), *answered]


def evidence_object(
    evidence: Mapping[str, Sequence[str]], items: Sequence[dict[str, Any]], answers: Sequence[Answer] = ()
) -> dict[str, Any]:
    """Return the JSON object that is stored beside a SOP: for each step what it rests on.

    That is items of the transcript with kind and times, and answers of people with their question.
    """
    described = {item_id(index): _described(item_id(index), item) for index, item in enumerate(items)}
    described |= {
        answer_id(index): EvidenceItem(id=answer_id(index), kind="answer", question=one.question)
        for index, one in enumerate(answers)
    }
    nodes = {node_id: [described[name] for name in names if name in described] for node_id, names in evidence.items()}
    return Evidence(format=1, nodes=nodes).model_dump(mode="json", exclude_none=True)


def _described(name: str, item: dict[str, Any]) -> EvidenceItem:
    kind = kind_of(item)
    start, end = item.get(f"timestamp_start_{kind}"), item.get(f"timestamp_end_{kind}")
    try:
        return EvidenceItem(id=name, kind=kind, start=start, end=end)
    except ValidationError:
        # The times of another worker's transcript may have a form of their own.
        return EvidenceItem(id=name, kind=kind)
