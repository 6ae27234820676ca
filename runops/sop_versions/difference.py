"""Compares two SOPs for a person: steps added, removed, changed and moved. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from runops.sop import Node, Sop
from runops.sop_outline import GoTo, outline
from runops.sop_outline import Step as OutlineStep
from runops.sop_text import plain_line
from runops.sop_versions.align import aligned_ids, with_ids
from runops.sop_versions.values import text_of

__all__ = ["Change", "Difference", "difference", "difference_text"]

_FIELDS = ("type", "label", "intent", "context", "iterator", "exit_condition")
_META = ("title", "version", "goal", "purpose", "owner")
_CONDITIONS = ("next", "yes", "no", "all_processed")


@dataclass(frozen=True, slots=True)
class Change:
    """One text in two versions; None where a version does not have it."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class StepChange:
    """A step of both versions.

    Attributes
    ----------
    id, label
        Of the step, as it is now.
    number_before, number_after
        Its numbers in `runops sop`.
    changes
        Its texts, and the steps that follow it, where they differ.
    moved
        Whether it comes before or after other steps than it did.
    """

    id: str
    label: str
    number_before: int
    number_after: int
    changes: tuple[Change, ...] = ()
    moved: bool = False


@dataclass(frozen=True, slots=True)
class OneStep:
    """A step of one version only."""

    id: str
    label: str
    number: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs from one SOP to another.

    Attributes
    ----------
    description
        Title, goal and other texts about the whole.
    added, removed
        Steps of one version only.
    changed
        Steps of both versions that differ or have moved.
    variables, triggers, questions
        Of which one version has another value, or none.
    """

    description: tuple[Change, ...] = ()
    added: tuple[OneStep, ...] = ()
    removed: tuple[OneStep, ...] = ()
    changed: tuple[StepChange, ...] = ()
    triggers: tuple[Change, ...] = ()
    variables: tuple[Change, ...] = ()
    questions: tuple[Change, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the two are the same."""
        return self == Difference()

    def as_json(self) -> dict[str, Any]:
        """Return the difference as a JSON object."""
        return asdict(self)


def difference(before: Sop, after: Sop) -> Difference:
    """Return what differs. Between SOPs of two jobs, the same step is recognised by its words.

    Parameters
    ----------
    before, after
        Two SOPs, with faults or without. Versions of one have the same `meta.id`, and the same ids for the same steps.
    """
    if before.meta.id != after.meta.id:
        after = with_ids(after, aligned_ids(after.public.nodes, before.public.nodes))
    old, new = _numbered(before), _numbered(after)
    common = [name for name in new if name in old]
    moved = _moved(common, old)
    changed = [
        StepChange(name, new[name][1].label, old[name][0], new[name][0], changes, name in moved)
        for name in common
        if (changes := tuple(_changes(name, before, after, old[name][1], new[name][1]))) or name in moved
    ]
    return Difference(
        description=tuple(_texts(_described(before), _described(after))),
        added=tuple(_one(new[name]) for name in new if name not in old),
        removed=tuple(_one(old[name]) for name in old if name not in new),
        changed=tuple(changed),
        triggers=tuple(_texts(_triggers(before), _triggers(after))),
        variables=tuple(_texts(_variables(before), _variables(after))),
        questions=tuple(_texts(_questions(before), _questions(after))),
    )


def difference_text(found: Difference) -> str:
    """Return the difference as lines that a person reads, without what a terminal would obey."""
    if found.is_empty:
        return "There is no difference.\n"
    sections = [
        _section("Description", [line for change in found.description for line in _lines(change)]),
        _section("Removed steps", [f"- {_step(one)}" for one in found.removed]),
        _section("Added steps", [f"+ {_step(one)}" for one in found.added]),
        _section("Changed steps", [line for step in found.changed for line in _step_lines(step)]),
        _section("Triggers", [line for change in found.triggers for line in _signed(change)]),
        _section("Variables", [line for change in found.variables for line in _lines(change)]),
        _section("Open questions", [line for change in found.questions for line in _signed(change)]),
    ]
    return "\n".join("\n".join(lines) + "\n" for lines in sections if lines)


