"""Lays the steps of a procedure out as a flow chart: boxes, arrows and frames with their places. Pure.

The outline says what is nested in what, so the chart needs no general layout of graphs: a sequence goes down, the arms
of a decision go side by side and meet again, a loop is a frame around its body. A way that goes on elsewhere ends in a
small box with the number of that step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from runops.procedure.flow import FlowArm, FlowJump, FlowStep
from runops.procedure.model import Procedure, ShownStep
from runops.procedure.text_width import wrapped

__all__ = ["Box", "Chart", "Frame", "Label", "Line", "flow_charts"]

_WIDTH: Final = 216.0
_TEXT: Final = 13.0
_LINE_HEIGHT: Final = 17.0
_PAD_X: Final = 16.0
_PAD_Y: Final = 11.0
_MOST_LINES: Final = 4
_GAP: Final = 26.0
_ARM_GAP: Final = 28.0
_ARM_LABEL: Final = 30.0
_BESIDE: Final = 52.0
_JUMP_WIDTH: Final = 58.0
_JUMP_HEIGHT: Final = 26.0
_FRAME_PAD: Final = 20.0
_RETURN: Final = 16.0
_EDGE: Final = 12.0
_COLUMN: Final = 980.0
"""A chart that is higher goes on in another column, so that it fits on a sheet of paper."""
_LEAST_COLUMN: Final = 300.0
"""Less than this neither makes a column nor is put into one of its own."""
_DEEPEST: Final = 40
_WORDS: Final = {"yes": "yes", "no": "no", "next": "also", "all_processed": "all done", "each": "each time"}


@dataclass(frozen=True, slots=True)
class Box:
    """One step, or a jump to one (`kind` is then `jump`). `lines` is its label, broken."""

    number: int
    kind: str
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    title: str

    def moved(self, dx: float, dy: float) -> "Box":
        """Return it elsewhere."""
        return replace(self, x=self.x + dx, y=self.y + dy)

    @property
    def baselines(self) -> tuple[tuple[float, str], ...]:
        """The lines with the heights at which they are written."""
        top = self.y + (self.height - len(self.lines) * _LINE_HEIGHT) / 2 + _LINE_HEIGHT * 0.75
        return tuple((round(top + index * _LINE_HEIGHT, 1), line) for index, line in enumerate(self.lines))

    @property
    def outline(self) -> str:
        """The corners of a decision, as SVG writes points."""
        middle, tip = self.y + self.height / 2, 13.0
        right, bottom = self.x + self.width, self.y + self.height
        corners = (
            (self.x + tip, self.y),
            (right - tip, self.y),
            (right, middle),
            (right - tip, bottom),
            (self.x + tip, bottom),
            (self.x, middle),
        )
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


@dataclass(frozen=True, slots=True)
class Line:
    """An arrow along points; without a head where `has_head` is false, and dashed where it leads back."""

    points: tuple[tuple[float, float], ...]
    has_head: bool = True
    is_back: bool = False

    def moved(self, dx: float, dy: float) -> "Line":
        """Return it elsewhere."""
        return replace(self, points=tuple((x + dx, y + dy) for x, y in self.points))

    @property
    def path(self) -> str:
        """The points as an SVG path."""
        return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in self.points)


@dataclass(frozen=True, slots=True)
class Label:
    """A word at an arrow."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "start"

    def moved(self, dx: float, dy: float) -> "Label":
        """Return it elsewhere."""
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True, slots=True)
class Frame:
    """The box around a loop's body, with when it ends."""

    number: int
    x: float
    y: float
    width: float
    height: float
    foot: tuple[str, ...]

    def moved(self, dx: float, dy: float) -> "Frame":
        """Return it elsewhere."""
        return replace(self, x=self.x + dx, y=self.y + dy)

    @property
    def baselines(self) -> tuple[tuple[float, str], ...]:
        """The foot's lines with the heights at which they are written."""
        top = self.y + self.height - 10 - (len(self.foot) - 1) * _LINE_HEIGHT
        return tuple((round(top + index * _LINE_HEIGHT, 1), line) for index, line in enumerate(self.foot))


Shape = Box | Line | Label | Frame


@dataclass(frozen=True, slots=True)
class Chart:
    """One column of the flow chart.

    Attributes
    ----------
    width, height
        In pixels.
    boxes, lines, labels, frames
        What is drawn; frames first.
    first, last
        Numbers of the first and the last step in it.
    """

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]
    frames: tuple[Frame, ...]

    @property
    def first(self) -> int:
        """The lowest number in it."""
        return min(box.number for box in self.boxes if box.kind != "jump")

    @property
    def last(self) -> int:
        """The highest number in it."""
        return max(box.number for box in self.boxes if box.kind != "jump")


