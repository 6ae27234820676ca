"""What was read in a clip: letters and controls of each screen, the pointer, and what was said. Pure data."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from devstack.gemini_reading.geometry import Box

__all__ = ["READ_VERSION", "Control", "Line", "Pointer", "Reading", "Screen", "Spoken"]

READ_VERSION = 11
"""Part of the name of what is cached: raise it when the reader finds other things in the same clip."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(_Frozen):
    """Words that stand together on one line."""

    text: str
    box: Box
    score: float = 1.0


class Control(_Frozen):
    """A rectangle that stands out: a field has the colour of what is around it and an edge, a button another colour.

    Attributes
    ----------
    fill, around
        Colours inside and outside: red, green, blue.
    dots
        Of a field in which only a row of dots stands: how many.
    """

    kind: Literal["field", "button"]
    box: Box
    fill: tuple[int, int, int]
    around: tuple[int, int, int]
    dots: int = 0


class Screen(_Frozen):
    """What is on the screen from one second on.

    Attributes
    ----------
    changed
        Where it differs from the screen before, without the pointer.
    brightness
        Mean of the picture, 0 to 255.
    """

    second: int
    lines: tuple[Line, ...]
    controls: tuple[Control, ...] = ()
    changed: tuple[Box, ...] = ()
    brightness: int = 255


class Pointer(_Frozen):
    """Where the pointer is from one second to another, both inclusive."""

    first: int
    last: int
    at: tuple[int, int]


class Spoken(_Frozen):
    """A stretch of speech: seconds from the start of the clip, and its words."""

    start: float
    end: float
    text: str


class Reading(_Frozen):
    """What was read in one clip.

    Attributes
    ----------
    width, height
        Pixels.
    seconds
        How many pictures there are, one a second.
    screens
        The first, and each that differs from the one before.
    pointers
        Where it is known.
    carets
        Seconds at which a caret blinked, and where.
    spoken
        In order.
    """

    width: int = 0
    height: int = 0
    seconds: int = 0
    screens: tuple[Screen, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    carets: tuple[tuple[int, Box], ...] = ()
    spoken: tuple[Spoken, ...] = ()
