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
    differs = (np.abs(before.astype(np.int16) - after).max(axis=2) > _DIFFERS).astype(np.uint8)
    joined = cv2.dilate(differs, np.ones((_JOINED, _JOINED), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    if count == 1:
        return []
    pixels = np.bincount(labels.ravel(), weights=differs.ravel(), minlength=count)
    edge = _JOINED // 2
    found = []
    for number in range(1, count):
        left, top, width, height = (int(value) for value in stats[number][:4])
        if pixels[number] >= _FEWEST_PIXELS:
            found.append(Box(left + edge, top + edge, left + width - edge, top + height - edge))
    return [around(found)] if len(found) > _MOST_AREAS else found


def same(one: Any, other: Any) -> bool:
    """Tell whether two patches of one size show the same."""
    differs = np.abs(one.astype(np.int16) - other).max(axis=2) > _DIFFERS
    return bool(differs.sum() <= max(_FEWEST_PIXELS, differs.size // 100))