@dataclass(frozen=True, slots=True)
class _Block:
    """Shapes from the corner 0, 0 on. Reading enters at the top at `enter`, and leaves at the bottom at `leave`."""

    width: float
    height: float
    enter: float
    leave: float
    is_open: bool
    shapes: tuple[Shape, ...] = ()

    def at(self, x: float, y: float) -> tuple[Shape, ...]:
        return tuple(shape.moved(x, y) for shape in self.shapes)


def flow_charts(procedure: Procedure) -> tuple[Chart, ...]:
    """Return the flow chart of a procedure, in as many columns as it needs; none without steps."""
    drawing = _Drawing({step.number: step for step in procedure.steps})
    return tuple(_chart(block) for block in drawing.columns(procedure.flow, following=None, depth=0))


def _chart(block: _Block) -> Chart:
    shapes = block.at(_EDGE, _EDGE)
    return Chart(
        width=round(block.width + 2 * _EDGE, 1),
        height=round(block.height + 2 * _EDGE, 1),
        boxes=tuple(shape for shape in shapes if isinstance(shape, Box)),
        lines=tuple(shape for shape in shapes if isinstance(shape, Line)),
        labels=tuple(shape for shape in shapes if isinstance(shape, Label)),
        frames=tuple(shape for shape in shapes if isinstance(shape, Frame)),
    )


class _Drawing:
    def __init__(self, steps: Mapping[int, ShownStep]) -> None:
        self._steps = steps

    def columns(self, parts: Sequence[FlowStep | FlowJump], *, following: int | None, depth: int) -> list[_Block]:
        """Return a sequence as columns, of which each but the last leads to a jump to the next one."""
        columns: list[_Block] = []
        stack = _Stack()
        for index, part in enumerate(parts):
            later = parts[index + 1] if index + 1 < len(parts) else None
            if isinstance(part, FlowJump):
                if part.number != following or later is not None:
                    stack.add(self._jump(part.number))
                continue
            block = self._step(part, following if later is None else later.number, depth=depth)
            is_full = stack.height + block.height > _COLUMN and stack.height > _LEAST_COLUMN
            if is_full and (later is not None or block.height > _LEAST_COLUMN):
                if stack.is_joined:
                    stack.add(self._jump(part.number))
                columns.append(stack.block())
                stack = _Stack()
            stack.add(block)
            stack.join(
                is_joined=_leads_on(part, later, following, block),
                label=_WORDS["all_processed"] if self._steps[part.number].kind == "loop" else "",
            )
        if not stack.is_empty:
            columns.append(stack.block())
        return columns

    def _sequence(self, parts: Sequence[FlowStep | FlowJump], *, following: int | None, depth: int) -> _Block:
        """Return a sequence as one block; a high one has its columns side by side."""
        columns = self.columns(parts, following=following, depth=depth)
        if not columns:
            return _Block(0.0, 0.0, 0.0, 0.0, is_open=True)
        shapes: list[Shape] = []
        x = 0.0
        starts: list[float] = []
        for column in columns:
            starts.append(x)
            shapes += column.at(x, 0.0)
            x += column.width + _ARM_GAP
        last = columns[-1]
        height = max(column.height for column in columns)
        leave = starts[-1] + last.leave
        if last.is_open and last.height < height:
            shapes.append(Line(((leave, last.height), (leave, height)), has_head=False))
        return _Block(x - _ARM_GAP, height, columns[0].enter, leave, is_open=last.is_open, shapes=tuple(shapes))

    def _step(self, part: FlowStep, following: int | None, *, depth: int) -> _Block:
        if depth > _DEEPEST:
            return self._box(part.number)
        body = [arm for arm in part.arms if arm.condition == "each"]
        ways = [arm for arm in part.arms if arm.condition != "each"]
        block = self._loop(part.number, body[0], depth=depth) if body else self._box(part.number)
        return self._fork(block, ways, following, depth=depth) if ways else block

    def _box(self, number: int) -> _Block:
        step = self._steps[number]
        lines = wrapped(step.label, width=_WIDTH - 2 * _PAD_X, size=_TEXT, most=_MOST_LINES)
        height = 2 * _PAD_Y + max(len(lines), 1) * _LINE_HEIGHT
        box = Box(number, step.kind, 0.0, 0.0, _WIDTH, height, lines, step.label)
        return _Block(_WIDTH, height, _WIDTH / 2, _WIDTH / 2, is_open=step.kind != "end", shapes=(box,))

    def _jump(self, number: int) -> _Block:
        box = Box(number, "jump", 0.0, 0.0, _JUMP_WIDTH, _JUMP_HEIGHT, (str(number),), self._steps[number].label)
        return _Block(_JUMP_WIDTH, _JUMP_HEIGHT, _JUMP_WIDTH / 2, _JUMP_WIDTH / 2, is_open=False, shapes=(box,))

    def _loop(self, number: int, arm: FlowArm, *, depth: int) -> _Block:
        """Return a frame with the loop's head, its body below, and the way back beside it."""
        head = self._box(number)
        body = self._sequence(arm.parts, following=number, depth=depth + 1)
        left = max(head.width / 2, body.enter)
        right = max(head.width / 2, body.width - body.enter) + _RETURN
        width = left + right + 2 * _FRAME_PAD
        axis = _FRAME_PAD + left
        top = _FRAME_PAD + head.height + _GAP + 6
        shapes: list[Shape] = [*head.at(axis - head.enter, _FRAME_PAD)]
        if body.shapes:
            shapes += body.at(axis - body.enter, top)
            shapes.append(Line(((axis, _FRAME_PAD + head.height), (axis, top))))
            shapes.append(Label(axis + 7, _FRAME_PAD + head.height + 20, _WORDS["each"]))
        bottom = top + body.height if body.shapes else _FRAME_PAD + head.height
        if body.shapes and body.is_open:
            leave, side = axis - body.enter + body.leave, width - _FRAME_PAD + 4
            back = bottom + 12
            middle = _FRAME_PAD + head.height / 2
            points = ((leave, bottom), (leave, back), (side, back), (side, middle), (axis + head.width / 2, middle))
            shapes.append(Line(points, is_back=True))
            bottom = back
        until = self._steps[number].exit_condition
        foot = wrapped(f"until: {until}", width=width - 2 * _FRAME_PAD, size=12.0, most=2) if until else ()
        height = bottom + 12 + len(foot) * _LINE_HEIGHT + (6 if foot else 0)
        frame = Frame(number, 0.0, 0.0, width, height, foot)
        return _Block(width, height, axis, axis, is_open=True, shapes=(frame, *shapes))

    def _fork(self, head: _Block, arms: Sequence[FlowArm], following: int | None, *, depth: int) -> _Block:
        drawn = [(arm, self._sequence(arm.parts, following=following, depth=depth + 1)) for arm in arms]
        with_steps = [block for _, block in drawn if any(_is_step(shape) for shape in block.shapes)]
        if len(drawn) == 2 and len(with_steps) == 1:
            return _straight(head, drawn, main=with_steps[0])
        return _side_by_side(head, drawn)


