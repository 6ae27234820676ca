"""A SOP as text that a person reads: head, triggers, numbered steps, open questions, skills. Pure."""

import textwrap
import unicodedata
from collections.abc import Iterator
from itertools import zip_longest

from runops.sop import Node, Sop, Trigger
from runops.sop_outline import Branch, GoTo, Step, outline

__all__ = ["plain_line", "sop_text"]

_INDENT = "    "
_NARROWEST = 24
_WAYS = {
    "yes": "yes:",
    "no": "no:",
    "next": "also:",
    "all_processed": "when all are done:",
    "each": "each time:",
}
_KINDS = {"trigger": "Start: ", "decision": "Decision: ", "loop": "Repeat: ", "end": "End: ", "task": ""}


def sop_text(sop: Sop, *, width: int | None = None) -> str:
    """Return the SOP as plain text that ends with a newline.

    The steps follow the graph from trigger to end. A decision's branches and a loop's body are indented below it, and
    every node is written exactly once. Control characters, which a terminal might obey, are left out: the words come
    from a recording.

    Parameters
    ----------
    sop
        The procedure. A graph with faults is written as far as it goes; nodes that no way reaches come last.
    width
        Columns after which lines are broken; never where None.
    """
    sections = [_head(sop), _triggers(sop), _steps(sop), _variables(sop), _questions(sop), _skills(sop)]
    lines: list[str] = []
    for section in sections:
        written = [broken for line in section for broken in _broken(line, width)]
        if written:
            lines += [*written, ""]
    return "\n".join(lines[:-1]) + "\n"


def _head(sop: Sop) -> Iterator[str]:
    meta = sop.meta
    title = plain_line(meta.title)
    yield title
    yield "=" * min(len(title), 72)
    facts = {
        "Goal": meta.goal,
        "Purpose": meta.purpose,
        "Owner": ", ".join(meta.owner),
        "Version": meta.version,
        "Created": meta.created or "",
    }
    yield from (f"{name + ':':<9}{plain_line(value)}" for name, value in facts.items() if value)


def _triggers(sop: Sop) -> Iterator[str]:
    if sop.public.triggers:
        yield "When"
        yield from (f"  - {plain_line(trigger.description)} ({_how(trigger)})" for trigger in sop.public.triggers)


def _how(trigger: Trigger) -> str:
    detail = trigger.config or trigger.endpoint or trigger.signal
    return f"{trigger.type}: {plain_line(detail)}" if detail else trigger.type


def _steps(sop: Sop) -> Iterator[str]:
    steps = outline(sop)
    yield "Steps"
    yield from _Renderer(steps).lines()


class _Renderer:
    """Turns an outline into lines.

    Parameters
    ----------
    steps
        The outline.

    Attributes
    ----------
    numbers
        The number of each node's step.
    """

    def __init__(self, steps: list[Step | GoTo]) -> None:
        self._top = steps
        self.numbers: dict[str, int] = {}
        self._loops: set[str] = set()
        self._number(steps)
        self._width = len(str(max(self.numbers.values(), default=1)))

    def lines(self) -> Iterator[str]:
        """Give the lines, from the first step on."""
        return self._sequence(self._top, indent="  ", at=0, following=None, loops=())

    def _number(self, steps: list[Step | GoTo]) -> None:
        for step in steps:
            if isinstance(step, Step):
                self.numbers[step.node.id] = step.number
                for branch in step.branches:
                    self._number(branch.steps)

    def _sequence(
        self, steps: list[Step | GoTo], *, indent: str, at: int, following: str | None, loops: tuple[str, ...]
    ) -> Iterator[str]:
        for item, later in zip_longest(steps, steps[1:]):
            if isinstance(item, GoTo):
                # The last thing of a branch that leads to what is written right below it needs no arrow.
                if item.node_id != following or len(steps) == 1:
                    yield f"{indent}{self._arrow(item.node_id, at=at, loops=loops)}"
                continue
            at = item.number
            below = f"{indent}{' ' * (self._width + 2)}"
            yield f"{indent}{item.number:>{self._width}}. {_KINDS[item.node.type]}{plain_line(item.node.label)}"
            yield from (f"{below}{line}" for line in _notes(item.node))
            next_node = later.node.id if isinstance(later, Step) else following if later is None else later.node_id
            for branch in item.branches:
                yield from self._branch(item, branch, indent=below, following=next_node, loops=loops)

    def _branch(
        self, step: Step, branch: Branch, *, indent: str, following: str | None, loops: tuple[str, ...]
    ) -> Iterator[str]:
        if branch.condition == "each":
            loops, following = (*loops, step.node.id), step.node.id
        match branch.steps:
            case [GoTo(node_id=target)]:
                arrow = self._arrow(target, at=step.number, loops=loops)
                yield f"{indent}{_WAYS[branch.condition]} {arrow}"
            case _:
                yield f"{indent}{_WAYS[branch.condition]}"
                yield from self._sequence(
                    branch.steps, indent=f"{indent}{_INDENT}", at=step.number, following=following, loops=loops
                )

    def _arrow(self, target: str, *, at: int, loops: tuple[str, ...]) -> str:
        number = self.numbers[target]
        if target in loops:
            return "-> the next one" if target == loops[-1] else f"-> the next one of step {number}"
        return f"-> {'back to' if number <= at else 'go on with'} step {number}"


def _notes(node: Node) -> Iterator[str]:
    if node.iterator:
        yield f"over: {plain_line(node.iterator)}"
    if node.exit_condition:
        yield f"until: {plain_line(node.exit_condition)}"
    if node.intent:
        yield f"why: {plain_line(node.intent)}"
    if node.context:
        yield f"note: {plain_line(node.context)}"


def _variables(sop: Sop) -> Iterator[str]:
    if sop.public.variables:
        yield "Variables"
        variables = sop.public.variables
        yield from (f"  - {plain_line(name)} = {plain_line(str(value))}" for name, value in variables.items())


def _questions(sop: Sop) -> Iterator[str]:
    if sop.public.clarification_requests:
        yield "Open questions"
        rank = ("high", "medium", "low")
        for item in sorted(sop.public.clarification_requests, key=lambda item: rank.index(item.importance)):
            yield f"  - [{item.importance}] {plain_line(item.question)}"


def _skills(sop: Sop) -> Iterator[str]:
    if sop.private is None or not sop.private.skills:
        return
    numbers = _Renderer(outline(sop)).numbers
    yield "Skills"
    for skill in sop.private.skills:
        used = sorted(
            numbers[step.node_id]
            for step in sop.private.steps
            if step.node_id in numbers and skill.id in (step.primary_skill, *(step.alt_skills or ()))
        )
        steps = f", step{'s' if len(used) > 1 else ''} {', '.join(map(str, used))}" if used else ""
        yield f"  - {plain_line(skill.app)} ({skill.method_type}){steps}"


def plain_line(text: str) -> str:
    """Return the text in one line, without what a terminal would obey instead of show."""
    shown = (char if char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs"} else "" for char in text)
    return " ".join("".join(shown).split())


def _broken(line: str, width: int | None) -> list[str]:
    if width is None or len(line) <= width:
        return [line]
    bare = line.lstrip(" ")
    first = bare.split(" ", 1)[0]
    hang = len(line) - len(bare) + (len(first) + 1 if first == "-" or first.rstrip(".").isdigit() else 2)
    return textwrap.wrap(
        line,
        max(width, hang + _NARROWEST),
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
