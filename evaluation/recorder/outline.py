"""A procedure as its script writes it down, and the true SOP made of that. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from runops.sop import Edge, Meta, Node, Public, Sop, Trigger

__all__ = ["Decision", "Loop", "Outline", "Part", "Task", "ids_of", "sop_of", "tasks_of"]

_START, _DONE = "start", "done"


@dataclass(frozen=True)
class Task:
    """One step."""

    id: str
    label: str
    context: str | None = None


@dataclass(frozen=True)
class Decision:
    """A question, and what is done for each answer. Both ways meet in the part that follows."""

    id: str
    label: str
    yes: "tuple[Part, ...]" = ()
    no: "tuple[Part, ...]" = ()
    context: str | None = None


@dataclass(frozen=True)
class Loop:
    """Steps that are done for each of several things.

    There is no loop in them, and the last one is no decision with an answer without steps: a SOP has neither.
    """

    id: str
    label: str
    each: str
    until: str
    body: tuple[Task | Decision, ...]


Part = Task | Decision | Loop


@dataclass(frozen=True)
class Outline:
    """A procedure: its parts in order, and what its SOP says about it."""

    title: str
    goal: str
    purpose: str
    owner: str
    trigger: str
    done: str
    parts: tuple[Part, ...]


def sop_of(outline: Outline, name: str) -> Sop:
    """Return the SOP of an outline.

    Parameters
    ----------
    outline
        The procedure.
    name
        Of the recording. The id of the SOP follows from it, so that each making gives the same one.
    """
    nodes = [Node(id=_START, type="trigger", label=outline.trigger)]
    edges: list[Edge] = []
    ways = _lay(outline.parts, [(_START, "next")], nodes, edges)
    nodes.append(Node(id=_DONE, type="end", label=outline.done))
    edges += _edges(ways, _DONE)
    meta = Meta(
        id=str(UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4)),
        title=outline.title,
        version="1.0.0",
        goal=outline.goal,
        purpose=outline.purpose,
        owner=[outline.owner],
    )
    triggers = [Trigger(type="manual", description=outline.trigger)]
    return Sop(meta=meta, public=Public(triggers=triggers, nodes=nodes, edges=edges))


def ids_of(parts: Iterable[Part]) -> list[str]:
    """Return the ids of parts and of all parts in them, in order."""
    return [part.id for part in _all(parts)]


def tasks_of(parts: Iterable[Part]) -> list[Task]:
    """Return the tasks among parts and in them, in order."""
    return [part for part in _all(parts) if isinstance(part, Task)]


def _all(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        if isinstance(part, Decision):
            yield from _all((*part.yes, *part.no))
        elif isinstance(part, Loop):
            yield from _all(part.body)


_Way = tuple[str, str]
"""A node from which one goes on, and the condition."""


def _lay(parts: Sequence[Part], ways: list[_Way], nodes: list[Node], edges: list[Edge]) -> list[_Way]:
    """Add nodes and edges of parts that are reached by the ways; return the ways that lead on from there."""
    for part in parts:
        edges += _edges(ways, part.id)
        if isinstance(part, Task):
            nodes.append(Node(id=part.id, type="task", label=part.label, context=part.context))
            ways = [(part.id, "next")]
        elif isinstance(part, Decision):
            nodes.append(Node(id=part.id, type="decision", label=part.label, context=part.context))
            ways = [
                *_lay(part.yes, [(part.id, "yes")], nodes, edges),
                *_lay(part.no, [(part.id, "no")], nodes, edges),
            ]
        else:
            nodes.append(
                Node(
                    id=part.id,
                    type="loop",
                    label=part.label,
                    iterator=part.each,
                    children=ids_of(part.body),
                    exit_condition=part.until,
                    isBranchRoot=True,
                )
            )
            edges += _edges(_lay(part.body, [(part.id, "next")], nodes, edges), part.id)
            ways = [(part.id, "all_processed")]
    return ways


def _edges(ways: Iterable[_Way], target: str) -> list[Edge]:
    return [Edge.model_validate({"source": source, "target": target, "condition": how}) for source, how in ways]
