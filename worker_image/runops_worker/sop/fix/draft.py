"""A SOP's graph while it is being fixed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from runops.sop_structure import Arrow, Graph
from runops_worker.sop.fix.questions import Question
from runops_worker.sop.wording.sentences import ENGLISH, Wording

__all__ = ["Draft"]


@dataclass
class Draft:
    """The graph of one SOP, its fixes and questions so far. Each module of this package changes it in place.

    Attributes
    ----------
    nodes
        The nodes by id, in written order.
    arrows
        The edges as the model gave them. A condition may be any text until `ways` is filled.
    ways
        Where each node leads, by condition; filled from the arrows once children are settled, and authoritative then.
        A missing condition is a way that has yet to be found.
    fixes
        The name of a rule for each change.
    questions
        What the changes leave open.
    inserted
        Ids of nodes that no model wrote: they hold ways together that could not be joined directly.
    wording
        The sentences of the SOP's language, for labels and notes.
    """

    nodes: dict[str, dict[str, Any]]
    arrows: list[Arrow]
    ways: dict[str, dict[str, str]] = field(default_factory=dict)
    fixes: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    inserted: list[str] = field(default_factory=list)
    wording: Wording = ENGLISH

    def type(self, name: str) -> str:
        """Return the type of a node."""
        return str(self.nodes[name]["type"])

    def label(self, name: str) -> str:
        """Return the label of a node."""
        return str(self.nodes[name]["label"])

    def children(self, name: str) -> list[str]:
        """Return the children of a node; none where it is not a loop."""
        return list(self.nodes[name].get("children") or ()) if self.type(name) == "loop" else []

    def loops(self) -> list[str]:
        """Return the ids of the loops."""
        return [name for name in self.nodes if self.type(name) == "loop"]

    def loop_of(self) -> dict[str, str]:
        """Return the loop of each child; the first one where several claim it."""
        found: dict[str, str] = {}
        for loop in self.loops():
            for child in self.children(loop):
                found.setdefault(child, loop)
        return found

    def graph(self) -> Graph:
        """Return what the rules are checked on."""
        return Graph(
            types={name: self.type(name) for name in self.nodes},
            children={name: tuple(node["children"]) for name, node in self.nodes.items() if "children" in node},
            arrows=tuple(self.arrows),
        )

    def leaving(self) -> dict[str, list[Arrow]]:
        """Return the arrows that leave each node."""
        found: dict[str, list[Arrow]] = {name: [] for name in self.nodes}
        for arrow in self.arrows:
            found[arrow.source].append(arrow)
        return found

    def joints(self) -> Iterator[tuple[str, str, str]]:
        """Give node, condition and target of each way."""
        for name, ways in self.ways.items():
            for condition, target in ways.items():
                yield name, condition, target

    def entered(self) -> dict[str, int]:
        """Return how many ways lead to each node, those of a loop's own children not counted."""
        owners = self.loop_of()
        counts = dict.fromkeys(self.nodes, 0)
        for name, _, target in self.joints():
            counts[target] += owners.get(name) != target
        return counts

    def insert(self, base: str, *, kind: str, label: str, loop: str | None, ways: dict[str, str]) -> str:
        """Insert a node as the last child of a loop, or outside of all loops; return its id."""
        name, number = base, 2
        while name in self.nodes:
            name, number = f"{base}-{number}", number + 1
        self.nodes[name] = {"id": name, "type": kind, "label": label}
        self.ways[name] = ways
        self.inserted.append(name)
        if loop is not None:
            self.nodes[loop]["children"] = [*self.children(loop), name]
        return name

    def back_to(self, loop: str) -> str:
        """Return a child of the loop that only leads back to it, which an answer of a decision may not do itself."""
        for name in filter(self.ways.__contains__, self.inserted):
            if self.type(name) == "task" and self.ways[name] == {"next": loop}:
                return name
        label = self.wording.say("back_to", step=self.label(loop))
        return self.insert(f"next-{loop}", kind="task", label=label, loop=loop, ways={"next": loop})

    def add_note(self, name: str, note: str) -> None:
        """Add a sentence to a node's context."""
        context = self.nodes[name].get("context")
        self.nodes[name]["context"] = f"{context} {note}" if context else note

    def say(self, rule: str, times: int = 1) -> None:
        """Count a fix."""
        self.fixes += [rule] * times

    def ask(self, questions: Iterable[Question] | Question) -> None:
        """Add questions."""
        self.questions += [questions] if isinstance(questions, Question) else list(questions)
