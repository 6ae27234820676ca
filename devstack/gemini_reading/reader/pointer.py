"""Finds the pointer: a small thing that appears somewhere and leaves what was there before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.reader.changed_areas import changed_areas, same
from devstack.gemini_reading.reader.pointer_shapes import LARGEST, Shape, best_place, is_at, shape_of
from devstack.gemini_reading.reader.usual_pointers import usual_pointers
from devstack.gemini_reading.recording import Pointer

__all__ = ["PointerTrack", "track_pointer"]

_NEAR: Final = 24
_THINNEST: Final = 5
"""A caret is thinner."""
_SMALLEST: Final = 9
_MOST_AREAS: Final = 5
_CALM: Final = 0.05
"""Share of the picture. Where more changes at once, something small that comes and goes is part of a page."""
_MOST_WAITING: Final = 200
_MOST_SHAPES: Final = 12


@dataclass
class _Visit:
    """Something small that appeared at one second.

    Attributes
    ----------
    before, picture
        What was there before, and what appeared.
    last
        The last second of it; -1 while it is there.
    is_next
        Whether something like it left its place in the second in which it appeared.
    touched
        When something changed there for the first time.
    shape, at
        What it looks like, and the point at which it points.
    """

    box: Box
    first: int
    before: Any
    picture: Any
    last: int = -1
    is_next: bool = False
    touched: int = 0
    shape: Shape | None = None
    at: tuple[int, int] = (0, 0)


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
    shapes: list[Shape] = []
    pressed: list[_Visit] = []
    for second, (before, picture) in enumerate(_pairs(pictures)):
        if before is None:
            continue
        areas = changes[second] = changed_areas(before, picture)
        calm = len(areas) <= _MOST_AREAS and all(area.area <= _CALM * picture[..., 0].size for area in areas)
        if not calm:
            # What it pressed opened something else, so it cannot be seen to leave.
            pressed += [replace(visit, last=(visit.touched or second) - 1) for visit in waiting if visit.is_next]
            waiting.clear()
        left: list[Box] = []
        for visit in [one for one in waiting if any(one.box.meets(area) for area in areas)]:
            box = visit.box
            # Where a letter was typed beside it, it is still there.
            if _is_gone(picture[box.top : box.bottom, box.left : box.right], visit):
                waiting.remove(visit)
                left += [box] * _settle(visit, second - 1, track, shapes)
            visit.touched = visit.touched or second
        for area in areas if calm else []:
            is_small = area.width <= LARGEST and area.height <= LARGEST and area.height >= _SMALLEST
            if is_small and not any(box.meets(area) for box in left):
                cut = slice(area.top, area.bottom), slice(area.left, area.right)
                waiting.append(_Visit(area, second, before[cut].copy(), picture[cut].copy(), is_next=bool(left)))
        waiting = waiting[-_MOST_WAITING:]
    known = _without_parts_of_pages(track, shapes)
    _add_pressed(track, pressed, known)
    _find_by_shape(again, track, changes, known)
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


def _settle(visit: _Visit, last: int, track: PointerTrack, shapes: list[Shape]) -> bool:
    """Note a visit that has ended; tell whether it may have been the pointer's."""
    visit.last = last
    if visit.box.width < _THINNEST:
        track.carets.append((visit.first, visit.box))
    elif _name(visit, shapes):
        track.visits.append(visit)
    return visit.shape is not None


def _name(visit: _Visit, shapes: list[Shape]) -> bool:
    """Note which shape a visit has, and where it was; tell whether it has one."""
    shape = shape_of(visit.before, visit.picture)
    if shape is not None:
        visit.at = (visit.box.left - 1 + shape.spot[0], visit.box.top - 1 + shape.spot[1])
        visit.shape = next((one for one in shapes if one.is_like(shape)), shape)
        visit.shape.places.append(visit.at)
        if visit.shape is shape and len(shapes) < _MOST_SHAPES:
            shapes.append(shape)
    return shape is not None


def _without_parts_of_pages(track: PointerTrack, shapes: list[Shape]) -> list[Shape]:
    """Return the shapes that are a pointer's, with the usual ones; forget the visits of what is none.

    Something small that comes and goes at one place is a part of a page. Where nothing was at two places, there is no
    telling.
    """
    moved = [one for one in shapes if one.has_moved]
    if moved:
        track.visits = [one for one in track.visits if one.shape is not None and one.shape.has_moved]
    known = moved or shapes
    return [*known, *(usual for usual in usual_pointers() if not any(one.is_like(usual) for one in known))]


def _add_pressed(track: PointerTrack, pressed: list[_Visit], known: list[Shape]) -> None:
    """Add visits that ended with what was pressed: of a shape that is known, or that was at two such places."""
    shapes: list[Shape] = []
    for visit in pressed:
        _name(visit, shapes)
    added = [
        one
        for one in pressed
        if one.shape is not None and (one.shape.has_moved or any(shape.is_like(one.shape) for shape in known))
    ]
    # What came later is the pointer; an earlier place may still look as if something were there.
    for visit in (*sorted(added, key=lambda one: one.first), *sorted(track.visits, key=lambda one: one.first)):
        track.found |= dict.fromkeys(range(visit.first, visit.last + 1), visit.at)
    track.visits += added


def _find_by_shape(
    pictures: Iterable[Any], track: PointerTrack, changes: dict[int, list[Box]], shapes: list[Shape]
) -> None:
    """Find it in the pictures in which the screen changed under it; it stays where nothing changes around it."""
    since: list[Box] | None = None
    for second, (before, picture) in enumerate(_pairs(pictures)):
        track.seconds = second + 1
        areas = changes.get(second, [])
        if second - 1 not in track.found and before is not None and areas:
            # Where it has just left from, it was since that place changed for the last time.
            _stayed(track, changes, second - 1, best_place(before, shapes, areas))
        at = track.found.get(second - 1)
        since = areas if at is not None else None if since is None else [*since, *areas]
        if second not in track.found and (found := _place(picture, shapes, at, areas, since)) is not None:
            track.found[second] = found
        now = track.found.get(second)
        if now is not None and at is None and before is not None and is_at(before, shapes, now):
            _stayed(track, changes, second - 1, now)


def _place(
    picture: Any, shapes: list[Shape], at: tuple[int, int] | None, areas: list[Box], since: list[Box] | None
) -> tuple[int, int] | None:
    """Return where it is; it was at a point before, areas have changed, and others since it was seen."""
    if at is not None and not any(area.has(at, slack=_NEAR) for area in areas):
        return at
    if not areas and since is not None:
        return None
    found = best_place(picture, shapes, since)
    return at if found is None and at is not None and is_at(picture, shapes, at) else found


def _stayed(track: PointerTrack, changes: dict[int, list[Box]], second: int, at: tuple[int, int] | None) -> None:
    """Note that it was at a place up to a second, from the last one on in which something changed there."""
    while at is not None and second >= 0 and second not in track.found:
        track.found[second] = at
        if any(area.has(at, slack=_NEAR) for area in changes.get(second, [])):
            return
        second -= 1
