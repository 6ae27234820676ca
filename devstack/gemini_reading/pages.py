"""What else happens to a page: another one opens, it scrolls, something is dragged, ticked, or appears. Pure."""

import re
from collections.abc import Iterator, Sequence

from devstack.gemini_reading.cause import Cause, pointer_at, traces
from devstack.gemini_reading.change import Change
from devstack.gemini_reading.difference import Difference, plain
from devstack.gemini_reading.event import Event, named, quoted
from devstack.gemini_reading.focus import is_redrawn
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.layout import (
    Element,
    application,
    field_at,
    has_address_bar,
    heading,
    is_address,
    is_host,
    text_in,
    title_in,
)
from devstack.gemini_reading.recording import Line, Reading

__all__ = ["dragged", "new_page", "scrolled", "updates"]

_OTHER_PAGE = 0.45
_ALL_OTHER = 0.2
_FEW_LINES = 3
_SHORTEST_SCROLL = 8
_STRAIGHT = 4
_LEVEL = 3
_SCROLL_SECONDS = 2
_STAYS_PUT = 0.6
_HEADER = 0.13
_SCROLL = re.compile(r"(?i)\bscroll|\bblätter")
_UPWARD = re.compile(r"(?i)\bup\b|\btop\b|\boben\b|\banfang\b")
_SHORTEST_DRAG = 40
_MOST_DRAGGED = 2
_HELD = 60
_CARD = 70
_TYPED_SECONDS = 3
_KEY = re.compile(
    r"(?i)\b(?:press|hit|drücke)\s+(?:on\s+)?(?:the\s+|die\s+)?(?:key\s+|taste\s+)?"
    r"(?:(?P<key>enter|return|escape|tab|eingabe)\b|(?:control|ctrl|command|strg|steuerung)[\s+-]+(?P<letter>[a-z])\b)"
)
_KEYS = {"return": "ENTER", "eingabe": "ENTER"}
_BEGINNING = 4
_LOWER_EDGE = 0.93
_TICK = (8, 40)
_SAME_PRESS_SECONDS = 3
_MOST_NAMED = 4
_LEAST_WRITTEN = 3
_SAID_SECONDS = 3
_PASTE = re.compile(r"(?i)\bpaste|\beinfüg|\bfüge .* ein\b")


def scrolled(change: Change) -> list[Event]:
    """Return that most lines moved up or down by the same distance."""
    step = _common_step(change) or _told_step(change)
    if not step:
        return []
    if any(one.kind == "button" for one in traces(change.before, change.second, change.reading)):
        # It was pressed, and what came of it took some place.
        return []
    shown = [line.text for line in change.compared.added][:_MOST_NAMED]
    title = heading(change.before, height=change.reading.height) or change.app
    return [
        Event(
            change.second,
            "SCROLL_DOWN" if step < 0 else "SCROLL_UP",
            change.app,
            before=f"{title} is shown.",
            after=f"The content has moved; {quoted(shown)} came into view." if shown else "The content has moved.",
        )
    ]


def _common_step(change: Change) -> int:
    """Return by how many pixels most of what is not at its place has moved; 0 where nothing moved by the same."""
    compared, height = change.compared, change.reading.height
    old = [*(one for one, _ in (*compared.moved, *compared.changed)), *compared.removed]
    new = [*(one for _, one in (*compared.moved, *compared.changed)), *compared.added]
    steps = [
        other.box.top - one.box.top
        for one in old
        for other in new
        if plain(one.text) == plain(other.text) and abs(one.box.left - other.box.left) <= _STRAIGHT
    ]
    # The same words may stand there several times: the step that most have in common is the right one.
    best = max(steps, key=lambda step: (sum(abs(step - one) <= _LEVEL for one in steps), -abs(step)), default=0)
    votes = sum(abs(step - best) <= _LEVEL for step in steps)
    # Beside the content a list of contents may move by another distance.
    all_votes = sum(sum(abs(step - one) <= _LEVEL for one in steps) >= _FEW_LINES for step in steps)
    top = min((one.box.top for one in old), default=0)
    seen = [one for one in old if top <= one.box.top + best <= height - one.box.height]
    few = votes < _FEW_LINES or 2 * all_votes < len(seen) or 6 * votes < len(compared.kept)
    return 0 if few or abs(best) < _SHORTEST_SCROLL else best


def _told_step(change: Change) -> int:
    """Return a step where a page has given way to another part of it, and somebody says that they scroll."""
    compared, height = change.compared, change.reading.height
    said = _said(change.reading, change.second, _SCROLL_SECONDS)
    if _SCROLL.search(said) is None or compared.share_kept >= _STAYS_PUT:
        return 0
    addresses = [
        {line.text for line in screen.lines if is_host(line.text) and line.box.bottom <= _HEADER * height}
        for screen in (change.before, change.after)
    ]
    if not addresses[0] or addresses[0] != addresses[1]:
        return 0
    return height if _UPWARD.search(said) is not None else -height


