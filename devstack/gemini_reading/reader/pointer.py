"""Finds the pointer: a small thing that appears somewhere and leaves what was there before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np

from devstack.gemini_reading.geometry import Box, around
from devstack.gemini_reading.reader.changed_areas import changed_areas, same
from devstack.gemini_reading.recording import Pointer

__all__ = ["PointerTrack", "track_pointer"]

_LARGEST: Final = 44
_NEAR: Final = 24
_THINNEST: Final = 5
"""A caret is thinner."""
_SMALLEST: Final = 9
_MOST_AREAS: Final = 5
_CALM: Final = 0.05
"""Share of the picture. Where more changes at once, something small that comes and goes is part of a page."""
_MOST_WAITING: Final = 200
_MOST_SHAPES: Final = 6
_SHAPE_DIFFERS: Final = 40
_FEWEST_SHAPE_PIXELS: Final = 24
_SYMMETRIC: Final = 0.8
_LIKE: Final = 0.7
"""Correlation from which on a shape is found again; letters reach 0.64."""
_SURE: Final = 0.9
"""From here on no other shape is tried."""


@dataclass
class _Visit:
    """Something small that appeared at one second."""

    box: Box
    first: int
    before: Any
    picture: Any
    last: int = -1


@dataclass
class PointerTrack:
    """Where the pointer is.

    Attributes
    ----------
    visits
        Places where it was, and what is behind it there.
    carets
        Seconds and places of a blinking caret.
    found
        Where it points, by second.
    seconds
        How many pictures there are.
    """

    visits: list[_Visit] = field(default_factory=list)
    carets: list[tuple[int, Box]] = field(default_factory=list)
    found: dict[int, tuple[int, int]] = field(default_factory=dict)
    seconds: int = 0

    def without_pointer(self, picture: Any, second: int) -> Any:
        """Return the picture of a second with what is behind the pointer, where that is known."""
        clean = picture
        for visit in self.visits:
            if visit.first <= second <= visit.last:
                clean = clean.copy() if clean is picture else clean
                box = visit.box
                clean[box.top : box.bottom, box.left : box.right] = visit.before
        return clean

    def pointers(self) -> tuple[Pointer, ...]:
        """Return where it is, in order."""
        joined: list[Pointer] = []
        for second in sorted(self.found):
            last = joined[-1] if joined else None
            if last is not None and last.last == second - 1 and last.at == self.found[second]:
                joined[-1] = last.model_copy(update={"last": second})
            else:
                joined.append(Pointer(first=second, last=second, at=self.found[second]))
        return tuple(joined)


def track_pointer(pictures: Iterable[Any], again: Iterable[Any]) -> PointerTrack:
    """Return where the pointer is.

    Parameters
    ----------
    pictures, again
        The same pictures twice: once its shapes are learnt where it comes and goes over something that stays, then it
        is found by them where the screen changes under it.
    """
    track = PointerTrack()
    changes: dict[int, list[Box]] = {}
    waiting: list[_Visit] = []
    shapes: list[_Shape] = []
    for second, (before, picture) in enumerate(_pairs(pictures)):
        if before is None:
            continue
        areas = changes[second] = changed_areas(before, picture)
        calm = len(areas) <= _MOST_AREAS and all(area.area <= _CALM * picture[..., 0].size for area in areas)
        if not calm:
            waiting.clear()
        for visit in [one for one in waiting if any(one.box.meets(area) for area in areas)]:
            box = visit.box
            # Where a letter was typed beside it, it is still there.
            if _is_gone(picture[box.top : box.bottom, box.left : box.right], visit):
                waiting.remove(visit)
                _settle(visit, second - 1, track, shapes)
        for area in areas if calm else []:
            if area.width <= _LARGEST and area.height <= _LARGEST and area.height >= _SMALLEST:
                cut = slice(area.top, area.bottom), slice(area.left, area.right)
                waiting.append(_Visit(area, second, before[cut].copy(), picture[cut].copy()))
        waiting = waiting[-_MOST_WAITING:]
    _find_by_shape(again, track, changes, shapes)
    return track


def _pairs(pictures: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    before = None
    for picture in pictures:
        yield before, picture
        before = picture


def _is_gone(patch: Any, visit: _Visit) -> bool:
    """Tell whether what is there now looks like before the visit, and not like during it."""
    now, before, during = (one.astype(np.int16) for one in (patch, visit.before, visit.picture))
    return same(patch, visit.before) or bool(2 * np.abs(now - before).mean() < np.abs(now - during).mean())


def _settle(visit: _Visit, last: int, track: PointerTrack, shapes: list["_Shape"]) -> None:
    visit.last = last
    if visit.box.width < _THINNEST:
        track.carets.append((visit.first, visit.box))
        return
    shape = _shape_of(visit)
    if shape is None:
        return
    track.visits.append(visit)
    for second in range(visit.first, last + 1):
        # What came later is the pointer; an earlier place may still look as if something were there.
        if any(other.first > visit.first and other.first <= second <= other.last for other in track.visits):
            continue
        track.found[second] = (visit.box.left - 1 + shape.spot[0], visit.box.top - 1 + shape.spot[1])
    if len(shapes) < _MOST_SHAPES and not _is_known(shape, shapes):
        shapes.append(shape)


@dataclass(frozen=True)
class _Shape:
    picture: Any
    mask: Any
    spot: tuple[int, int]
    """The point that it points with, from its upper left corner."""


def _shape_of(visit: _Visit) -> _Shape | None:
    """Return what appeared, with the edge that a pointer has so that it is seen on any ground: light around dark."""
    inner = np.abs(visit.picture.astype(np.int16) - visit.before).max(axis=2) > _SHAPE_DIFFERS
    if inner.sum() < _FEWEST_SHAPE_PIXELS:
        return None
    edge = 0 if visit.picture[inner].mean() > 127 else 255
    inner = np.pad(inner, 1)
    picture = np.pad(cv2.cvtColor(visit.picture, cv2.COLOR_BGR2GRAY), 1, constant_values=edge)
    mask = cv2.dilate(inner.astype(np.uint8), np.ones((3, 3), np.uint8))
    picture[(mask > 0) & ~inner] = edge
    rows = np.flatnonzero(inner.any(axis=1))
    mirrored = (inner & inner[:, ::-1]).sum()
    if mirrored >= _SYMMETRIC * inner.sum():
        spot = (inner.shape[1] // 2, inner.shape[0] // 2)
    else:
        spot = (int(np.flatnonzero(inner[rows[0]]).mean()), int(rows[0]))
    return _Shape(picture, mask, spot)


def _is_known(shape: _Shape, shapes: list[_Shape]) -> bool:
    ground = cv2.copyMakeBorder(shape.picture, *[_LARGEST] * 4, cv2.BORDER_REPLICATE)
    return any(_match(ground, known)[0] >= _LIKE for known in shapes)


def _find_by_shape(
    pictures: Iterable[Any], track: PointerTrack, changes: dict[int, list[Box]], shapes: list[_Shape]
) -> None:
    """Find it in the pictures in which the screen changed under it; it stays where nothing changes around it."""
    for second, picture in enumerate(pictures):
        track.seconds = second + 1
        if second in track.found:
            continue
        at = track.found.get(second - 1)
        areas = changes.get(second, [])
        if second and not any(at is None or area.has(at, slack=_NEAR) for area in areas):
            if at is not None:
                track.found[second] = at
            continue
        everywhere = Box(0, 0, *picture.shape[1::-1])
        # Where it was known it has most likely gone to a place that changed, too.
        for part in (everywhere,) if at is None else (_looked_at(areas, picture), everywhere):
            grey = cv2.cvtColor(picture[part.top : part.bottom, part.left : part.right], cv2.COLOR_BGR2GRAY)
            likeness, (left, top) = _best_match(grey, shapes)
            if likeness >= _LIKE:
                track.found[second] = (left + part.left, top + part.top)
                break


def _looked_at(areas: list[Box], picture: Any) -> Box:
    """Return the part of a picture that holds what changed, and a pointer that is only touched by it."""
    height, width = picture.shape[:2]
    return around(areas).grown(_NEAR + _LARGEST + 2, width=width, height=height)


def _best_match(ground: Any, shapes: list[_Shape]) -> tuple[float, tuple[int, int]]:
    best = (-1.0, (0, 0))
    for shape in shapes:
        if ground.shape[0] >= shape.picture.shape[0] and ground.shape[1] >= shape.picture.shape[1]:
            best = max(best, _match(ground, shape), key=lambda found: found[0])
        if best[0] >= _SURE:
            break
    return best


def _match(ground: Any, shape: _Shape) -> tuple[float, tuple[int, int]]:
    """Return how well a shape fits where it fits best, up to 1, and the point that it points with there."""
    found = cv2.matchTemplate(
        ground.astype(np.float32),
        shape.picture.astype(np.float32),
        cv2.TM_CCOEFF_NORMED,
        mask=shape.mask.astype(np.float32),
    )
    # A plain area has no contrast, and the measure is not a number there.
    found[~np.isfinite(found)] = -1
    _, best, _, (left, top) = cv2.minMaxLoc(found)
    return float(best), (left + shape.spot[0], top + shape.spot[1])
