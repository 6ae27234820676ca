"""What was done on the screen, found in the differences of one screen to the next. Pure."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from devstack.gemini_reading.cause import pointed_at, screen_at
from devstack.gemini_reading.change import Change, State
from devstack.gemini_reading.clipboard import with_copies, with_saves
from devstack.gemini_reading.dialogs import dialog_events
from devstack.gemini_reading.difference import Difference, is_slip, plain
from devstack.gemini_reading.entries import entry_events, is_same_field, menu_events
from devstack.gemini_reading.event import Event, named, place_of, quoted
from devstack.gemini_reading.layout import Element, application
from devstack.gemini_reading.pages import dragged, new_page, scrolled, updates
from devstack.gemini_reading.recording import Line, Pointer, Reading, Screen
from devstack.gemini_reading.steady import steady
from devstack.gemini_reading.steady_controls import steady_controls

__all__ = ["events"]

_RECENT = 6
_RESTS = 2
_NEAREST = 2
_SAME_FIELD_SECONDS = 6
_LINE = "line of text"
_BESIDE = 8
_BELOW = 4
_LEAST_TYPED = 5
_MARK = 30
_MARK_HEIGHT = 24
_LONGEST_LABEL = 16
_REPEATED_SECONDS = 2
_ONE_SCROLL_SECONDS = 2
_SHOWN_SECONDS = 4
_ENTERING = frozenset({"TYPE", "PASTE"})


def events(reading: Reading) -> list[Event]:
    """Return what was done, in order."""
    screens = steady_controls(_with_one_name(steady(reading), reading.height))
    if not screens:
        return []
    found, state = [_first(screens[0], reading.height)], State()
    for before, after in itertools.pairwise(screens):
        found += _between(Change(before, after, reading, tuple(found[-_RECENT:])), state)
    found += _rests(screens, reading, found)
    joined = _in_their_windows(_joined(sorted(found, key=lambda event: event.second)))
    joined = [_as_read_later(event, screens) for event in joined]
    return with_saves(with_copies(joined, screens, reading), screens, reading)


def _first(screen: Screen, height: int) -> Event:
    shown = f"{application(screen, height=height)} is in front and shows {quoted(named(screen.lines, height))}."
    place = place_of(screen, height)
    return Event(screen.second, "SCREEN_UPDATE", place, before="The recording has not begun.", after=shown)


def _with_one_name(screens: list[Screen], height: int) -> list[Screen]:
    """Return the screens with the words at the upper left as on most of them: now and then more is read as one line."""
    names = [application(screen, height=height) for screen in screens]
    short = {
        name: min((one for one in names if plain(name).startswith(plain(one))), key=lambda one: (len(one), one))
        for name in names
    }
    return [
        screen.model_copy(
            update={
                "lines": tuple(
                    line.model_copy(update={"text": short[name]}) if line.text == name != short[name] else line
                    for line in screen.lines
                )
            }
        )
        for screen, name in zip(screens, names, strict=True)
    ]


def _between(change: Change, state: State) -> list[Event]:
    """Return what happened from one screen to the next."""
    in_menu = state.menu is not None
    if not in_menu and (found := scrolled(change)):
        return found
    if found := ([] if state.dialog is not None else menu_events(change, state)) or dialog_events(change, state):
        return found
    entered = entry_events(change, state)
    if not entered and (page := new_page(change)):
        return page
    if in_menu or state.menu is not None:
        return entered
    if moved := dragged(change):
        return [*entered, *moved]
    # A list shows what was chosen a moment ago, now with its arrow.
    chosen = [one for one in change.recent if one.selected and change.second - one.second <= _SHOWN_SECONDS]
    rest = _outside(change.compared, [*entered, *chosen])
    return [*entered, *updates(change, rest, entered)]


def _outside(compared: Difference, entered: Sequence[Event]) -> Difference:
    """Return the difference without the lines inside the fields in which something was entered."""
    boxes = [event.target.box for event in entered if event.target is not None]

    def outside(line: Line) -> bool:
        return not any(box.meets(line.box) for box in boxes)

    return replace(
        compared,
        changed=tuple(pair for pair in compared.changed if outside(pair[1])),
        added=tuple(line for line in compared.added if outside(line)),
        removed=tuple(line for line in compared.removed if outside(line)),
    )


def _rests(screens: Sequence[Screen], reading: Reading, found: Sequence[Event]) -> list[Event]:
    """Return where the pointer came to rest on something and nothing followed."""
    rests = []
    done = {event.second for event in found if event.action != "SCREEN_UPDATE"}
    for earlier, pointer in itertools.pairwise(reading.pointers):
        if pointer.at == earlier.at or pointer.last - pointer.first + 1 < _RESTS:
            continue
        if done & set(range(pointer.first - 1, pointer.first + 3)):
            continue
        screen = screen_at(screens, pointer.first)
        place = place_of(screen, reading.height)
        if (mark := _mark_at(screen, pointer)) is not None:
            before = f"{quoted([mark.text])} has its mark or none."
            after = f"The mark beside {quoted([mark.text])} has changed."
            rests.append(Event(pointer.first, "CLICK", place, mark, before=before, after=after))
            continue
        element = pointed_at(screen, pointer.at)
        if element is not None:
            after = f"The pointer rests at {quoted([element.inside or element.text])}."
            rests.append(Event(pointer.first, "MOUSE_MOVE_TO_REGION", place, element, after=after))
    return rests


def _mark_at(screen: Screen, pointer: Pointer) -> Element | None:
    """Return the box to tick at which the pointer rests: a small change right before words, and no words under it."""
    x, y = pointer.at
    if screen.second != pointer.first or any(line.box.has(pointer.at) for line in screen.lines):
        return None
    beside = [
        line
        for line in screen.lines
        if line.box.top <= y < line.box.bottom + _BELOW and -_MARK // 4 <= line.box.left - x <= _MARK
    ]
    drawn = [
        area
        for area in screen.changed
        if area.has(pointer.at, slack=_MARK // 2) and area.height > area.width and area.height >= _MARK_HEIGHT
    ]
    if len(beside) != 1 or not drawn or beside[0].box.width > _LONGEST_LABEL * beside[0].box.height:
        return None
    return Element("checkbox", beside[0].text, drawn[0])


def _joined(found: Sequence[Event]) -> list[Event]:
    """Put together what was typed into one field, and let a click into the field go before it."""
    joined: list[Event] = []
    for event in _without_repeats(found):
        last = next((one for one in reversed(joined) if one.action != "SCREEN_UPDATE"), None)
        if (
            last is not None
            and event.action in _ENTERING
            and last.action in _ENTERING
            and event.target is not None
            and last.target is not None
            and _is_one_place(event.target, last.target)
            and event.second - max(last.until, last.second) <= _SAME_FIELD_SECONDS
        ):
            typed = event.typed or event.pasted
            if event.target.kind == _LINE != last.target.kind:
                # The field was not found again: the line has all that stands in it.
                typed = event.target.inside
            if event.target.kind == last.target.kind == _LINE:
                if last.action == "PASTE":
                    joined.append(event)
                    continue
                # On a line there is what was written before, too: only what was added was typed.
                typed = f"{last.typed} {typed}"
            whole = replace(last, action="TYPE", typed=typed, pasted="", until=event.second, after=event.after)
            joined[joined.index(last)] = whole
            continue
        if (
            event.action in _ENTERING
            and event.target is not None
            and event.target.kind != _LINE
            and not any(
                one.action in {"CLICK", "KEYPRESS_TAB"}
                and event.second - one.second <= _SAME_FIELD_SECONDS
                and (
                    one.target is None
                    or is_same_field(one.target.box, event.target.box)
                    or event.target.box.holds(one.target.box)
                )
                for one in joined[-_NEAREST:]
            )
        ):
            joined.append(
                Event(event.second, "CLICK", event.app, event.target, before=event.before,
                      after=f"{event.target.text} takes what is typed.")
            )  # fmt: skip
        joined.append(event)
    # A slip of reading that was mended a second later, or what was typed and removed again, entered nothing.
    void = [one for one in joined if one.action in _ENTERING and _is_void(one)]
    return [
        one
        for one in joined
        if one not in void
        and not (one.action == "CLICK" and any((one.second, one.target) == (no.second, no.target) for no in void))
    ]


def _without_repeats(found: Sequence[Event]) -> list[Event]:
    """Return the events; a press that shows twice is one, and so is a drag that was seen on its way."""
    kept: list[Event] = []
    for event in found:
        near = [one for one in kept if event.second - one.second <= _REPEATED_SECONDS]
        if event.action == "CLICK" and not event.selected and any(_is_same_press(one, event) for one in near):
            continue
        last = kept[-1] if kept else None
        if last is not None and _is_one_scroll(last, event):
            kept[-1] = replace(last, until=event.second, after=event.after)
            continue
        if event.action == "DRAG_START":
            end = next((one for one in reversed(near) if one.action == "DRAG_END"), None)
            if end is not None and end.target is not None and end.target.inside == getattr(event.target, "text", ""):
                kept.remove(end)
                continue
        kept.append(event)
    return kept


def _is_one_scroll(one: Event, other: Event) -> bool:
    is_scroll = other.action.startswith("SCROLL") and one.action == other.action
    return is_scroll and other.second - max(one.second, one.until) <= _ONE_SCROLL_SECONDS


def _is_same_press(one: Event, other: Event) -> bool:
    if one.action != "CLICK" or one.selected or one.target is None or other.target is None:
        return False
    return one.target.text == other.target.text


def _as_read_later(event: Event, screens: Sequence[Screen]) -> Event:
    """Return what was typed as it is read elsewhere later: in a field a caret stands beside the last letter."""
    if event.action != "TYPE" or len(event.typed) < _LEAST_TYPED or event.target is None:
        return event
    box, typed = event.target.box, plain(event.typed)
    later = Counter(
        line.text
        for screen in screens
        if screen.second > event.second
        for line in screen.lines
        if not box.meets(line.box) and is_slip(plain(line.text), typed)
    )
    there = any(plain(line.text) == typed for screen in screens for line in screen.lines if not box.meets(line.box))
    return event if there or not later else replace(event, typed=later.most_common(1)[0][0])


def _in_their_windows(found: Sequence[Event]) -> list[Event]:
    """Return the events; while the window of a program is in front of another one, all is done in it."""
    front, named = "", []
    for event in found:
        if event.action == "OPEN_APPLICATION" and event.target is not None:
            # What comes to the front as a whole screen has its name from there.
            front = "" if front or not event.target.box.area else event.target.text
        named.append(replace(event, app=front) if front else event)
    return named


def _is_one_place(one: Element, other: Element) -> bool:
    if one.kind == other.kind == _LINE:
        return abs(one.box.left - other.box.left) <= _BESIDE and abs(one.box.top - other.box.top) <= _BESIDE
    if one.kind == _LINE:
        return other.box.holds(one.box)
    return is_same_field(one.box, other.box)


def _is_void(event: Event) -> bool:
    entered = plain(event.typed or event.pasted)
    return not entered or (event.target is not None and entered == plain(event.target.inside))
