"""Screens and readings for tests, drawn by what stands where."""

from collections.abc import Sequence

from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.recording import Control, Line, Pointer, Reading, Screen, Spoken

__all__ = ["WIDTH", "button", "field", "line", "reading", "screen"]

WIDTH, HEIGHT = 1280, 720
_LETTER = 10


def line(text: str, left: int, top: int, *, letter: int = _LETTER, height: int = 24) -> Line:
    return Line(text=text, box=Box(left, top, left + letter * len(text) + 14, top + height))


def field(left: int, top: int, *, width: int = 400, height: int = 40, dots: int = 0) -> Control:
    box = Box(left, top, left + width, top + height)
    return Control(kind="field", box=box, fill=(255, 255, 255), around=(255, 255, 255), dots=dots)


def button(left: int, top: int, *, width: int = 200, height: int = 40) -> Control:
    box = Box(left, top, left + width, top + height)
    return Control(kind="button", box=box, fill=(20, 90, 170), around=(255, 255, 255))


def screen(
    second: int,
    lines: Sequence[Line],
    controls: Sequence[Control] = (),
    *,
    changed: Sequence[Box] = (Box(0, 0, WIDTH, HEIGHT),),
    brightness: int = 230,
) -> Screen:
    return Screen(
        second=second, lines=tuple(lines), controls=tuple(controls), changed=tuple(changed), brightness=brightness
    )


def reading(
    *screens: Screen,
    pointers: Sequence[tuple[int, int, tuple[int, int]]] = (),
    spoken: Sequence[tuple[float, float, str]] = (),
) -> Reading:
    return Reading(
        width=WIDTH,
        height=HEIGHT,
        seconds=screens[-1].second + 1 if screens else 0,
        screens=screens,
        pointers=tuple(Pointer(first=first, last=last, at=at) for first, last, at in pointers),
        spoken=tuple(Spoken(start=start, end=end, text=text) for start, end, text in spoken),
    )