def _said(reading: Reading, second: int, seconds: int) -> str:
    return " ".join(one.text for one in reading.spoken if one.start <= second + 1 and second - seconds <= one.end)


def new_page(change: Change) -> list[Event]:
    """Return that another page or application came to the front, and what was pressed for it."""
    if not _is_new_page(change):
        return []
    height, second = change.reading.height, change.second
    was, now = (application(screen, height=height) for screen in (change.before, change.after))
    title, shown = heading(change.after, height=height), f"{now} shows {quoted(named(change.after.lines, height))}."
    in_browser = all(has_address_bar(screen, height=height) for screen in (change.before, change.after))
    if _is_other_app(was, now) and not in_browser and not _has_same_frame(change):
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


def _has_same_frame(change: Change) -> bool:
    """Tell whether a part of the frame stays, or what opened bears the words of what was on the screen before."""
    title = plain(heading(change.after, height=change.reading.height))
    if title and any(plain(line.text) == title for line in change.before.lines):
        return True
    return any(
        one.kind == other.kind == "button" and one.fill == other.fill and _is_twin(one.box, other.box)
        for one in change.before.controls
        for other in change.after.controls
    )


def _is_twin(one: Box, other: Box) -> bool:
    return all(abs(first - second) <= _STRAIGHT for first, second in zip(one, other, strict=True))


def dragged(change: Change) -> list[Event]:
    """Return that something was dragged: one or two lines moved far with the pointer, and the rest stayed."""
    compared = change.compared
    if not 1 <= len(compared.moved) <= _MOST_DRAGGED or len(compared.kept) < 2 * _FEW_LINES:
        return []
    at = pointer_at(change.reading, change.second)
    held = [pair for pair in compared.moved if _distance(*pair) >= _SHORTEST_DRAG]
    held = [pair for pair in held if at is not None and pair[1].box.has(at, slack=_HELD)]
    # It has left its place; what was copied or suggested has not.
    held = [
        pair
        for pair in held
        if not any(
            line.box.meets(pair[0].box) and plain(line.text)[:_BEGINNING] == plain(pair[0].text)[:_BEGINNING]
            for line in change.after.lines
            if line is not pair[1]
        )
    ]
    if not held:
        return []
    old, new = max(held, key=lambda pair: _distance(*pair))
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
            Element("place", _place(change, new), new.box, old.text),
            before=f"{words} is held.",
            after=f"{words} is let go at {quoted([_place(change, new)])}.",
        ),
    ]


def _distance(old: Line, new: Line) -> int:
    return abs(old.box.left - new.box.left) + abs(old.box.top - new.box.top)


def _place(change: Change, line: Line) -> str:
    """Return what a place is called: the words that were there, the first ones in what holds it, or those above."""
    there = [one.text for one in change.before.lines if one.box.meets(line.box)]
    holding = [one.box for one in change.after.controls if one.box.holds(line.box) and one.box.height > _CARD]
    inside = title_in(change.after, min(holding, key=lambda box: box.area)) if holding else ""
    above = _above(change.after.lines, line)
    return (there[0] if there and not holding else inside) or (above[0] if above else "") or line.text


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
    edge = _LOWER_EDGE * change.reading.height
    shown_below = {line.text for line in rest.added if line.box.top > edge and is_host(line.text)}
    # Where a link leads is shown at the lower edge while the pointer is on it.
    told = [text for text in told if len(plain(text)) > 1 and text not in shown_below]
    if (committed := _told_key(change, rest) or _committed(change)) is not None and not entered:
        yield committed
        return
    address = next((new for _, new in rest.changed if is_address(new.text)), None)
    if (given_way := _given_way(change)) is not None and not entered:
        after = "A field is at the place of these words."
        yield from change.pressed(Cause(given_way), after=after)
        return
    recent = [*change.recent, *entered]
    by_typing = any(one.action in {"TYPE", "PASTE"} and change.second - one.second <= 1 for one in recent)
    if address is not None:
        element = Element("address bar", address.text, address.box)
        after = f"The address is {address.text}."
        before = "Another address is shown."
        yield Event(change.second, "NAVIGATE_URL", change.app, element, typed=address.text, before=before, after=after)
    elif not told and not rest.removed:
        yield from list(_toggled(change)) or _ticked(change)
    elif told:
        cause = change.cause(only_buttons=True)
        if by_typing and (cause is None or cause.element is None or cause.element.kind != "button"):
            cause = None
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


