"""The rules of a SOP's graph: which arrows may join which nodes. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

__all__ = ["Arrow", "Graph", "followed", "structure_faults"]

_NAMED = 5


class Arrow(NamedTuple):
    """One edge."""

    source: str
    target: str
    condition: str

    def __str__(self) -> str:
        return f"edge {self.source!r} -> {self.target!r}"


@dataclass(frozen=True)
class Graph:
    """The parts of a SOP that its rules are about.

    Attributes
    ----------
    types
        The type of each node by its id, in written order.
    children
        The children of each loop.
    arrows
        The edges.
    """

    types: Mapping[str, str]
    children: Mapping[str, tuple[str, ...]]
    arrows: tuple[Arrow, ...]

    @cached_property
    def joined(self) -> tuple[Arrow, ...]:
        """The edges whose ends are both nodes."""
        return tuple(arrow for arrow in self.arrows if arrow.source in self.types and arrow.target in self.types)

    @cached_property
    def leaving(self) -> Mapping[str, tuple[Arrow, ...]]:
        """The edges that leave each node."""
        found: dict[str, list[Arrow]] = {name: [] for name in self.types}
        for arrow in self.joined:
            found[arrow.source].append(arrow)
        return {name: tuple(arrows) for name, arrows in found.items()}

    @cached_property
    def loop_of(self) -> Mapping[str, str]:
        """The loop that each child belongs to; the first one where several claim it."""
        found: dict[str, str] = {}
        for loop, children in self.children.items():
            for child in children:
                found.setdefault(child, loop)
        return found

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """Where the procedure begins: the trigger nodes, or without one the nodes to which no edge leads.

        The edges of a loop's own children do not count. Whether the app's viewer wants a trigger node is not known, so
        a graph is sound with one and without.
        """
        triggers = tuple(name for name, kind in self.types.items() if kind == "trigger")
        entered = {arrow.target for arrow in self.joined if self.loop_of.get(arrow.source) != arrow.target}
        return triggers or tuple(name for name in self.types if name not in entered)


def followed(starts: Iterable[str], ways: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the starts and everything that the ways lead to from there."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        for name in ways.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def structure_faults(graph: Graph) -> list[str]:
    """Return one sentence for every rule that the graph breaks; an empty list for a sound graph.

    The rules:

    - An edge and a child name a node. A node is a child of one loop only, once, and is a task or a decision.
    - `next` leaves a trigger or a task, and leads from a loop to its first child. `yes` and `no` leave a decision.
      `all_processed` leaves a loop. Nothing leaves an end.
    - A trigger and a task have one edge. A decision has one `yes` and one `no`. A loop has one edge to its first child
      and one `all_processed`.
    - A child's edges stay among the children of its loop, or go back to the loop as `next`. Nothing leads to a child
      from outside.
    - There is one start, every node can be reached from it, exactly one end is reached, and every node leads there.
    """
    return [
        *_member_faults(graph),
        *(f"{arrow} {fault}" for arrow in graph.arrows for fault in _arrow_faults(graph, arrow)),
        *_way_faults(graph),
        *_reach_faults(graph),
    ]


def _member_faults(graph: Graph) -> Iterator[str]:
    loops = Counter(child for children in graph.children.values() for child in set(children))
    for loop, children in graph.children.items():
        if graph.types[loop] != "loop":
            yield f"{loop!r} has children but is a {graph.types[loop]}"
        for child, count in Counter(children).items():
            kind = graph.types.get(child)
            if kind is None:
                yield f"loop {loop!r} has the child {child!r}, which is not a node"
            elif child == loop:
                yield f"loop {loop!r} is its own child"
            elif kind not in {"task", "decision"}:
                yield f"loop {loop!r} has the child {child!r}, which is a {kind}; only tasks and decisions are children"
            if count > 1:
                yield f"loop {loop!r} has the child {child!r} {count} times"
    yield from (f"{child!r} is a child of {count} loops" for child, count in loops.items() if count > 1)


def _arrow_faults(graph: Graph, arrow: Arrow) -> Iterator[str]:
    missing = [end for end in (arrow.source, arrow.target) if end not in graph.types]
    yield from (f"names {end!r}, which is not a node" for end in missing)
    if not missing:
        yield from _condition_faults(graph, arrow)
        yield from _level_faults(graph, arrow)


def _condition_faults(graph: Graph, arrow: Arrow) -> Iterator[str]:
    source, _, condition = arrow
    kind = graph.types[source]
    if kind == "end":
        yield "leaves an end"
    elif condition == "all_processed" and kind != "loop":
        yield f"is all_processed, but {source!r} is not a loop"
    elif condition in {"yes", "no"} and kind != "decision":
        yield f"is {condition}, but {source!r} is not a decision"
    elif condition == "next" and kind == "decision":
        yield f"is next, but {source!r} is a decision"
    elif condition not in {"next", "yes", "no", "all_processed"}:
        yield f"is {condition[:40]!r}, which is not a condition"


def _level_faults(graph: Graph, arrow: Arrow) -> Iterator[str]:
    source, target, condition = arrow
    children = graph.children.get(source, ())
    inside, into = graph.loop_of.get(source), graph.loop_of.get(target)
    if target in children:
        if target != children[0]:
            yield "goes from a loop to a child that is not its first"
        elif condition != "next":
            yield f"goes from a loop to its first child but is {condition}, not next"
        return
    if graph.types[source] == "loop" and condition != "all_processed":
        yield f"leaves a loop but is {condition}, not all_processed"
    if inside == target:
        if condition != "next":
            yield f"goes back to its loop but is {condition}, not next"
        return
    if into is not None and into != inside:
        yield f"leads into loop {into!r} from outside"
    if inside is not None and into != inside:
        yield f"leaves loop {inside!r} from inside, which only its all_processed edge does"


def _way_faults(graph: Graph) -> Iterator[str]:
    for name, kind in graph.types.items():
        arrows = graph.leaving[name]
        if kind == "decision":
            for word in ("yes", "no"):
                count = sum(arrow.condition == word for arrow in arrows)
                yield from _count_fault(f"decision {name!r}", count, f"{word} edge", f"{word} edges")
        elif kind == "loop":
            first = graph.children.get(name, ())[:1]
            count = sum(arrow.target in first for arrow in arrows)
            yield from _count_fault(f"loop {name!r}", count, "edge to its first child", "edges to its first child")
            count = sum(arrow.condition == "all_processed" for arrow in arrows)
            yield from _count_fault(f"loop {name!r}", count, "all_processed edge", "all_processed edges")
        elif kind != "end" and len(arrows) != 1:
            yield f"{kind} {name!r} " + (f"has {len(arrows)} edges that leave it" if arrows else "leads nowhere")


def _count_fault(node: str, count: int, one: str, several: str) -> Iterator[str]:
    if count != 1:
        yield f"{node} has {count} {several}" if count else f"{node} has no {one}"


def _reach_faults(graph: Graph) -> Iterator[str]:
    starts = graph.starts
    if not starts:
        yield "no node is the start: an edge leads to each of them"
        return
    if len(starts) > 1:
        yield f"exactly one node may be the start, but {len(starts)} are: {_some(starts)}"
    onward = {name: [arrow.target for arrow in arrows] for name, arrows in graph.leaving.items()}
    reached = followed(starts, onward)
    yield from (f"node {name!r} cannot be reached" for name in graph.types if name not in reached)
    ends = [name for name, kind in graph.types.items() if kind == "end" and name in reached]
    if len(ends) != 1:
        yield f"exactly one end must be reached, but {len(ends)} are: {_some(ends) or 'none'}"
    back: dict[str, list[str]] = {}
    for arrow in graph.joined:
        back.setdefault(arrow.target, []).append(arrow.source)
    leading = followed(ends, back)
    # A dead end is named above; here are the nodes that lead round and round.
    endless = [name for name in graph.types if name in reached and name not in leading and onward[name]]
    if ends and endless:
        yield f"no way leads to the end from {_some(endless)}"


def _some(names: Iterable[str]) -> str:
    listed = [repr(name) for name in names]
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
