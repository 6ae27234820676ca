"""Where two pictures differ."""

from typing import Any, Final

import cv2
import numpy as np

from devstack.gemini_reading.geometry import Box, around

__all__ = ["changed_areas", "same"]

_DIFFERS: Final = 24
"""Grey values; less is what the encoder does to a still picture."""
_FEWEST_PIXELS: Final = 6
_JOINED: Final = 5
_MOST_AREAS: Final = 60


def changed_areas(before: Any, after: Any) -> list[Box]:
    """Return the boxes of the areas that differ, joined where they are close; all in one where they are many."""
    differs = _differs(before, after)
    if not differs.any():
        return []
    joined = cv2.dilate(differs, np.ones((_JOINED, _JOINED), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    pixels = np.bincount(labels[differs > 0], minlength=count)
    edge = _JOINED // 2
    found = []
    for number in range(1, count):
        left, top, width, height = (int(value) for value in stats[number][:4])
        if pixels[number] >= _FEWEST_PIXELS:
            found.append(Box(left + edge, top + edge, left + width - edge, top + height - edge))
    return [around(found)] if len(found) > _MOST_AREAS else found


def same(one: Any, other: Any) -> bool:
    """Tell whether two patches of one size show the same."""
    differs = _differs(one, other)
    return bool(differs.sum() <= max(_FEWEST_PIXELS, differs.size // 100))


def _differs(one: Any, other: Any) -> Any:
    """Return 1 where two pictures differ in any colour, 0 elsewhere."""
    blue, green, red = cv2.split(cv2.absdiff(one, other))
    return cv2.threshold(cv2.max(cv2.max(blue, green), red), _DIFFERS, 1, cv2.THRESH_BINARY)[1]
