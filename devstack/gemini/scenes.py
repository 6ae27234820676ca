"""Scenes of which it is known what they show and say, by a mark in the picture. Pure.

The stand-in reads no letters and understands no speech. A recording made by a script carries a mark in each picture:
two rows of black and white cells at its lower edge. A test tells the stand-in what the scene with that mark shows and
says; the stand-in finds the mark in the picture it was sent, and answers by it. So what it says still follows the bytes
that arrived: which scenes a clip has, when, and whether there was sound.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["COLUMNS", "MARK_ROWS", "MOST_MARKS", "ROWS", "Scene", "cells_of", "mark_in"]

COLUMNS, ROWS = 32, 18
"""The grid to which every second's picture is shrunk; one cell is one grey value."""
MARK_ROWS = 2
"""Rows of cells that a mark takes, at the lower edge."""
MOST_MARKS = 256
_CELLS_PER_BIT = 2
_BEGINS = 0b1011
_BITS = COLUMNS // _CELLS_PER_BIT
_DARK, _BRIGHT = 80, 175


class Scene(BaseModel):
    """What happens while one mark is in the picture.

    Attributes
    ----------
    seen : list of dict
        Visual items as a faithful transcript has them, without their times.
    said : str
        What is said meanwhile; nothing is heard of it where the clip has no sound then.
    step : str
        The step of a procedure that the scene is; empty for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seen: list[dict[str, Any]] = []
    said: str = ""
    step: str = ""


def _bits(mark: int) -> int:
    check = (mark ^ mark >> 4 ^ 0b0101) & 0b1111
    return _BEGINS << 12 | mark << 4 | check


def cells_of(mark: int) -> list[bool]:
    """Return for each column of the grid whether a mark's cells there are white.

    Raises
    ------
    ValueError
        The mark is not in 0 to 255.
    """
    if not 0 <= mark < MOST_MARKS:
        raise ValueError(f"a mark is a number from 0 to {MOST_MARKS - 1}")
    bits = _bits(mark)
    return [bool(bits >> (_BITS - 1 - column // _CELLS_PER_BIT) & 1) for column in range(COLUMNS)]


def mark_in(picture: bytes) -> int | None:
    """Return the mark of a picture of `ROWS` rows of `COLUMNS` grey values; None where it has none."""
    rows = [picture[row * COLUMNS : (row + 1) * COLUMNS] for row in range(ROWS - MARK_ROWS, ROWS)]
    bits = 0
    for column in range(0, COLUMNS, _CELLS_PER_BIT):
        cells = [cell for row in rows for cell in row[column : column + _CELLS_PER_BIT]]
        if not (min(cells) >= _BRIGHT or max(cells) <= _DARK):
            return None
        bits = bits << 1 | (min(cells) >= _BRIGHT)
    mark = bits >> 4 & 0b1111_1111
    return mark if bits == _bits(mark) else None
