"""Reads the screen of each second: only what has changed, in crops that cut no word and no control."""

from collections.abc import Iterable
from typing import Any, Final, Protocol

import cv2
import numpy as np

from devstack.gemini_reading.geometry import Box, around
from devstack.gemini_reading.reader.changed_areas import changed_areas
from devstack.gemini_reading.reader.controls import controls_in
from devstack.gemini_reading.reader.pointer import PointerTrack
from devstack.gemini_reading.reader.seen_screens import SeenScreens
from devstack.gemini_reading.recording import Control, Line, Screen

__all__ = ["Reader", "grown_to_edges", "screens_of"]

_MARGIN: Final = 12
_WHOLE: Final = 0.45
"""Share of the picture from which on all of it is read."""
_THIN: Final = 4
"""A caret is not wider."""


class Reader(Protocol):
    """Reads letters: the model, or what was kept of it."""

    def read(self, picture: Any, *, left: int = 0, top: int = 0) -> list[Line]:
        """Return the lines of a picture that begins at this place of the screen."""
        ...


def screens_of(pictures: Iterable[Any], track: PointerTrack, reader: Reader) -> list[Screen]:
    """Return the first screen, and each that differs from the one before without the pointer."""
    screens: list[Screen] = []
    seen = SeenScreens()
    before: Any = None
    for second, picture in enumerate(pictures):
        clean = track.without_pointer(picture, second)
        if before is None:
            screens.append(_screen(second, clean, tuple(reader.read(clean)), ()))
            seen.keep(clean, screens[-1])
        else:
            areas = changed_areas(before, clean)
            wide = [area for area in areas if area.width > _THIN]
            track.carets += [(second, area) for area in areas if area.width <= _THIN and area.height > 2 * _THIN]
            if wide:
                lines = _read_again(clean, wide, screens[-1], seen, reader)
                screens.append(_screen(second, clean, lines, tuple(wide)))
                seen.keep(clean, screens[-1])
        before = clean
    return screens


def _screen(second: int, picture: Any, lines: tuple[Line, ...], changed: tuple[Box, ...]) -> Screen:
    controls = tuple(controls_in(picture))
    return Screen(
        second=second, lines=lines, controls=controls, changed=changed, brightness=int(np.asarray(picture).mean())
    )


def _read_again(picture: Any, areas: list[Box], before: Screen, seen: SeenScreens, reader: Reader) -> tuple[Line, ...]:
    height, width = picture.shape[:2]
    crops = grown_to_edges(areas, before.lines, before.controls, width=width, height=height)
    if _area(crops) >= _WHOLE * width * height:
        # A page that was there before, such as a list after each of its entries, differs less from itself.
        earlier, differing = seen.most_like(picture)
        other = grown_to_edges(differing, earlier.lines, earlier.controls, width=width, height=height)
        if _area(other) >= _WHOLE * width * height:
            return tuple(reader.read(picture))
        before, crops = earlier, other
    lines = [line for line in before.lines if not any(line.box.meets(crop) for crop in crops)]
    for crop in crops:
        # Letters are found badly at the edge of a picture.
        cut = cv2.copyMakeBorder(
            picture[crop.top : crop.bottom, crop.left : crop.right], *[_MARGIN] * 4, cv2.BORDER_REPLICATE
        )
        lines += reader.read(cut, left=crop.left - _MARGIN, top=crop.top - _MARGIN)
    return tuple(sorted(lines, key=lambda line: (line.box.top, line.box.left)))


def _area(crops: Iterable[Box]) -> int:
    return sum(crop.area for crop in crops)


def grown_to_edges(
    areas: Iterable[Box], lines: Iterable[Line], controls: Iterable[Control], *, width: int, height: int
) -> list[Box]:
    """Return crops that hold the areas and every line and control that they touch, apart from each other."""
    edges = [*(line.box for line in lines), *(control.box for control in controls)]
    crops = [area.grown(_MARGIN, width=width, height=height) for area in areas]
    while True:
        grown = [around([crop, *(edge for edge in edges if edge.meets(crop))]) for crop in crops]
        joined: list[Box] = []
        for crop in grown:
            met = [other for other in joined if other.meets(crop)]
            joined = [other for other in joined if other not in met] + [around([crop, *met])]
        if joined == crops:
            return joined
        crops = joined
