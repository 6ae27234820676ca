"""How the steps of a procedure are nested and lead to each other: what the flow chart draws. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runops.sop import Sop
from runops.sop_outline import GoTo, Step

__all__ = ["FlowArm", "FlowJump", "FlowStep", "flow_of", "loops_around", "numbered_steps"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowJump:
    """A branch goes on at a step that is drawn elsewhere."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowArm:
    """One way out of a step, drawn below it; `each` is the body of a loop."""

    condition: str
    parts: "tuple[FlowStep | FlowJump, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStep:
    """A step with its branches, as `runops.sop_outline` nests them.

    Attributes
    ----------
    number
        Of the step.
    leads_to
        Numbers of the steps to which its edges lead.
    arms
        Ways out of a decision, or the body of a loop.
    """

    number: int
    leads_to: tuple[int, ...] = ()
    arms: tuple[FlowArm, ...] = ()


def numbered_steps(steps: Sequence[Step | GoTo]) -> Iterator[Step]:
    """Give every step of an outline in reading order."""
    waiting = list(reversed(steps))
    while waiting:
        step = waiting.pop()
        if isinstance(step, Step):
            yield step
            waiting += [inner for branch in reversed(step.branches) for inner in reversed(branch.steps)]


def flow_of(sop: Sop, steps: Sequence[Step | GoTo]) -> tuple[FlowStep | FlowJump, ...]:
    """Return the outline of a SOP with numbers in place of ids."""
    numbers = {step.node.id: step.number for step in numbered_steps(steps)}
    targets: dict[str, list[int]] = {}
    for edge in sop.public.edges:
        if edge.source in numbers and edge.target in numbers:
            targets.setdefault(edge.source, []).append(numbers[edge.target])
    return _parts(steps, numbers, targets)


def _parts(
    steps: Sequence[Step | GoTo], numbers: Mapping[str, int], targets: Mapping[str, list[int]]
) -> tuple[FlowStep | FlowJump, ...]:
    return tuple(
        FlowJump(number=numbers[step.node_id])
        if isinstance(step, GoTo)
        else FlowStep(
            number=step.number,
            leads_to=tuple(targets.get(step.node.id, ())),
            arms=tuple(
                FlowArm(condition=branch.condition, parts=_parts(branch.steps, numbers, targets))
                for branch in step.branches
            ),
        )
        for step in steps
    )


def loops_around(parts: Sequence[FlowStep | FlowJump]) -> dict[int, tuple[int, ...]]:
    """Return for each step the numbers of the loops that it belongs to, the outermost first."""
    around: dict[int, tuple[int, ...]] = {}
    waiting: list[tuple[FlowStep | FlowJump, tuple[int, ...]]] = [(part, ()) for part in parts]
    while waiting:
        part, loops = waiting.pop()
        if isinstance(part, FlowStep):
            around[part.number] = loops
            for arm in part.arms:
                inner = (*loops, part.number) if arm.condition == "each" else loops
                waiting += [(one, inner) for one in arm.parts]
    return around
