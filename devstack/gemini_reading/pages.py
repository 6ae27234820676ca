"""What else happens to a page: another one opens, it scrolls, something is dragged, ticked, or appears. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from devstack.gemini_reading.cause import pointer_at
from devstack.gemini_reading.change import Change
from devstack.gemini_reading.difference import Difference, plain
from devstack.gemini_reading.event import Event, named, quoted
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.layout import Element, application, field_at, has_address_bar, heading, is_address
from devstack.gemini_reading.recording import Line

__all__ = ["dragged", "new_page", "scrolled", "updates"]

_OTHER_PAGE = 0.45
_ALL_OTHER = 0.2
_FEW_LINES = 3
_SHORTEST_SCROLL = 8
_SHORTEST_DRAG = 40
_MOST_DRAGGED = 2
_HELD = 60
_TICK = (8, 40)
_SAME_PRESS_SECONDS = 3
_MOST_NAMED = 4
_LEAST_WRITTEN = 3
_SAID_SECONDS = 3
_PASTE = re.compile(r"(?i)\bpaste|\beinfüg|\bfüge .* ein\b")


def scrolled(change: Change) -> list[Event]:
    """Return that most lines moved up or down by the same distance."""
    moved = change.compared.moved
    steps = [new.box.top - old.box.top for old, new in moved]
    if len(steps) < _FEW_LINES or len(moved) < len(change.compared.kept) // 3:
        return []
    middle = sorted(steps)[len(steps) // 2]
    same = sum(abs(step - middle) <= 3 for step in steps)
    straight = sum(abs(new.box.left - old.box.left) <= 4 for old, new in moved)
    if abs(middle) < _SHORTEST_SCROLL or 3 * min(same, straight) < 2 * len(steps):
        return []
    shown = [line.text for line in change.compared.added][:_MOST_NAMED]
    title = heading(change.before, height=change.reading.height) or change.app
    return [
        Event(
            change.second,
            "SCROLL_DOWN" if middle < 0 else "SCROLL_UP",
            change.app,
            before=f"{title} is shown.",
            after=f"The content has moved; {quoted(shown)} came into view." if shown else "The content has moved.",
        )
    ]


def new_page(change: Change) -> list[Event]:
    """Return that another page or application came to the front, and what was pressed for it."""
    if not _is_new_page(change):
        return []
    height, second = change.reading.height, change.second
    was, now = (application(screen, height=height) for screen in (change.before, change.after))
    title, shown = heading(change.after, height=height), f"{now} shows {quoted(named(change.after.lines, height))}."
    in_browser = all(has_address_bar(screen, height=height) for screen in (change.before, change.after))
    if _is_other_app(was, now) and not in_browser:
        window = Element("window", now, Box(0, 0, 0, 0))
        return [Event(second, "OPEN_APPLICATION", change.app, window, before=f"{was} is in front.", after=shown)]
    before = f"{was} shows {quoted([heading(change.before, height=height)])}."
    return [
        *change.pressed(change.cause(hint=title), after=f"The page {quoted([title])} opens."),
        Event(second, "SCREEN_UPDATE", change.app, before=before, after=shown),
    ]


def _is_new_page(change: Change) -> bool:
    compared, height = change.compared, change.reading.height
    if len(change.before.lines) + len(change.after.lines) < 2 * _FEW_LINES:
        return False
    other = plain(heading(change.before, height=height)) != plain(heading(change.after, height=height))
    gone = len(compared.removed) + len(compared.added) + len(compared.changed)
    return compared.share_kept < _OTHER_PAGE and gone >= _FEW_LINES and (other or compared.share_kept < _ALL_OTHER)


def _is_other_app(was: str, now: str) -> bool:
    mine, yours = ({word.casefold().strip(".,:;()") for word in text.split() if len(word) > 2} for text in (was, now))
    return bool(mine) and bool(yours) and not mine & yours


def dragged(change: Change) -> list[Event]:
    """Return that something was dragged: one or two lines moved far with the pointer, and the rest stayed."""
    compared = change.compared
    if not 1 <= len(compared.moved) <= _MOST_DRAGGED or len(compared.kept) < 2 * _FEW_LINES:
        return []
    old, new = compared.moved[0]
    at = pointer_at(change.reading, change.second)
    far = abs(old.box.left - new.box.left) + abs(old.box.top - new.box.top)
    if far < _SHORTEST_DRAG or at is None or not new.box.has(at, slack=_HELD):
        return []
    element, words = Element("text", old.text, old.box), quoted([old.text])
    return [
        Event(
            change.second - 1,
            "DRAG_START",
            change.app,
            element,
            before=f"{words} is at its place.",
            after=f"{words} is taken up.",
        ),
        Event(
            change.second,
            "DRAG_END",
            change.app,
            replace(element, box=new.box),
            before=f"{words} is held.",
            after=f"{words} has moved below {quoted(_above(change.after.lines, new))}.",
        ),
    ]


def _above(lines: Sequence[Line], line: Line) -> list[str]:
    """Return the words right above a line."""
    above = [
        one
        for one in lines
        if one.box.bottom <= line.box.centre[1] and one.box.left < line.box.right and line.box.left < one.box.right
    ]
    return [max(above, key=lambda one: one.box.bottom).text] if above else []


def updates(change: Change, rest: Difference, entered: Sequence[Event]) -> Iterator[Event]:
    """Yield what else appeared, and the button that brought it about.

    Parameters
    ----------
    rest
        What differs apart from the fields in which something was entered.
    entered
        What was entered at the same time.
    """
    grown = next((pair for pair in rest.changed if _goes_on(*pair)), None)
    if grown is not None and not entered:
        yield _continued(change, *grown)
        return
    if (pasted := _pasted(change, rest)) is not None and not entered:
        yield pasted
        return
    told = [new.text for _, new in rest.changed] + [line.text for line in rest.added]
    told = [text for text in told if len(plain(text)) > 1]
    address = next((new for _, new in rest.changed if is_address(new.text)), None)
    recent = [*change.recent, *entered]
    by_typing = any(one.action in {"TYPE", "PASTE"} and change.second - one.second <= 1 for one in recent)
    if address is not None:
        element = Element("address bar", address.text, address.box)
        after = f"The address is {address.text}."
        before = "Another address is shown."
        yield Event(change.second, "NAVIGATE_URL", change.app, element, typed=address.text, before=before, after=after)
    elif not told and not rest.removed:
        yield from _ticked(change)
    elif told:
        cause = None if by_typing else change.cause(only_buttons=True)
        if cause is not None and not _was_pressed(cause.element, change):
            yield from change.pressed(cause, after=f"The screen shows {quoted(told)}.")
        old = [line.text for line, _ in rest.changed][:_MOST_NAMED]
        yield Event(
            change.second,
            "SCREEN_UPDATE",
            change.app,
            Element("text", told[0], (rest.changed[0][1] if rest.changed else rest.added[0]).box),
            before=f"The screen shows {quoted(old)}." if old else "These words are not on the screen.",
            after=f"The screen shows {quoted(told)}.",
        )


def _goes_on(old: Line, new: Line) -> bool:
    """Tell whether more words stand on a line than before: somebody writes there, though no field is to be seen."""
    return plain(new.text).startswith(plain(old.text)) and len(plain(new.text)) - len(plain(old.text)) >= _LEAST_WRITTEN


def _continued(change: Change, old: Line, new: Line) -> Event:
    just_came = any(
        one.action == "SCREEN_UPDATE" and one.target is not None and one.target.text == old.text
        for one in change.recent
        if change.second - one.second <= _SAID_SECONDS
    )
    whole = just_came or not new.text.startswith(old.text)
    typed = new.text if whole else new.text[len(old.text) :].strip()
    element = Element("line of text", old.text, new.box)
    before, after = f"The line says {quoted([old.text])}.", f"The line says {quoted([new.text])}."
    return Event(change.second, "TYPE", change.app, element, typed=typed, before=before, after=after)


def _pasted(change: Change, rest: Difference) -> Event | None:
    """Return that something was pasted: somebody says so, and words are there twice that were there once."""
    said = " ".join(
        one.text
        for one in change.reading.spoken
        if one.start <= change.second + 1 and change.second - _SAID_SECONDS <= one.end
    )
    if _PASTE.search(said) is None or len(rest.added) != 1 or rest.changed:
        return None
    line = rest.added[0]
    element = Element("line of text", line.text, line.box)
    after = f"The screen shows {quoted([line.text])}."
    return Event(change.second, "PASTE", change.app, element, pasted=line.text, before="It is not there.", after=after)


def _was_pressed(element: Element | None, change: Change) -> bool:
    """Tell whether this is only what follows a moment after it was pressed."""
    return any(
        one.action == "CLICK" and one.target == element and change.second - one.second <= _SAME_PRESS_SECONDS
        for one in change.recent
    )


def _ticked(change: Change) -> Iterator[Event]:
    """Yield that a box was ticked: something small changed beside words, and the pointer is not seen elsewhere."""
    at, was_at = (pointer_at(change.reading, second) for second in (change.second, change.second - 1))
    small = [
        area for area in change.after.changed if all(_TICK[0] <= side <= _TICK[1] for side in (area.width, area.height))
    ]
    if at is None and len(small) > 1:
        # The pointer itself may have moved from one place to the other.
        return
    for area in small:
        came = at is not None and at != was_at and area.has(at, slack=4)
        if came or (at is not None and not area.has(at, slack=_TICK[1])):
            continue
        beside = [
            line
            for line in change.after.lines
            if -4 <= line.box.left - area.right <= _HELD and line.box.top <= area.centre[1] <= line.box.bottom
        ]
        around = field_at(change.after, area)
        if beside and (around is None or around.box.width <= _TICK[1]):
            label = min(beside, key=lambda line: line.box.left).text
            element = Element("checkbox", label, area)
            after = f"The mark beside {quoted([label])} has changed."
            before = f"{quoted([label])} has its mark or none."
            yield Event(change.second, "CLICK", change.app, element, before=before, after=after)
            return
