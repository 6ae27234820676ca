"""Pictures as grids of grey squares: which squares changed, and which of them are near each other. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from runops.procedure.picture import Area

__all__ = ["Box", "Grid", "changed", "clusters", "grid_for", "in_pixels"]

_GRID_WIDTH: Final = 160
"""Pictures are compared as grey pictures of so many squares in a row, each the mean of its pixels."""
_TALLEST_GRID: Final = 320
_GAP: Final = 3
"""Squares between letters and words of one field."""

Box = tuple[int, int, int, int]
"""Left, top, and right and bottom behind the last square."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How many squares there are across and down."""

    width: int
    height: int


def grid_for(width: int, height: int) -> Grid:
    """Return the squares of a picture of so many pixels."""
    return Grid(_GRID_WIDTH, min(max(round(_GRID_WIDTH * height / width), 1), _TALLEST_GRID))


def changed(before: bytes, after: bytes, *, least: int) -> list[int]:
    """Return the squares whose grey differs by more than `least` of 255."""
    return [
        place
        for place, (one, other) in enumerate(zip(before, after, strict=True))
        if one - other > least or other - one > least
    ]


def in_pixels(box: Box, grid: Grid, size: tuple[int, int]) -> Area:
    """Return a box in pixels of a picture of this width and height."""
    left, top, right, bottom = box
    across, down = size[0] / grid.width, size[1] / grid.height
    x, y = round(left * across), round(top * down)
    return Area(x, y, round(right * across) - x, round(bottom * down) - y)


def clusters(squares: Iterable[int], grid: Grid) -> list[Box]:
    """Return the areas of squares that are near each other."""
    left = set(squares)
    areas: list[Box] = []
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
