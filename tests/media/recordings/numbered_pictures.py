"""Small pictures that carry their own number, written and read back. Pure.

A picture is four by four blocks. The upper left one is bright and the other corners are dark, which tells how the
picture is rotated. The rest holds a number of nine bits, the number of the track and two bits that check them. Dark
blocks are brighter than the bars around a picture that does not fill its frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

__all__ = ["COUNT", "SIDE", "Seen", "numbered", "seen"]

COUNT: Final = 512
"""Pictures are numbered modulo this."""

SIDE: Final = 4
"""Blocks in a row and in a column."""

_BAR, _DARK, _BRIGHT = 40, 90, 220
_MIDDLE: Final = (_DARK + _BRIGHT) // 2
_CORNERS: Final = {(0, 0): 1, (0, 3): 0, (3, 0): 0, (3, 3): 0}
_PLACES: Final = [(row, column) for row in range(SIDE) for column in range(SIDE) if (row, column) not in _CORNERS]


@dataclass(frozen=True)
class Seen:
    """What a picture says.

    Attributes
    ----------
    number
        Its number.
    track
        The number of its track.
    turns
        Quarters by which it is rotated clockwise.
    """

    number: int
    track: int
    turns: int


def _bits(number: int, track: int) -> list[int]:
    bits = [number >> place & 1 for place in range(9)] + [track & 1]
    return [*bits, sum(bits[::2]) & 1, 1 - (sum(bits[1::2]) & 1)]


def _blocks(number: int, track: int) -> dict[tuple[int, int], int]:
    return {**_CORNERS, **dict(zip(_PLACES, _bits(number, track), strict=True))}


def numbered(number: int, *, track: int, width: int, height: int) -> bytes:
    """Return a picture as planar YUV 4:2:0. Both sides are multiples of eight."""
    assert width % 8 == height % 8 == 0
    blocks = _blocks(number % COUNT, track)
    wide, high = width // SIDE, height // SIDE
    rows = [
        b"".join(bytes([_BRIGHT if blocks[row, column] else _DARK]) * wide for column in range(SIDE)) * high
        for row in range(SIDE)
    ]
    return b"".join(rows) + b"\x80" * (width * height // 2)


def seen(picture: bytes, *, width: int) -> Seen | None:
    """Read a picture of one byte per pixel, with or without bars around it.

    Parameters
    ----------
    picture
        Its brightness, 0 to 255, row by row.
    width
        Pixels in a row.

    Returns
    -------
    Seen or None
        None if it cannot be read.
    """
    rows = [picture[place : place + width] for place in range(0, len(picture), width)]
    top, bottom = _filled([max(row) for row in rows])
    left, right = _filled([max(picture[column::width]) for column in range(width)])
    if bottom - top < SIDE or right - left < SIDE:
        return None
    blocks = {}
    for row in range(SIDE):
        inside = _inner(top, bottom, row)
        for column in range(SIDE):
            area = b"".join(rows[at][slice(*_inner(left, right, column))] for at in range(*inside))
            value = sum(area) / len(area)
            if not (value > _BAR and abs(value - _MIDDLE) > 15):
                return None
            blocks[row, column] = int(value > _MIDDLE)
    return _known().get(tuple(blocks[place] for place in sorted(blocks)))


def _filled(brightest: list[int]) -> tuple[int, int]:
    """Return where the picture begins and ends between the bars."""
    filled = [at for at, value in enumerate(brightest) if value > (_BAR + _DARK) // 2]
    return (filled[0], filled[-1] + 1) if filled else (0, 0)


def _inner(begin: int, end: int, block: int) -> tuple[int, int]:
    """Return the middle half of a block, at least one pixel."""
    side = (end - begin) / SIDE
    first = int(begin + (block + 0.25) * side)
    return first, max(int(begin + (block + 0.75) * side), first + 1)


@cache
def _known() -> dict[tuple[int, ...], Seen]:
    known = {}
    for track in range(2):
        for number in range(COUNT):
            blocks = _blocks(number, track)
            for turns in range(4):
                known[tuple(blocks[place] for place in sorted(blocks))] = Seen(number, track, turns)
                blocks = {(row, column): blocks[SIDE - 1 - column, row] for row, column in blocks}
    return known
