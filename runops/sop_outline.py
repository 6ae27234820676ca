"""A SOP's graph as an outline: steps in reading order, branches and loop bodies nested. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from runops.sop import Node, Sop
from runops.sop_graph import graph_of

__all__ = ["Branch", "GoTo", "Step", "in_outline_order", "outline"]

_DEEPEST = 12
_LOOKED_AT = 400
"""Nodes among which the meeting point of a decision is sought: 2,000 nodes take a second or two, not minutes."""


@dataclass(slots=True)
class GoTo:
    """A branch goes on at a step that is written elsewhere."""

    node_id: str


@dataclass(slots=True)
class Branch:
    """One way out of a step, written below it.

    Attributes
    ----------
    condition
        `yes`, `no`, `next`, `all_processed`, or `each` for the body of a loop.
    steps
        What happens on this way; empty where nothing does before the step after next.
    """

    condition: str
    steps: list["Step | GoTo"] = field(default_factory=list)


@dataclass(slots=True)
class Step:
    """One node of the graph with its number, counted in reading order from 1, and its branches."""

    number: int
    node: Node
    branches: list[Branch] = field(default_factory=list)


def outline(sop: Sop) -> list[Step | GoTo]:
    """Return the steps of a SOP in reading order.

    Every node is one `Step` exactly once, whatever the graph looks like; ways that meet again are written once, after
    the step where they part. Where a way goes on at a step that is written elsewhere, a `GoTo` says so.
    """
    return _Writer(sop).write()


def in_outline_order(sop: Sop) -> Sop:
    """Return the SOP with its nodes in the order in which they are read."""
    order: dict[str, int] = {}
    waiting = list(reversed(outline(sop)))
    while waiting:
        step = waiting.pop()
        if isinstance(step, Step):
            order[step.node.id] = step.number
            waiting += [inner for branch in reversed(step.branches) for inner in reversed(branch.steps)]
    nodes = sorted(sop.public.nodes, key=lambda node: order[node.id])
    return sop.model_copy(update={"public": sop.public.model_copy(update={"nodes": nodes})})


class _Writer:
    def __init__(self, sop: Sop) -> None:
        self._starts = graph_of(sop).starts
        self._nodes = {node.id: node for node in sop.public.nodes}
        self._ways: dict[str, list[tuple[str, str]]] = {name: [] for name in self._nodes}
        for edge in sop.public.edges:
            way = (edge.condition, edge.target)
            if edge.source in self._nodes and edge.target in self._nodes and way not in self._ways[edge.source]:
                self._ways[edge.source].append(way)
        self._written: set[str] = set()
        self._count = 0

    def write(self) -> list[Step | GoTo]:
        """Walk from the start, then from whatever no walk has reached."""
        steps: list[Step | GoTo] = []
        for name in [*self._starts, *self._nodes]:
            if name not in self._written:
                steps += self._walk(name, stops=frozenset(), depth=0)
        return steps

    def _walk(self, start: str, *, stops: frozenset[str], depth: int) -> list[Step | GoTo]:
        """Write from one node on until the way ends, meets a stop, or meets what is written already."""
        steps: list[Step | GoTo] = []
        at: str | None = start
        while at is not None:
            if at in stops or at in self._written or depth > _DEEPEST:
                steps.append(GoTo(at))
                return steps
            step = self._step(at)
            steps.append(step)
            ways = self._ways[at]
            if step.node.type == "loop":
                ways = self._write_body(step, stops=stops, depth=depth)
            at = self._write_fork(step, ways, stops=stops, depth=depth)
        return steps

    def _step(self, name: str) -> Step:
        self._written.add(name)
        self._count += 1
        return Step(self._count, self._nodes[name])

    def _write_body(self, loop: Step, *, stops: frozenset[str], depth: int) -> list[tuple[str, str]]:
        """Write what a loop repeats; return the ways that leave the loop."""
        children = [name for name in loop.node.children or () if name in self._nodes]
        leaving = [way for way in self._ways[loop.node.id] if way[1] not in children]
        inside = self._with_nested_children(children)
        after = self._reach((target for _, target in leaving), without=stops | self._written) - inside
        body = Branch("each")
        for child in children:
            if child not in self._written:
                body.steps += self._walk(child, stops=stops | after | {loop.node.id}, depth=depth + 1)
        loop.branches.append(body)
        return leaving

    def _write_fork(self, step: Step, ways: list[tuple[str, str]], *, stops: frozenset[str], depth: int) -> str | None:
        """Write the branches below a step; return the node at which reading goes on."""
        if len(ways) == 1 and step.node.type != "decision":
            return ways[0][1]
        meeting = self._meeting_point([target for _, target in ways], stops=stops)
        inner = stops if meeting is None else stops | {meeting}
        for condition, target in ways:
            step.branches.append(Branch(condition, self._walk(target, stops=inner, depth=depth + 1)))
        return meeting

    def _meeting_point(self, targets: list[str], *, stops: frozenset[str]) -> str | None:
        """Return the node at which the ways from the targets meet again; None where they do not.

        That is the first one that every way to an exit passes: an exit is a node that nothing leaves, or a stop. Ways
        that only go back to what is written exit nowhere, so that the other branch goes on at the outer level. Where
        one way skips to the next round of a loop there is no such node; then the first one that all can reach.
        """
        order = self._in_reach_order(targets, without=self._written | stops, most=_LOOKED_AT)
        passed = self._first_passed_by_all(order, targets, stops=stops)
        if passed is not None:
            return passed
        reached = [
            set(self._in_reach_order([target], without=self._written | stops, most=_LOOKED_AT)) for target in targets
        ]
        return next((name for name in order if all(name in one for one in reached)), None)

    def _first_passed_by_all(self, order: list[str], targets: list[str], *, stops: Collection[str]) -> str | None:
        """Return the first node that every way from the targets to an exit passes; None if there is none.

        One way to an exit is taken. The nodes on it are gone through in order, together with everything beside the way
        that leads off before them. A node beyond which nothing led so far is passed by every way.
        """
        known = set(order)
        exits = {name for name in order if self._is_exit(name, known, stops)}
        way = self._way(targets, exits, known)
        if way is None:
            return None
        place = {name: number for number, name in enumerate(way)}
        farthest = -1
        seen = set(way)
        ahead: Iterable[str] = targets
        is_left = any(target in stops for target in targets)
        for number, name in enumerate(way):
            waiting = list(ahead)
            while waiting:
                at = waiting.pop()
                if at in place:
                    farthest = max(farthest, place[at])
                elif at in known and at not in seen:
                    seen.add(at)
                    is_left = is_left or at in exits
                    waiting += self._onward(at)
            if is_left:
                return None
            if farthest == number:
                return name
            is_left = name in exits
            ahead = self._onward(name)
        return None

    def _is_exit(self, name: str, known: Collection[str], stops: Collection[str]) -> bool:
        """Tell whether a way may end here: at the node itself, at a stop, or where nobody looked further."""
        onward = self._onward(name)
        return not onward or any(
            target in stops or (target not in known and target not in self._written) for target in onward
        )

    def _way(self, targets: list[str], exits: Collection[str], known: Collection[str]) -> list[str] | None:
        before: dict[str, str | None] = {target: None for target in targets if target in known}
        waiting = list(before)
        for name in waiting:
            if name in exits:
                way: list[str] = []
                at: str | None = name
                while at is not None:
                    way.append(at)
                    at = before[at]
                return way[::-1]
            for target in self._onward(name):
                if target in known and target not in before:
                    before[target] = name
                    waiting.append(target)
        return None

    def _with_nested_children(self, children: Iterable[str]) -> set[str]:
        found: set[str] = set()
        waiting = list(children)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [child for child in self._nodes[name].children or () if child in self._nodes]
        return found

    def _reach(self, starts: Iterable[str], *, without: Collection[str]) -> set[str]:
        return set(self._in_reach_order(starts, without=without))

    def _in_reach_order(self, starts: Iterable[str], *, without: Collection[str], most: int | None = None) -> list[str]:
        closed = set(without)
        waiting, order = list(starts), list[str]()
        for name in waiting:
            if len(order) == most:
                break
            if name not in closed:
                closed.add(name)
                order.append(name)
                waiting += self._onward(name)
        return order

    def _onward(self, name: str) -> list[str]:
        children = [child for child in self._nodes[name].children or () if child in self._nodes]
        return [*children, *(target for _, target in self._ways[name])]