def _numbered(sop: Sop) -> dict[str, tuple[int, Node]]:
    """Return number and node of each step, in the order of `runops sop`."""
    found: dict[str, tuple[int, Node]] = {}

    def walk(steps: Sequence[OutlineStep | GoTo]) -> None:
        for step in steps:
            if isinstance(step, OutlineStep):
                found[step.node.id] = (step.number, step.node)
                for branch in step.branches:
                    walk(branch.steps)

    walk(outline(sop))
    return found


def _moved(common: Sequence[str], old: Mapping[str, tuple[int, Node]]) -> set[str]:
    """Return the steps outside of the longest run that both versions have in the same order."""
    places = [old[name][0] for name in common]
    runs: list[list[int]] = []
    for index, place in enumerate(places):
        before = [run for run in runs if places[run[-1]] < place]
        runs.append([*_longest(before), index])
    kept = set(_longest(runs))
    return {name for index, name in enumerate(common) if index not in kept}


def _longest(runs: Sequence[list[int]]) -> list[int]:
    longest: list[int] = []
    for run in runs:
        if len(run) > len(longest):
            longest = run
    return longest


def _changes(name: str, before: Sop, after: Sop, old: Node, new: Node) -> Iterator[Change]:
    yield from _texts(_fields_of(old), _fields_of(new))
    ways, later = _ways(before, name), _ways(after, name)
    labels = {node.id: node.label for sop in (before, after) for node in sop.public.nodes}
    both = {node.id for node in before.public.nodes} & {node.id for node in after.public.nodes}
    for condition in _CONDITIONS:
        target, target_now = ways.get(condition), later.get(condition)
        # A way to a step that is added or removed says nothing that is not said of that step.
        if target != target_now and {target, target_now} - {None} <= both:
            yield Change(f"then ({condition})", *(None if at is None else labels[at] for at in (target, target_now)))


def _fields_of(node: Node) -> dict[str, str]:
    named = {name: str(value) for name in _FIELDS if (value := getattr(node, name))}
    return named | ({"children": ", ".join(map(str, node.children))} if node.children else {})


def _ways(sop: Sop, name: str) -> dict[str, str]:
    return {edge.condition: edge.target for edge in sop.public.edges if edge.source == name}


def _texts(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Change(name, before.get(name), after.get(name))


def _described(sop: Sop) -> dict[str, str]:
    values = {name: getattr(sop.meta, name) for name in _META}
    return {name: ", ".join(value) if isinstance(value, list) else value for name, value in values.items() if value}


def _triggers(sop: Sop) -> dict[str, str]:
    found = {}
    for one in sop.public.triggers:
        detail = one.config or one.endpoint or one.signal
        text = f"{one.description} ({one.type}{f': {detail}' if detail else ''})"
        found[text] = text
    return found


def _variables(sop: Sop) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in (sop.public.variables or {}).items()}


def _questions(sop: Sop) -> dict[str, str]:
    return {text_of(one.question): one.question for one in sop.public.clarification_requests or []}


def _one(numbered: tuple[int, Node]) -> OneStep:
    number, node = numbered
    return OneStep(node.id, node.label, number, node.type)


def _section(title: str, lines: list[str]) -> list[str]:
    return [title, *(f"  {line}" for line in lines)] if lines else []


def _step(one: OneStep) -> str:
    return f"{one.number}. {plain_line(one.label)}" + ("" if one.type == "task" else f" ({one.type})")


def _step_lines(step: StepChange) -> Iterator[str]:
    number = str(step.number_after)
    if step.number_before != step.number_after:
        number = f"{step.number_before} -> {step.number_after}"
    yield f"{number}. {plain_line(step.label)}" + (" (moved)" if step.moved else "")
    for change in step.changes:
        yield from (f"     {line}" for line in _lines(change))


def _lines(change: Change) -> Iterator[str]:
    yield f"{plain_line(change.name)}:"
    yield from (f"  {line}" for line in _signed(change))


def _signed(change: Change) -> Iterator[str]:
    if change.before is not None:
        yield f"- {plain_line(change.before)}"
    if change.after is not None:
        yield f"+ {plain_line(change.after)}"
