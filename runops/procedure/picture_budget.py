"""How large and how good pictures may be, so that a page stays small. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["LADDER", "Form", "budget", "kept"]

_BYTES: Final = 2_100_000
"""For ten minutes of recording: base64 makes 2.8 MB of them, and a page with its text is to have 3 MB."""
_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Form:
    """How pictures are made: pixels of the longer side at most, and a quality from 0 to 100."""

    longest: int
    quality: int


LADDER: Final = (Form(1920, 75), Form(1600, 60), Form(1280, 50), Form(1280, 30), Form(960, 30), Form(720, 20))
"""From the best on. Letters stay readable down to the last but one."""


def budget(seconds: float) -> int:
    """Return how many bytes the pictures of a recording of so many seconds may have together."""
    return _BYTES * max(math.ceil(seconds / _SECONDS), 1)


def kept(sizes: Mapping[str, int], order: Sequence[str], most: int) -> list[str]:
    """Return which pictures stay where even the smallest form is too large: the first ones, in an order."""
    taken: list[str] = []
    total = 0
    for key in order:
        if key in sizes and total + sizes[key] <= most:
            total += sizes[key]
            taken.append(key)
    return taken
