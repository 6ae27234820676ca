"""What was pressed before a screen changed: under the pointer, a key after typing, or by its words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rapidfuzz import fuzz

from devstack.gemini_reading.difference import plain
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.layout import Element, element_at, text_in
from devstack.gemini_reading.recording import Reading, Screen

__all__ = ["Cause", "of_change", "pointed_at", "pointer_at", "screen_at"]

_BESIDE = 90
_TYPED_SECONDS = 2
_SPOKEN_SECONDS = 5
_LIKE_HINT = 70.0


class _Done(Protocol):
    @property
    def second(self) -> int: ...
    @property
    def until(self) -> int: ...
    @property
    def action(self) -> str: ...
    @property
    def target(self) -> Element | None: ...


@dataclass(frozen=True)
class Cause:
    """An element that was pressed, or a key."""

    element: Element | None = None
    key: str = ""


def pointer_at(reading: Reading, second: int) -> tuple[int, int] | None:
    """Return where the pointer is at a second; None where it was not found."""
    return next((one.at for one in reading.pointers if one.first <= second <= one.last), None)


def screen_at(screens: Sequence[Screen], second: int) -> Screen:
    """Return what is on the screen at a second."""
    return max((one for one in screens if one.second <= second), key=lambda one: one.second, default=screens[0])


def of_change(
    before: Screen,
    second: int,
    reading: Reading,
    recent: Sequence[_Done],
    *,
    hint: str = "",
    within: Box | None = None,
    only_buttons: bool = False,
) -> Cause | None:
    """Return what most likely made the screen change at a second; None where nothing points at it.

    Parameters
    ----------
    before
        The screen before.
    recent
        What was done last.
    hint
        What the new page or dialog is called: a button often has the same words.
    within
        The dialog that closes: what was pressed is inside it.
    only_buttons
        Words that are no button do not count.
    """
    points = [at for moment in (second, second - 1) if (at := pointer_at(reading, moment)) is not None]
    elements = [element for point in points if (element := element_at(before, point)) is not None]
    elements = [one for one in elements if within is None or within.grown(40, width=9999, height=9999).meets(one.box)]
    buttons = [one for one in elements if one.kind == "button"]
    if buttons:
        return Cause(buttons[0])
    if only_buttons:
        return None
    rows = [one for one in elements if one.kind == "table row"]
    named = _named(before, hint, within) or _spoken(before, second, reading, within)
    if rows or named is not None:
        return Cause(rows[0] if rows else named)
    # Where the pointer was a second ago says little about words that it has left.
    words = [one for one in elements if one.kind != "text field"] if pointer_at(reading, second) is not None else []
    if words:
        return Cause(words[0])
    last = recent[-1] if recent else None
    if (
        last is not None
        and last.action in {"TYPE", "PASTE"}
        and second - max(last.second, last.until) <= _TYPED_SECONDS
    ):
        return Cause(key="ENTER")
    return None


def _buttons(screen: Screen, within: Box | None) -> list[Element]:
    return [
        Element("button", text, one.box)
        for one in screen.controls
        if one.kind == "button" and (within is None or within.meets(one.box)) and (text := text_in(screen, one.box))
    ]


def _named(screen: Screen, hint: str, within: Box | None) -> Element | None:
    """Return the button that has the words of what opened, or most of them."""
    if not hint:
        return None
    likeness = {one: fuzz.token_set_ratio(_letters(one.text), _letters(hint)) for one in _buttons(screen, within)}
    best = max(likeness, key=lambda one: likeness[one], default=None)
    return best if best is not None and likeness[best] >= _LIKE_HINT else None


def _letters(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text).casefold().split())


def _spoken(screen: Screen, second: int, reading: Reading, within: Box | None) -> Element | None:
    """Return a button whose words are said at the time."""
    # Commas are heard where there are none: "I click on send, reply".
    said = _letters(
        " ".join(one.text for one in reading.spoken if one.start <= second + 1 and second - _SPOKEN_SECONDS <= one.end)
    )
    fitting = [one for one in _buttons(screen, within) if len(plain(one.text)) > 2 and _letters(one.text) in said]
    return max(fitting, key=lambda one: len(one.text), default=None)


def pointed_at(screen: Screen, point: tuple[int, int]) -> Element | None:
    """Return what is under a point, or the words left of it on the same line."""
    element = element_at(screen, point)
    if element is not None:
        return element
    beside = [
        line
        for line in screen.lines
        if line.box.top <= point[1] < line.box.bottom and 0 <= point[0] - line.box.right <= _BESIDE
    ]
    line = max(beside, key=lambda one: one.box.right, default=None)
    return None if line is None else Element("text", line.text, line.box)
