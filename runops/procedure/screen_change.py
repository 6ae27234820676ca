"""Which second of the recording shows a moment best, and what changed on the screen then. Pure.

The transcript says what was done in which second, not where. What can be known is which part of the picture changed. If
that is one small area, it is marked: the field that was typed into, the box that was ticked. If more of the screen
changed, or several places, nothing is marked: no mark rather than a wrong one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from runops.procedure.changed_squares import Box, Grid, changed, clusters, in_pixels
from runops.procedure.model import Moment
from runops.procedure.picture import Area

__all__ = ["SECONDS_AROUND", "Shown", "shown_second"]

SECONDS_AROUND: Final = 2
"""So many seconds before and after a moment are compared. The model dates by whole seconds, and is off by one."""
_LEAST_DIFFERENCE: Final = 10
"""Of 255. What a lossy codec makes of a still screen stays below 4, a typed letter is above 30."""
_LARGE_SHARE: Final = 0.06
"""Of the squares. With more, another page or window is there."""
_POINTER: Final = 4
"""A mouse pointer is smaller than so many squares each way; so is a caret."""
_WIDEST: Final = 0.6
_TALLEST: Final = 0.25
_SHOWS_THE_TARGET: Final = frozenset({"CLICK", "DRAG_START", "SWITCH_TAB", "OPEN_APPLICATION", "MODAL_CLOSE"})
"""What was acted on is gone afterwards, when another page is there. So the screen before is shown."""
_FILLS: Final = frozenset({"TYPE", "PASTE"})


@dataclass(frozen=True, slots=True)
class Shown:
    """The second that is shown, what changed, and what is covered, in pixels of a picture of the asked size."""

    second: int
    mark: Area | None = None
    covers: tuple[Area, ...] = ()


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
    changes = {
        second: changed(frames[second - 1], frames[second], least=_LEAST_DIFFERENCE)
        for second in there
        if second - 1 in frames
    }
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


def _is_large(squares: list[int], grid: Grid) -> bool:
    return len(squares) > _LARGE_SHARE * grid.width * grid.height


def _mark(squares: list[int], grid: Grid, size: tuple[int, int]) -> Area | None:
    """Return the one small area that changed, a little larger; None if there are several, or it is not small."""
    if _is_large(squares, grid):
        return None
    areas = [area for area in clusters(squares, grid) if not _may_be_pointer(area)]
    if len(areas) != 1:
        return None
    left, top, right, bottom = areas[0]
    if right - left > _WIDEST * grid.width or bottom - top > _TALLEST * grid.height:
        return None
    larger = (max(left - 1, 0), max(top - 1, 0), min(right + 1, grid.width), min(bottom + 1, grid.height))
    return in_pixels(larger, grid, size)


def _may_be_pointer(area: Box) -> bool:
    left, top, right, bottom = area
    return right - left <= _POINTER and bottom - top <= _POINTER
