"""What was pressed before a screen changed: under the pointer, a key after typing, or by its words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rapidfuzz import fuzz

from devstack.gemini_reading.difference import plain
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.layout import Element, element_at, is_host, text_in
from devstack.gemini_reading.recording import Reading, Screen

__all__ = ["Cause", "of_change", "pointed_at", "pointer_at", "screen_at", "traces"]

_BESIDE = 90
_TYPED_SECONDS = 2
_SPOKEN_SECONDS = 5
_LIKE_HINT = 70.0
_FRESH_SECONDS = 2
_TRACE_SECONDS = 2
_SMALLEST, _LARGEST = 9, 36
"""Of a pointer, in pixels."""
_WHOLE = 12
_TIP = 4
_CALM = 8
_LOWER_EDGE = 0.93
_MOST_OF = 0.6
_LONGEST_NAME = 60


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
    after: Screen,
    reading: Reading,
    recent: Sequence[_Done],
    *,
    hint: str = "",
    within: Box | None = None,
    only_buttons: bool = False,
) -> Cause | None:
    """Return what most likely made one screen become another; None where nothing points at it.

    Parameters
    ----------
    before, after
        The two screens.
    recent
        What was done last.
    hint
        What the new page or dialog is called: a button often has the same words.
    within
        The dialog that closes: what was pressed is inside it.
    only_buttons
        Words that are no button do not count.
    """
    second = after.second
    came = [*traces(before, second, reading), *_together(before, after, reading)]
    points = [at for moment in (second, second - 1) if (at := pointer_at(reading, moment)) is not None]
    elements = [element for point in points if (element := element_at(before, point)) is not None]
    elements = _inside(elements, within)
    came = _inside(came, within)
    buttons = [one for one in (*elements, *came) if one.kind in {"button", "icon"}]
    # Where the pointer was found before it came to a row, it only passed.
    latest = came[0] if came else None
    is_row = latest is not None and latest.kind == "table row" and not any(one.kind == "button" for one in elements)
    if buttons and not is_row:
        return Cause(buttons[0])
    fresh = [one for one in came if one.kind == "table row" or len(one.text) <= _LONGEST_NAME]
    if only_buttons:
        # Words may have been drawn again for another reason.
        drawn = [line.box for line in before.lines if any(_is_all_of(area, line.box) for area in before.changed)]
        fresh = [one for one in fresh if one.box not in drawn]
        return Cause(fresh[0]) if fresh else None
    rows = [one for one in (*elements, *fresh) if one.kind == "table row"]
    if rows:
        return Cause(rows[0])
    named = _same_words(before, hint) or _named(before, hint, within) or _spoken(before, second, reading, within)
    if named is not None:
        return Cause(named)
    # Where the pointer was a second ago says little about words that it has left.
    words = [one for one in elements if one.kind != "text field"] if pointer_at(reading, second) is not None else []
    if words or fresh:
        return Cause((words or fresh)[0])
    last = recent[-1] if recent else None
    if (
        last is not None
        and last.action in {"TYPE", "PASTE"}
        and second - max(last.second, last.until) <= _TYPED_SECONDS
    ):
        return Cause(key="ENTER")
    return None


def _inside(elements: Sequence[Element], within: Box | None) -> list[Element]:
    return [one for one in elements if within is None or within.grown(40, width=9999, height=9999).meets(one.box)]


def traces(before: Screen, second: int, reading: Reading) -> list[Element]:
    """Return what the pointer has just come to: it was found there, or something small changed, or all of an element.

    A pointer that is not found leaves a small change where it comes to, and what can be pressed changes its looks.
    """
    found = [
        (one.first, element)
        for one in reading.pointers
        if second - _FRESH_SECONDS <= one.first <= second and (element := element_at(before, one.at)) is not None
    ]
    if second - before.second <= _TRACE_SECONDS and len(before.changed) <= _CALM:
        touched = [_touched(before, area) for area in before.changed if not _has_left(area, before.second, reading)]
        found += [(before.second, element) for element in touched if element is not None]
    # What it came to last counts most. An address shown at the lower edge says where a link leads.
    came = [element for _, element in sorted(found, key=lambda one: -one[0])]
    edge = _LOWER_EDGE * reading.height
    return [one for one in came if one.kind != "text field" and not (is_host(one.text) and one.box.top > edge)]


def _has_left(area: Box, second: int, reading: Reading) -> bool:
    """Tell whether the pointer was at a place before it changed: it has gone from there."""
    was, now = (pointer_at(reading, one) for one in (second - 1, second))
    return was is not None and now != was and area.has(was, slack=_TIP)


def _together(before: Screen, after: Screen, reading: Reading) -> list[Element]:
    """Return buttons to which the pointer came in the second in which something came of it."""
    if len(after.changed) > 2 * _CALM:
        return []
    known = [line.box for line in before.lines]
    words = [line.box for line in after.lines if not any(line.box.is_at(box) for box in known)]
    places = [area for area in after.changed if not _has_left(area, after.second, reading)]
    touched = [_touched(before, area) for area in places if not any(box.meets(area) for box in words)]
    return [one for one in touched if one is not None and one.kind == "button"]


def _touched(screen: Screen, area: Box) -> Element | None:
    """Return what a change belongs to: one the size of a pointer, or one the size of the element."""
    small = all(_SMALLEST <= side <= _LARGEST for side in (area.width, area.height))
    element = pointed_at(screen, (area.left + area.width // 3, area.top + area.height // 4)) if small else None
    if element is None:
        boxes = [*(one.box for one in screen.controls), *(one.box for one in screen.lines)]
        whole = [box for box in boxes if _is_all_of(area, box)]
        element = element_at(screen, whole[0].centre) if whole else None
    return element


def _is_all_of(area: Box, box: Box) -> bool:
    return box.grown(_WHOLE, width=9999, height=9999).holds(area) and area.width >= _MOST_OF * box.width


def _buttons(screen: Screen, within: Box | None) -> list[Element]:
    return [
        Element("button", text, one.box)
        for one in screen.controls
        if one.kind == "button" and (within is None or within.meets(one.box)) and (text := text_in(screen, one.box))
    ]


def _same_words(screen: Screen, hint: str) -> Element | None:
    """Return the words that what opened has as its title, where they stood there once: a row of a list, a link."""
    found = [line for line in screen.lines if hint and plain(line.text) == plain(hint)]
    return Element("text", found[0].text, found[0].box) if len(found) == 1 else None


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
