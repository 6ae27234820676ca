"""Puts steps, decisions and loops together as a graph that keeps the rules of a SOP. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Node", "Part", "graph_of"]


@dataclass
class Node:
    """A box of the graph: what it says, and at which second it was done or said."""

    kind: str
    label: str
    intent: str = ""
    context: str = ""
    evidence: list[str] = field(default_factory=list)
    app: str = ""
    at: float = 0.0
    name: str = ""


@dataclass
class Part:
    """A node of the way through, with the ways that leave it.

    Attributes
    ----------
    yes, no
        Of a decision: what is done before the ways come together again.
    body
        Of a loop: what is repeated.
    iterator, exit_condition
        Of a loop.
    """

    node: Node
    yes: list["Part"] = field(default_factory=list)
    no: list["Part"] = field(default_factory=list)
    body: list["Part"] = field(default_factory=list)
    iterator: str = ""
    exit_condition: str = ""


def graph_of(parts: Sequence[Part]) -> tuple[list[dict[str, Any]], list[dict[str, str]], list[Node]]:
    """Return nodes, edges, and the nodes that are tasks with their names.

    Parameters
    ----------
    parts
        The way from the trigger to the end. The last part of a loop's body is no decision.
    """
    made = _Graph()
    begin = Node("trigger", "Begin", name="begin")
    end = Node("end", "Done", name="done")
    made.add(begin)
    made.names |= {"begin", "done"}
    first = made.chain(parts, leads_to="done")
    made.edges.insert(0, {"source": "begin", "target": first, "condition": "next"})
    made.add(end)
    return made.nodes, made.edges, made.tasks


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, str]] = []
        self.tasks: list[Node] = []
        self.names: set[str] = set()

    def chain(self, parts: Sequence[Part], *, leads_to: str) -> str:
        """Add parts that follow each other and return the name of the first; `leads_to` where there are none."""
        for part in parts:
            part.node.name = part.node.name or self._name(part.node.label)
        for place, part in enumerate(parts):
            after = parts[place + 1].node.name if place + 1 < len(parts) else leads_to
            self._part(part, after)
        return parts[0].node.name if parts else leads_to

    def _part(self, part: Part, after: str) -> None:
        name = part.node.name
        if part.body:
            for child in part.body:
                child.node.name = self._name(child.node.label)
            inside = [one.node.name for one in _all(part.body)]
            self.add(part.node)
            entry = self.nodes[-1]
            self._edge(name, part.body[0].node.name, "next")
            self._edge(name, after, "all_processed")
            self.chain(part.body, leads_to=name)
            inside = [one.node.name for one in _all(part.body)]
            entry |= {
                "iterator": part.iterator,
                "children": inside,
                "exit_condition": part.exit_condition,
                "isBranchRoot": True,
            }
        elif part.node.kind == "decision":
            self.add(part.node)
            self._edge(name, self.chain(part.yes, leads_to=after), "yes")
            self._edge(name, self.chain(part.no, leads_to=after), "no")
        else:
            self.add(part.node)
            self._edge(name, after, "next")

    def _edge(self, source: str, target: str, condition: str) -> None:
        self.edges.append({"source": source, "target": target, "condition": condition})

    def add(self, node: Node) -> None:
        """Add a box below the ones before."""
        if node.kind == "task":
            self.tasks.append(node)
        self.nodes.append(
            {
                "id": node.name,
                "type": node.kind,
                "evidence": node.evidence,
                "label": node.label,
                **({"intent": node.intent} if node.intent else {}),
                **({"context": node.context} if node.context else {}),
                "position": {"x": 0, "y": 120 * len(self.nodes)},
            }
        )

    def _name(self, label: str) -> str:
        words = re.findall(r"[a-z0-9]+", label.casefold())
        base = name = "-".join(words[:4]) or "step"
        number = 2
        while name in self.names:
            name, number = f"{base}-{number}", number + 1
        self.names.add(name)
        return name


def _all(parts: Sequence[Part]) -> list[Part]:
    """Return the parts and those on the ways of their decisions."""
    return [one for part in parts for one in (part, *_all(part.yes), *_all(part.no))]
