"""Which second of the recording shows a moment best, and what changed on the screen then. Pure.

The transcript says what was done in which second, not where. What can be known is which part of the picture changed. If
that is one small area, it is marked: the field that was typed into, the box that was ticked. If more of the screen
changed, or several places, nothing is marked: no mark rather than a wrong one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from runops.procedure.model import Moment
from runops.procedure.picture import Area

__all__ = ["GRID_WIDTH", "SECONDS_AROUND", "Grid", "Shown", "grid_for", "shown_second"]

GRID_WIDTH: Final = 160
"""Pictures are compared as grey pictures of so many squares in a row, each the mean of its pixels."""
_TALLEST_GRID: Final = 320
SECONDS_AROUND: Final = 2
"""So many seconds before and after a moment are compared. The model dates by whole seconds, and is off by one."""
_LEAST_DIFFERENCE: Final = 10
"""Of 255. What a lossy codec makes of a still screen stays below 4, a typed letter is above 30."""
_LARGE_SHARE: Final = 0.06
"""Of the squares. With more, another page or window is there."""
_GAP: Final = 3
"""Squares between letters and words of one field."""
_POINTER: Final = 4
"""A mouse pointer is smaller than so many squares each way; so is a caret."""
_WIDEST: Final = 0.6
_TALLEST: Final = 0.25
_SHOWS_THE_TARGET: Final = frozenset({"CLICK", "DRAG_START", "SWITCH_TAB", "OPEN_APPLICATION", "MODAL_CLOSE"})
"""What was acted on is gone afterwards, when another page is there. So the screen before is shown."""
_FILLS: Final = frozenset({"TYPE", "PASTE"})


@dataclass(frozen=True, slots=True)
class Grid:
    """How many squares there are across and down."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The second that is shown, and what changed, in pixels of a picture of the size that was asked for."""

    second: int
    mark: Area | None = None


def grid_for(width: int, height: int) -> Grid:
    """Return the squares of a picture of so many pixels."""
    return Grid(GRID_WIDTH, min(max(round(GRID_WIDTH * height / width), 1), _TALLEST_GRID))


def shown_second(moment: Moment, frames: Mapping[int, bytes], grid: Grid, *, size: tuple[int, int]) -> Shown | None:
    """Return which second shows a moment, and the mark.

    Parameters
    ----------
    moment
        What was done when.
    frames
        By second: the grey picture, one byte for each square, row by row. Those that the recording has from
        `SECONDS_AROUND` before the moment to as much after it.
    grid
        The squares.
    size
        Width and height of the pictures that are shown.

    Returns
    -------
    Shown | None
        None if the recording has none of these seconds.
    """
    first, last = int(moment.at), max(int(moment.until), int(moment.at))
    there = sorted(second for second in frames if first - SECONDS_AROUND <= second <= last + SECONDS_AROUND)
    if not there:
        return None
    if moment.action is None:
        return Shown(_nearest(there, int((moment.at + moment.until) / 2)))
    changes = {second: _changed(frames[second - 1], frames[second]) for second in there if second - 1 in frames}
    if moment.action in _FILLS:
        return _filled(changes, there, first=first, last=last, grid=grid, size=size)
    near = {second: squares for second, squares in changes.items() if first - 1 <= second <= last + 1 and squares}
    if not near:
        return Shown(_nearest(there, first))
    at = max(near, key=lambda second: (len(near[second]), -abs(second - first)))
    mark = _mark(near[at], grid, size)
    is_before = mark is None and moment.action in _SHOWS_THE_TARGET
    return Shown(at - 1 if is_before else at, mark)


def _filled(
    changes: Mapping[int, list[int]], there: list[int], *, first: int, last: int, grid: Grid, size: tuple[int, int]
) -> Shown:
    """Return the second after something was typed, before another page comes, and all that changed until then."""
    large = [second for second, squares in changes.items() if _is_large(squares, grid)]
    since = max((second for second in large if second <= first), default=there[0])
    until = min((second for second in large if second > max(first, since)), default=there[-1] + 1)
    typed = {second: squares for second, squares in changes.items() if since < second < until and squares}
    # What changes a while after typing is something else.
    typed = {second: squares for second, squares in typed.items() if second <= last + 1}
    if not typed:
        return Shown(_nearest([second for second in there if since <= second < until], last))
    union = sorted({square for squares in typed.values() for square in squares})
    return Shown(max(typed), _mark(union, grid, size))


def _nearest(there: Iterable[int], wanted: int) -> int:
    return min(there, key=lambda second: (abs(second - wanted), second))


def _changed(before: bytes, after: bytes) -> list[int]:
    return [
        place
        for place, (one, other) in enumerate(zip(before, after, strict=True))
        if one - other > _LEAST_DIFFERENCE or other - one > _LEAST_DIFFERENCE
    ]


def _is_large(squares: list[int], grid: Grid) -> bool:
    return len(squares) > _LARGE_SHARE * grid.width * grid.height


def _mark(squares: list[int], grid: Grid, size: tuple[int, int]) -> Area | None:
    """Return the one small area that changed, a little larger; None if there are several, or it is not small."""
    if _is_large(squares, grid):
        return None
    areas = [area for area in _clusters(squares, grid) if not _may_be_pointer(area)]
    if len(areas) != 1:
        return None
    left, top, right, bottom = areas[0]
    if right - left > _WIDEST * grid.width or bottom - top > _TALLEST * grid.height:
        return None
    across, down = size[0] / grid.width, size[1] / grid.height
    x, y = round(max(left - 1, 0) * across), round(max(top - 1, 0) * down)
    end_x, end_y = round(min(right + 1, grid.width) * across), round(min(bottom + 1, grid.height) * down)
    return Area(x, y, end_x - x, end_y - y)


def _may_be_pointer(area: tuple[int, int, int, int]) -> bool:
    left, top, right, bottom = area
    return right - left <= _POINTER and bottom - top <= _POINTER


def _clusters(squares: list[int], grid: Grid) -> list[tuple[int, int, int, int]]:
    """Return the areas of squares that are near each other: left, top, and right and bottom behind the last one."""
    left = set(squares)
    areas: list[tuple[int, int, int, int]] = []
    while left:
        waiting = [left.pop()]
        columns: list[int] = []
        rows: list[int] = []
        while waiting:
            row, column = divmod(waiting.pop(), grid.width)
            columns.append(column)
            rows.append(row)
            for near_row in range(max(row - _GAP, 0), min(row + _GAP, grid.height - 1) + 1):
                for near_column in range(max(column - _GAP, 0), min(column + _GAP, grid.width - 1) + 1):
                    place = near_row * grid.width + near_column
                    if place in left:
                        left.remove(place)
                        waiting.append(place)
        areas.append((min(columns), min(rows), max(columns) + 1, max(rows) + 1))
    return areas
