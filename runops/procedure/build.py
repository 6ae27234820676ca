"""Builds the document from a SOP, the transcript and the evidence, as tables and storage hold them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from runops.procedure.flow import flow_of, loops_around, numbered_steps
from runops.procedure.items import Items, items_of, observed, said
from runops.procedure.model import (
    Gap,
    Moment,
    Observed,
    Procedure,
    Question,
    Said,
    ShownSkill,
    ShownStep,
    ShownTrigger,
    Way,
)
from runops.procedure.readable import readable
from runops.procedure.secret_times import SecretTimes, secret_times
from runops.recorded_secrets.span import hidden_kinds
from runops.sop import Node, Sop
from runops.sop_outline import outline
from runops.transcript import AudioItem
from runops.transcript_gaps import WHY, gaps_in

__all__ = ["build"]

_RESTS_ON_THE_RECORDING = frozenset({"task", "decision", "loop"})
_CONDITIONS = ("yes", "no", "each", "next", "all_processed")
_ONLY_SEEN = frozenset({"SCREEN_UPDATE", "VISUAL_FOCUS_SHIFT", "MOUSE_MOVE_TO_REGION", "WINDOW_RESIZE"})
_IMPORTANCE = ("high", "medium", "low")
_PICTURE_BEFORE = 3.0
_PICTURE_AFTER = 3.0
"""So many seconds around a moment its picture is looked for."""


def build(
    sop: Sop, transcript: Sequence[Any] | None, evidence: Mapping[str, Any] | None, *, job_id: UUID | None = None
) -> Procedure:
    """Return what a page of the procedure shows.

    Parameters
    ----------
    sop
        The SOP, also one with faults as `runops.sop_as_stored` reads it.
    transcript
        The array that `transcripts.transcript` holds; None where there is none.
    evidence
        The object beside the SOP in storage; None where there is none.
    job_id
        The job of the recording.
    """
    items = items_of(transcript or ())
    nodes = evidence.get("nodes") if evidence is not None else None
    described = nodes if isinstance(nodes, dict) else {}
    secrets = secret_times(items)
    entries = outline(sop)
    numbered = list(numbered_steps(entries))
    flow = flow_of(sop, entries)
    loops = loops_around(flow)
    numbers = {step.node.id: step.number for step in numbered}
    ways = _ways(sop, numbers)
    steps = tuple(
        _step(
            step.node,
            step.number,
            entries=_entries(described.get(step.node.id)),
            has_evidence=nodes is not None,
            items=items,
            secrets=secrets,
            loops=loops[step.number],
            ways=ways.get(step.node.id, ()),
        )
        for step in numbered
    )
    return Procedure(
        job_id="" if job_id is None else str(job_id),
        title=readable(sop.meta.title) or "Untitled procedure",
        goal=readable(sop.meta.goal),
        purpose=readable(sop.meta.purpose),
        version=readable(sop.meta.version),
        created=readable(sop.meta.created or ""),
        owner=tuple(filter(None, map(readable, sop.meta.owner))),
        triggers=tuple(
            ShownTrigger(
                kind=trigger.type,
                description=readable(trigger.description),
                detail=readable(trigger.config or trigger.endpoint or trigger.signal or ""),
            )
            for trigger in sop.public.triggers
        ),
        steps=steps,
        questions=_questions(sop),
        variables=tuple(
            (readable(name), "" if value is None else readable(str(value)))
            for name, value in (sop.public.variables or {}).items()
        ),
        skills=_skills(sop, numbers),
        gaps=tuple(
            Gap(start=gap.start, end=gap.end, why=WHY[gap.reason])
            for gap in gaps_in(item for item in transcript or () if isinstance(item, dict))
        ),
        notes=tuple(_notes(transcript, items, has_evidence=nodes is not None)),
        flow=flow,
    )


def _entries(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _step(
    node: Node,
    number: int,
    *,
    entries: Sequence[Mapping[str, Any]],
    has_evidence: bool,
    items: Items,
    secrets: SecretTimes,
    loops: tuple[int, ...],
    ways: tuple[Way, ...],
) -> ShownStep:
    found = [pair for entry in entries if (pair := items.found(entry)) is not None]
    seen = tuple(observed(name, item) for name, item in found if not isinstance(item, AudioItem))
    heard = tuple(said(name, item) for name, item in found if isinstance(item, AudioItem))
    texts = {
        name: readable(getattr(node, name) or "")
        for name in ("label", "intent", "context", "iterator", "exit_condition")
    }
    moment = _moment(seen, heard, label=texts["label"])
    if moment is not None:
        moment = _without_secrets(
            moment,
            secrets,
            kinds=hidden_kinds([*texts.values(), *_words(seen, heard)]),
            is_only_typed=not hidden_kinds(_words([one for one in seen if one.action != "TYPE"], heard)),
        )
    return ShownStep(
        number=number,
        node_id=node.id,
        kind=node.type,
        **(texts | {"label": texts["label"] or "Without a name"}),
        loops=loops,
        ways=ways,
        observed=tuple(sorted(seen, key=lambda one: (one.at, one.item))),
        said=tuple(sorted(heard, key=lambda one: (one.at, one.item))),
        moment=moment,
        missing=_missing(node, entries, found, has_evidence=has_evidence),
        applications=tuple(dict.fromkeys(one.application for one in seen if one.application)),
    )


def _missing(
    node: Node, entries: Sequence[Mapping[str, Any]], found: Sequence[object], *, has_evidence: bool
) -> str | None:
    # Without any evidence the page says so once, above the steps.
    if node.type not in _RESTS_ON_THE_RECORDING or found or not has_evidence:
        return None
    asked = [readable(str(entry.get("question") or "")) for entry in entries if entry.get("kind") == "answer"]
    if asked:
        return f"Nobody did or said this in the recording. A person answered the question: {' '.join(asked)}"
    if entries:
        return "The transcript was made again since, so the moment of this step is not known."
    return "Nothing in the recording was found for this step. Check it before you rely on it."


def _moment(seen: Sequence[Observed], heard: Sequence[Said], *, label: str) -> Moment | None:
    """Return the moment that shows a step best.

    That is what the label names, else where a value was given, else what was done, seen or said first.
    """
    words = label.casefold()

    def rank(one: Observed) -> tuple[bool, bool, bool, bool, float]:
        is_named = bool(one.value and one.value.casefold() in words)
        is_target = bool(one.element and one.element.casefold() in words)
        acts = one.action not in _ONLY_SEEN
        return (not (is_named and acts), not (is_target and acts), not one.value, not acts, one.at)

    if seen:
        best = min(seen, key=rank)
        return Moment(key=best.item, at=best.at, until=best.until, action=best.action)
    if heard:
        first = min(heard, key=lambda one: one.at)
        return Moment(key=first.item, at=first.at, until=first.until, action=None)
    return None


def _words(seen: Sequence[Observed], heard: Sequence[Said]) -> Iterator[str]:
    for one in seen:
        yield from (one.value, one.element, one.result)
    for sentence in heard:
        yield sentence.text


def _without_secrets(moment: Moment, secrets: SecretTimes, *, kinds: Sequence[str], is_only_typed: bool) -> Moment:
    start, end = moment.at - _PICTURE_BEFORE, moment.until + _PICTURE_AFTER
    kind = kinds[0] if kinds else secrets.at(start, end)
    if kind is None:
        return moment
    # Without a time nothing tells where it is.
    if is_only_typed and secrets.at(start, end) and (covers := secrets.covers(start, end)):
        return replace(moment, covers=covers)
    hidden = f"The picture is left out: the screen may show a {kind} at this moment."
    return Moment(key=moment.key, at=moment.at, until=moment.until, action=moment.action, hidden=hidden)


def _ways(sop: Sop, numbers: Mapping[str, int]) -> dict[str, tuple[Way, ...]]:
    nodes = {node.id: node for node in sop.public.nodes}
    ways: dict[str, list[Way]] = {}
    for edge in sop.public.edges:
        source, target = nodes.get(edge.source), nodes.get(edge.target)
        if source is None or target is None:
            continue
        is_body = edge.condition == "next" and target.id in (source.children or ())
        way = Way(
            condition="each" if is_body else edge.condition,
            number=numbers[target.id],
            node_id=target.id,
            label=readable(target.label),
            is_back=numbers[target.id] <= numbers[source.id],
        )
        if way not in ways.setdefault(source.id, []):
            ways[source.id].append(way)
    return {
        name: tuple(sorted(found, key=lambda way: _CONDITIONS.index(way.condition))) for name, found in ways.items()
    }


def _questions(sop: Sop) -> tuple[Question, ...]:
    asked = sorted(sop.public.clarification_requests or (), key=lambda one: _IMPORTANCE.index(one.importance))
    return tuple(Question(name=one.id, text=readable(one.question), importance=one.importance) for one in asked)


def _skills(sop: Sop, numbers: Mapping[str, int]) -> tuple[ShownSkill, ...]:
    if sop.private is None:
        return ()
    return tuple(
        ShownSkill(
            application=readable(skill.app),
            method=readable(skill.method_type),
            steps=tuple(
                sorted(
                    numbers[step.node_id]
                    for step in sop.private.steps
                    if step.node_id in numbers and skill.id in (step.primary_skill, *(step.alt_skills or ()))
                )
            ),
        )
        for skill in sop.private.skills
    )


def _notes(transcript: Sequence[Any] | None, items: Items, *, has_evidence: bool) -> Iterator[str]:
    if transcript is None:
        yield "There is no transcript of the recording, so no step has a picture, a time or a spoken sentence."
    elif not has_evidence:
        yield "There is no evidence beside this SOP, so no step has a picture, a time or a spoken sentence."
    if items.unreadable:
        yield (
            f"{items.unreadable} of {len(items.all)} items of the transcript have an unknown form and were left out."
        )