def _is_step(shape: Shape) -> bool:
    return isinstance(shape, Box) and shape.kind != "jump"


def _leads_on(part: FlowStep, later: FlowStep | FlowJump | None, following: int | None, block: _Block) -> bool:
    """Return whether reading goes on below a step: to the next one of the sequence, or to what follows the sequence."""
    if not block.is_open:
        return False
    if any(arm.condition != "each" for arm in part.arms):
        return True
    onward = following if later is None else later.number
    return onward is not None and onward in part.leads_to


class _Stack:
    """Blocks below each other, each with its way in at the way out of the one above."""

    def __init__(self) -> None:
        self._blocks: list[tuple[_Block, float, float, str]] = []
        self.height = 0.0
        self.is_joined = True
        self._label = ""

    @property
    def is_empty(self) -> bool:
        return not self._blocks

    def add(self, block: _Block) -> None:
        """Put a block below the last one."""
        gap = _GAP if self._blocks else 0.0
        x = 0.0
        if self._blocks:
            above, left, _, _ = self._blocks[-1]
            x = left + above.leave - block.enter
        self._blocks.append((block, x, self.height + gap, self._label if self.is_joined else "-"))
        self.height += gap + block.height
        self.is_joined, self._label = block.is_open, ""

    def join(self, *, is_joined: bool, label: str) -> None:
        """Say whether an arrow leads on from the last block, and what is written at it."""
        self.is_joined, self._label = is_joined, label

    def block(self) -> _Block:
        """Return all of them as one block."""
        left = min(x for _, x, _, _ in self._blocks)
        width = max(x + block.width for block, x, _, _ in self._blocks) - left
        shapes: list[Shape] = []
        before: tuple[float, float] | None = None
        for block, x, y, label in self._blocks:
            shapes += block.at(x - left, y)
            if before is not None and label != "-":
                shapes.append(Line((before, (x - left + block.enter, y))))
                if label:
                    shapes.append(Label(before[0] + 7, before[1] + 16, label))
            before = (x - left + block.leave, y + block.height)
        first, last = self._blocks[0], self._blocks[-1]
        return _Block(
            width,
            self.height,
            first[1] - left + first[0].enter,
            last[1] - left + last[0].leave,
            is_open=self.is_joined,
            shapes=tuple(shapes),
        )