def _told_key(change: Change, rest: Difference) -> Event | None:
    """Return the key that somebody says they press, where the screen changes and no button was pressed for it."""
    if not (rest.added or rest.removed or rest.changed):
        return None
    said = _KEY.search(_said(change.reading, change.second, 1))
    last = next((one for one in reversed(change.recent) if one.action != "SCREEN_UPDATE"), None)
    # A list that is narrowed down while one types changes with the last letter, not later.
    since = change.second - max(last.second, last.until) if last is not None and last.action == "TYPE" else 0
    is_late = 2 <= since <= _TYPED_SECONDS and len(rest.added) + len(rest.removed) + len(rest.changed) >= _FEW_LINES
    cause = change.cause(only_buttons=True)
    if (said is None and not is_late) or (
        cause is not None and cause.element is not None and cause.element.kind == "button"
    ):
        return None
    key = "ENTER" if said is None or said["key"] else f"CTRL+{said['letter'].upper()}"
    if said is not None and said["key"]:
        key = _KEYS.get(said["key"].casefold(), said["key"].upper())
    if any(one.key == key and change.second - one.second <= _TYPED_SECONDS for one in change.recent):
        return None
    told = [line.text for line in rest.added] + [new.text for _, new in rest.changed]
    after = f"The screen shows {quoted(told)}." if told else "Less is on the screen."
    return Event(change.second, f"KEYPRESS_{key}", change.app, key=key, before="A key is pressed.", after=after)


def _committed(change: Change) -> Event | None:
    """Return the key that took what was just typed: its field is drawn again, and other things move or come."""
    last = next((one for one in reversed(change.recent) if one.action != "SCREEN_UPDATE"), None)
    if last is None or last.action != "TYPE" or last.target is None:
        return None
    if change.second - max(last.second, last.until) > _TYPED_SECONDS or not is_redrawn(last.target.box, change):
        return None
    words = {plain(line.text) for line in change.after.lines}
    moved = change.compared.moved or change.compared.added
    if plain(last.typed) not in words or not moved or change.cause(only_buttons=True) is not None:
        return None
    after = f"{quoted([last.typed])} is taken."
    return Event(change.second, "KEYPRESS_ENTER", change.app, key="ENTER", before=last.after, after=after)


def _given_way(change: Change) -> Element | None:
    """Return the words at whose place a field has come: they were pressed to write something there."""
    if any(one.kind == "button" for one in traces(change.before, change.second, change.reading)):
        # That was pressed, and the page has moved.
        return None
    for control in change.after.controls:
        if control.kind != "field" or any(
            one.box.meets(control.box) for one in change.before.controls if one.box.height < _CARD
        ):
            continue
        gone = [line for line in change.before.lines if control.box.holds(line.box) and not is_host(line.text)]
        gone = [
            line
            for line in gone
            if not any(plain(one.text) == plain(line.text) and one.box.meets(line.box) for one in change.after.lines)
        ]
        if len(gone) == 1:
            return Element("button", gone[0].text, gone[0].box)
    return None


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
    element = Element("line of text", old.text, new.box, new.text)
    before, after = f"The line says {quoted([old.text])}.", f"The line says {quoted([new.text])}."
    return Event(change.second, "TYPE", change.app, element, typed=typed, before=before, after=after)


def _pasted(change: Change, rest: Difference) -> Event | None:
    """Return that something was pasted: somebody says so, and words are there twice that were there once."""
    said = _said(change.reading, change.second, _SAID_SECONDS)
    if _PASTE.search(said) is None or len(rest.added) != 1 or rest.changed:
        return None
    line = rest.added[0]
    element = Element("line of text", line.text, line.box)
    after = f"The screen shows {quoted([line.text])}."
    return Event(change.second, "PASTE", change.app, element, pasted=line.text, before="It is not there.", after=after)


def _was_pressed(element: Element | None, change: Change) -> bool:
    """Tell whether this is only what follows a moment after it was pressed."""
    since = change.second - _SAME_PRESS_SECONDS
    rested = [one.first for one in change.reading.pointers if one.first <= change.second <= one.last + 1]
    since = min([since, *(first - 1 for first in rested)])
    return element is not None and any(
        one.action == "CLICK" and one.target is not None and one.target.text == element.text and one.second >= since
        for one in change.recent
    )


def _toggled(change: Change) -> Iterator[Event]:
    """Yield that a button was pressed which stays as it is drawn then: the pointer had come to it before."""
    came = traces(change.before, change.second, change.reading)
    for control in change.after.controls:
        words = text_in(change.after, control.box)
        if (
            control.kind == "button"
            and words
            and is_redrawn(control.box, change)
            and words == text_in(change.before, control.box)
        ):
            element = next((one for one in came if control.box.holds(one.box)), None)
            if element is not None and not _was_pressed(element, change):
                yield from change.pressed(
                    Cause(Element("button", words, control.box)), after=f"{quoted([words])} is marked."
                )
                return


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
