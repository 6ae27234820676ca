"""What a pointer looks like, and where in a picture something looks like that."""

from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np

from devstack.gemini_reading.geometry import Box

__all__ = ["LARGEST", "Shape", "best_place", "is_at", "shape_of"]

LARGEST: Final = 44
"""Of a pointer, in pixels."""
_LIKE: Final = 0.7
"""Correlation from which on a shape is found again; letters reach 0.64."""
_SURE: Final = 0.9
"""From here on no other shape is tried."""
_STAYS: Final = 0.5
"""Correlation from which on it is still where it was: a button under it may have another colour."""
_DIFFERS: Final = 40
_FEWEST_PIXELS: Final = 24
_SYMMETRIC: Final = 0.8
_WIDEST: Final = 1.3
"""Width to height. What is wider is a word that appeared."""


@dataclass
class Shape:
    """What a pointer looks like.

    Attributes
    ----------
    picture, mask
        Its grey values, and which of them belong to it.
    spot
        The point that it points with, from its upper left corner.
    places
        Where it was.
    least
        Correlation from which on it is found again.
    """

    picture: Any
    mask: Any
    spot: tuple[int, int]
    places: list[tuple[int, int]] = field(default_factory=list)
    least: float = _LIKE

    @property
    def has_moved(self) -> bool:
        """Whether it was at two places: what always appears at the same one is a part of a page."""
        return any(
            max(abs(one[0] - other[0]), abs(one[1] - other[1])) > LARGEST
            for one in self.places
            for other in self.places
        )

    def is_like(self, other: "Shape") -> bool:
        """Tell whether another one shows the same."""
        ground = cv2.copyMakeBorder(other.picture, *[LARGEST] * 4, cv2.BORDER_REPLICATE)
        return float(_likeness(ground, self).max()) >= _LIKE


def shape_of(before: Any, picture: Any) -> Shape | None:
    """Return what appeared in a small part of a picture; None for what cannot be a pointer.

    It gets the edge that a pointer has so that it is seen on any ground: light around dark.

    Parameters
    ----------
    before, picture
        The part before and after.
    """
    inner = np.abs(picture.astype(np.int16) - before).max(axis=2) > _DIFFERS
    if inner.sum() < _FEWEST_PIXELS or picture.shape[1] > _WIDEST * picture.shape[0]:
        return None
    edge = 0 if picture[inner].mean() > 127 else 255
    inner = np.pad(inner, 1)
    grey = np.pad(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), 1, constant_values=edge)
    mask = cv2.dilate(inner.astype(np.uint8), np.ones((3, 3), np.uint8))
    grey[(mask > 0) & ~inner] = edge
    rows = np.flatnonzero(inner.any(axis=1))
    mirrored = (inner & inner[:, ::-1]).sum()
    if mirrored >= _SYMMETRIC * inner.sum():
        spot = (inner.shape[1] // 2, inner.shape[0] // 2)
    else:
        spot = (int(np.flatnonzero(inner[rows[0]]).mean()), int(rows[0]))
    return Shape(grey, mask, spot)


def is_at(picture: Any, shapes: list[Shape], at: tuple[int, int]) -> bool:
    """Tell whether a pointer may be at a point at which it is before or afterwards."""
    height, width = picture.shape[:2]
    return any(
        _fits_at(picture, shape, left, top)
        for shape in shapes
        for left, top in [(at[0] - shape.spot[0], at[1] - shape.spot[1])]
        if left >= 1 and top >= 1 and left + shape.picture.shape[1] < width and top + shape.picture.shape[0] < height
    )


def _fits_at(picture: Any, shape: Shape, left: int, top: int) -> bool:
    height, width = shape.picture.shape
    part = picture[top - 1 : top + height + 1, left - 1 : left + width + 1]
    return float(_likeness(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), shape).max()) >= _STAYS


def best_place(picture: Any, shapes: list[Shape], areas: list[Box] | None) -> tuple[int, int] | None:
    """Return the point that a pointer points at; None where nothing looks like one.

    Parameters
    ----------
    picture
        Rows, columns and three colours.
    shapes
        What it looks like.
    areas
        What has changed since it was elsewhere: it is nowhere else. None for the whole picture.
    """
    height, width = picture.shape[:2]
    part = Box(0, 0, width, height)
    if areas is not None:
        if not areas:
            return None
        left, top = min(one.left for one in areas), min(one.top for one in areas)
        right, bottom = max(one.right for one in areas), max(one.bottom for one in areas)
        part = Box(left, top, right, bottom).grown(LARGEST + 2, width=width, height=height)
    grey = cv2.cvtColor(picture[part.top : part.bottom, part.left : part.right], cv2.COLOR_BGR2GRAY)
    best, at = 0.0, None
    for shape in shapes:
        if grey.shape[0] < shape.picture.shape[0] or grey.shape[1] < shape.picture.shape[1]:
            continue
        likeness = _likeness(grey, shape)
        if areas is not None:
            likeness[~_reached(likeness.shape, shape, areas, part)] = -1
        _, found, _, (column, row) = cv2.minMaxLoc(likeness)
        if found >= max(best, shape.least):
            best, at = found, (column + shape.spot[0] + part.left, row + shape.spot[1] + part.top)
        if best >= _SURE:
            break
    return at


def _likeness(grey: Any, shape: Shape) -> Any:
    """Return how well a shape fits at each place, up to 1."""
    found = cv2.matchTemplate(
        grey.astype(np.float32),
        shape.picture.astype(np.float32),
        cv2.TM_CCOEFF_NORMED,
        mask=shape.mask.astype(np.float32),
    )
    # A plain area has no contrast, and the measure is not a number there.
    found[~np.isfinite(found)] = -1
    return found


def _reached(size: tuple[int, int], shape: Shape, areas: list[Box], part: Box) -> Any:
    """Return at which places a shape lies over one of the areas."""
    reached = np.zeros(size, bool)
    height, width = shape.picture.shape
    for one in areas:
        rows = slice(max(0, one.top - part.top - height + 1), max(0, one.bottom - part.top))
        columns = slice(max(0, one.left - part.left - width + 1), max(0, one.right - part.left))
        reached[rows, columns] = True
    return reached