def _straight(head: _Block, drawn: Sequence[tuple[FlowArm, _Block]], *, main: _Block) -> _Block:
    """Return a decision whose one arm goes down, with the other one beside it."""
    (main_arm, _), (side_arm, side) = sorted(drawn, key=lambda pair: pair[1] is not main)
    left = max(head.enter, main.enter)
    right = max(head.width - head.leave, main.width - main.enter)
    top = head.height + _GAP + 6
    side_x = left + right + _ARM_GAP + (side.enter if side.shapes else 0.0)
    side_x = max(side_x, left + head.width - head.leave + _BESIDE)
    middle = head.height / 2
    edge = left + head.width - head.leave
    shapes: list[Shape] = [*head.at(left - head.enter, 0.0), *main.at(left - main.enter, top)]
    shapes.append(Line(((left, head.height), (left, top))))
    shapes.append(Label(left + 7, head.height + 20, _WORDS[main_arm.condition]))
    shapes.append(Label(edge + 8, middle - 6, _WORDS[side_arm.condition]))
    bottom = top + main.height
    leave = left - main.enter + main.leave
    if side.shapes:
        shapes += side.at(side_x - side.enter, top)
        shapes.append(Line(((edge, middle), (side_x, middle), (side_x, top))))
        height = max(bottom, top + side.height)
        width = side_x - side.enter + side.width
        return _Block(max(width, left + right), height, left, leave, is_open=main.is_open, shapes=tuple(shapes))
    # The other arm has no steps of its own: a line past the first one, which it meets below.
    join = bottom + 14
    shapes.append(Line(((edge, middle), (side_x, middle), (side_x, join), (leave, join)), has_head=False))
    if main.is_open:
        shapes.append(Line(((leave, bottom), (leave, join)), has_head=False))
    return _Block(max(side_x + 4, left + right), join, left, leave, is_open=True, shapes=tuple(shapes))


def _side_by_side(head: _Block, drawn: Sequence[tuple[FlowArm, _Block]]) -> _Block:
    """Return a decision above its arms, which meet again below where they go on."""
    places: list[tuple[FlowArm, _Block, float]] = []
    x = 0.0
    for arm, block in drawn:
        width = max(block.width, _BESIDE)
        places.append((arm, block, x + (width - block.width) / 2))
        x += width + _ARM_GAP
    total = x - _ARM_GAP
    enters = [start + block.enter for _, block, start in places]
    axis = (enters[0] + enters[-1]) / 2
    shift = max(head.enter - axis, 0.0)
    axis += shift
    bar, top = head.height + 14, head.height + 14 + _ARM_LABEL
    shapes: list[Shape] = [*head.at(axis - head.enter, 0.0)]
    shapes.append(Line(((axis, head.height), (axis, bar)), has_head=False))
    bottom = top + max(block.height for _, block, _ in places)
    join = bottom + 14
    leaves: list[float] = []
    for arm, block, start in places:
        at = start + shift
        enter = at + block.enter
        shapes += block.at(at, top)
        shapes.append(Line(((axis, bar), (enter, bar), (enter, top)), has_head=bool(block.shapes)))
        side = _right_of if enter >= axis else _left_of
        shapes.append(side(enter, bar + 17, _WORDS[arm.condition]))
        if block.is_open:
            leave = at + block.leave
            leaves.append(leave)
            shapes.append(Line(((leave, top + block.height), (leave, join), (axis, join)), has_head=False))
    width = max(total + shift, axis + head.width - head.leave)
    return _Block(width, join if leaves else bottom, axis, axis, is_open=bool(leaves), shapes=tuple(shapes))


def _right_of(x: float, y: float, text: str) -> Label:
    return Label(x + 7, y, text)


def _left_of(x: float, y: float, text: str) -> Label:
    return Label(x - 7, y, text, anchor="end")
