"""Finds rectangles that stand out: buttons by their colour, fields by their edge."""

from typing import Any, Final

import cv2
import numpy as np

from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.recording import Control

__all__ = ["controls_in"]

_LEAST_WIDTH: Final = 24
_LEAST_HEIGHT: Final = 16
_MOST_HEIGHT: Final = 260
_MOST_SHARE: Final = 0.12
"""Of the picture. What is larger is a part of the page."""
_FILLED: Final = 0.88
_OTHER_COLOUR: Final = 12
_RING: Final = 4
_MOST: Final = 80
_RIM: Final = 7
_INK: Final = 50
_LEAST_INK: Final = 6
_THINNEST: Final = 3
_FEWEST_DOTS: Final = 3
_LARGEST_DOT: Final = 16


def controls_in(picture: Any) -> list[Control]:
    """Return the rectangles of a picture, from above to below."""
    height, width = picture.shape[:2]
    edges = cv2.dilate(cv2.Canny(picture, 20, 60), np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found: list[Control] = []
    for contour in sorted(contours, key=cv2.contourArea, reverse=True):
        left, top, wide, high = (int(value) for value in cv2.boundingRect(contour))
        box = Box(left, top, left + wide, top + high)
        if wide < _LEAST_WIDTH or not _LEAST_HEIGHT <= high <= _MOST_HEIGHT or box.area > _MOST_SHARE * width * height:
            continue
        if cv2.contourArea(contour) < _FILLED * box.area or any(_is_twin(box, one.box) for one in found):
            continue
        control = _described(picture, box)
        if control is not None and len(found) < _MOST:
            found.append(control)
    return sorted(found, key=lambda control: (control.box.top, control.box.left))


def _is_twin(box: Box, other: Box) -> bool:
    """Tell whether it is the inner edge of the same rectangle."""
    return all(abs(one - another) <= 8 for one, another in zip(box, other, strict=True))


def _described(picture: Any, box: Box) -> Control | None:
    height, width = picture.shape[:2]
    outer = box.grown(_RING, width=width, height=height)
    ring = np.ones((outer.height, outer.width), bool)
    ring[box.top - outer.top : box.bottom - outer.top, box.left - outer.left : box.right - outer.left] = False
    if not ring.any():
        return None
    around = np.median(picture[outer.top : outer.bottom, outer.left : outer.right][ring], axis=0)
    inside = picture[box.top + _RING : box.bottom - _RING, box.left + _RING : box.right - _RING].reshape(-1, 3)
    fill = np.median(inside, axis=0)
    differs = float(np.abs(fill - around).max()) > _OTHER_COLOUR
    # A field is a little lighter or darker than the page, a button has a colour of its own.
    is_grey = float(fill.max() - fill.min()) < _OTHER_COLOUR
    is_field = not differs or (is_grey and float(np.abs(fill - around).max()) <= 2 * _OTHER_COLOUR)
    return Control(
        kind="field" if is_field else "button",
        box=box,
        fill=_rgb(fill),
        around=_rgb(around),
        dots=_dots(picture, box, fill) if is_field else 0,
    )


def _dots(picture: Any, box: Box, fill: Any) -> int:
    """Return how many dots stand in a row inside a field; 0 where something else stands there, too."""
    inside = picture[box.top + _RIM : box.bottom - _RIM, box.left + _RIM : box.right - _RIM]
    if not inside.size:
        return 0
    ink = (np.abs(inside.astype(np.int16) - fill).max(axis=2) > _INK).astype(np.uint8)
    count, _, stats, centres = cv2.connectedComponentsWithStats(ink)
    # A caret is thin, and what the encoder leaves is small.
    parts = [place for place in range(1, count) if stats[place][4] >= _LEAST_INK and stats[place][2] >= _THINNEST]
    if len(parts) < _FEWEST_DOTS:
        return 0
    wide, high = ([int(stats[place][axis]) for place in parts] for axis in (2, 3))
    level = [float(centres[place][1]) for place in parts]
    round_ones = all(abs(one - other) <= 3 for one, other in zip(wide, high, strict=True))
    alike = max(wide) - min(wide) <= 3 and max(level) - min(level) <= 2
    return len(parts) if round_ones and alike and max(wide) <= _LARGEST_DOT else 0


def _rgb(colour: Any) -> tuple[int, int, int]:
    blue, green, red = (int(value) for value in colour)
    return red, green, blue
