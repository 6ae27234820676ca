"""What pointers usually look like, for a recording that is too short or too restless to learn it.

They are drawn after the desktop of the recorder (`evaluation/recorder`), and all limits here were measured on it. Other
desktops have arrows of the same outline, in other sizes; nobody has measured how well those are found.
"""

from typing import Any, Final

import cv2
import numpy as np

from devstack.gemini_reading.reader.pointer_shapes import Shape

__all__ = ["usual_pointers"]

_ARROW: Final = """
#.........
##........
###.......
####......
#####.....
######....
#######...
########..
#########.
##########
#######...
###.###...
##..####..
#....###..
.....####.
......##..
"""
_HAND: Final = """
...#..........
...##.........
...##.........
...##.........
...##.........
...####.......
...########...
##.##########.
#############.
#############.
#############.
#############.
#############.
.############.
"""
_BEAM: Final = """
##.##
..#..
..#..
..#..
..#..
..#..
..#..
..#..
..#..
..#..
..#..
..#..
..#..
..#..
..#..
##.##
"""
_LARGER: Final = 1.3
_ARROW_LEAST: Final = 0.64
"""Correlation. Arrows differ: those tried reach 0.65 to 0.75, and everything else 0.61."""
_HAND_LEAST: Final = 0.7
_BEAM_LEAST: Final = 0.82
"""Letters reach 0.78 with so plain a shape."""


def usual_pointers() -> list[Shape]:
    """Return arrows in two sizes, dark and light, a hand and a beam; each has an edge of the other colour."""
    arrows = [
        _shape(_ARROW, (0, 0), least=_ARROW_LEAST, size=size, inner=inner)
        for size in (1.0, _LARGER)
        for inner in (0, 255)
    ]
    return [*arrows, _shape(_HAND, (3, 0), least=_HAND_LEAST), _shape(_BEAM, (2, 8), least=_BEAM_LEAST)]


def _shape(drawn: str, spot: tuple[int, int], *, least: float, size: float = 1.0, inner: int = 0) -> Shape:
    filled = np.array([[letter == "#" for letter in row] for row in drawn.split()], np.uint8)
    filled = np.pad(cv2.resize(filled, None, fx=size, fy=size, interpolation=cv2.INTER_NEAREST), 2)
    mask = cv2.dilate(filled, np.ones((3, 3), np.uint8))
    picture: Any = np.where(filled > 0, inner, 255 - inner).astype(np.uint8)
    return Shape(picture, mask, (round(spot[0] * size) + 2, round(spot[1] * size) + 2), least=least)
