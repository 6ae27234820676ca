"""Breaks a label into lines for a drawing, where no program measures letters. Pure."""

import unicodedata
from collections.abc import Iterator

__all__ = ["estimated_width", "wrapped"]

_NARROW = frozenset("iljtfrI.,:;'|!()[]{}/\\-\u00b7 ")
_WIDE = frozenset("mwMW@%")
_ELLIPSIS = "\u2026"


def estimated_width(text: str, *, size: float) -> float:
    """Return about how wide a text is in a sans-serif font of so many pixels; rather too wide."""
    return sum(_em(char) for char in text) * size


def _em(char: str) -> float:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn", "Me"}:
        return 0.0
    if unicodedata.east_asian_width(char) in {"W", "F"}:
        return 1.04
    if char in _NARROW:
        return 0.36
    if char in _WIDE:
        return 0.9
    return 0.68 if char.isupper() else 0.57


def wrapped(text: str, *, width: float, size: float, most: int) -> tuple[str, ...]:
    """Return a text in at most so many lines; what is left out is an ellipsis.

    Parameters
    ----------
    text
        One or more words of any script.
    width
        Of a line, in pixels.
    size
        Of the font, in pixels.
    most
        Number of lines.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text, width=width, size=size):
        longer = f"{line}{piece}" if line else piece.lstrip()
        if line and estimated_width(longer.rstrip(), size=size) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line = longer
    if line.strip():
        lines.append(line.rstrip())
    if len(lines) <= most:
        return tuple(lines)
    last = lines[most - 1]
    while last and estimated_width(last + _ELLIPSIS, size=size) > width:
        last = last[:-1]
    return (*lines[: most - 1], last.rstrip() + _ELLIPSIS)


def _pieces(text: str, *, width: float, size: float) -> Iterator[str]:
    """Give what may not be broken: words, single ideographs, and parts of words that are longer than a line."""
    for word in text.split():
        part = " "
        for char in word:
            is_wide = unicodedata.east_asian_width(char) in {"W", "F"}
            too_long = estimated_width(part.strip() + char, size=size) > width
            if part.strip() and (is_wide or too_long) and not unicodedata.combining(char):
                yield part
                part = char
            else:
                part += char
        yield part
