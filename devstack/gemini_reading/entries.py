"""What was entered: typed into a field, pasted, or chosen from a list. Pure."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from devstack.gemini_reading.cause import pointer_at
from devstack.gemini_reading.change import Change, State
from devstack.gemini_reading.difference import is_same_text, plain
from devstack.gemini_reading.event import Event, quoted
from devstack.gemini_reading.focus import focus_events
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.layout import Element, heading, label_of, text_in
from devstack.gemini_reading.recording import Control, Screen

__all__ = ["entry_events", "is_same_field", "menu_events"]

_AT_ONCE = 24
"""Characters that nobody types within a second."""
_FEWEST_CHOICES = 2
_LATE_SECONDS = 3
_DOT = "•"
_RIM = 4
_STAYS = 0.45
_NEAR_SECONDS = 2
_FORGOTTEN_SECONDS = 6
_HAND = 24
_HIGHEST = 120
_LIKE_OPTION = 70.0
_MOST_ARROWS = 12
_HIDDEN = "[password hidden]"
"""How a transcript writes what the screen shows as dots."""


def menu_events(change: Change, state: State) -> list[Event]:
    """Return that a list of choices opened, or what was chosen from it."""
    if state.menu is not None:
        return list(_chosen(change, state, state.menu))
    if chosen := _chosen_late(change, state):
        return chosen
    opened = _opened_menu(change)
    if opened is None:
        return []
    menu, state.menu_options = opened
    state.focus = menu.box
    state.menu, state.menu_second = menu, change.second
    before = f"The list {menu.text} is closed and shows {menu.inside or 'nothing'}."
    after = f"The list opens: {quoted(list(state.menu_options))}."
    return [Event(change.second, "CLICK", change.app, menu, before=before, after=after)]


def entry_events(change: Change, state: State) -> list[Event]:
    """Return what was typed or pasted into fields between two screens."""
    _remember_fields(change, state)
    typed = list(_typed_into_fields(change, state))
    entered = [one.target.box for one in typed if one.target is not None]
    fields = [
        (control, _name(change, state, control, text_in(change.before, control.box)))
        for control in change.after.controls
        if _is_field(control, change, state) and not any(is_same_field(control.box, box) for box in entered)
    ]
    focused = list(focus_events(change, state, fields))
    if entered:
        state.focus = entered[-1]
    return [*focused, *typed]


def is_same_field(one: Box, other: Box) -> bool:
    """Tell whether two boxes are of the same field."""
    return all(abs(first - second) <= 10 for first, second in zip(one, other, strict=True))


def _is_field(control: Control, change: Change, state: State) -> bool:
    was_there = any(is_same_field(one.box, control.box) for one in change.before.controls)
    is_low = control.box.height <= _HIGHEST
    return was_there and is_low and _is_entry(control, change, state) and not _holds_controls(control, change.after)


def _remember_fields(change: Change, state: State) -> None:
    """Keep what stood in each field when it was seen first: it may say what to enter."""
    for control in change.before.controls:
        if control.kind != "field":
            state.pressed_words.add(plain(text_in(change.before, control.box)))
            continue
        if not any(is_same_field(control.box, box) for box in state.fields):
            state.fields.append(control.box)
        if words := text_in(change.before, control.box):
            state.first_words.setdefault(_place_of(control.box), words)


def _place_of(box: Box) -> tuple[int, int]:
    return round(box.left / 12), round(box.top / 12)


def _chosen(change: Change, state: State, menu: Element) -> Iterator[Event]:
    shown = {plain(line.text) for line in change.after.lines}
    if sum(plain(one) in shown for one in state.menu_options) >= _FEWEST_CHOICES:
        return
    state.menu = None
    chosen = list(_choice(change, menu, state.menu_options, state.menu_second))
    if not chosen:
        # What is chosen may be drawn only after the list is gone.
        state.last_menu, state.last_menu_second = menu, change.second
    yield from chosen


def _chosen_late(change: Change, state: State) -> list[Event]:
    menu = state.last_menu
    if menu is None or change.second - state.last_menu_second > _LATE_SECONDS:
        return []
    chosen = [
        replace(one, second=min(one.second, state.last_menu_second))
        for one in _choice(change, menu, state.menu_options, state.menu_second)
    ]
    if chosen:
        state.last_menu = None
    return chosen


def _option(shown: str, options: Sequence[str]) -> str:
    """Return the choice that is shown: an arrow beside it is read as a letter, or the pointer is on it."""
    likeness = {one: fuzz.ratio(plain(one), plain(shown)) for one in options}
    best = max(likeness, key=lambda one: likeness[one], default=shown)
    return best if likeness.get(best, 0.0) >= _LIKE_OPTION else shown


def _arrows(change: Change, menu: Element, value: str, options: Sequence[str], opened: int) -> Iterator[Event]:
    """Yield the keys by which one went down or up a list: the pointer never was at the choice."""
    at = pointer_at(change.reading, opened)
    if at is None or not menu.box.has(at, slack=_HAND):
        return
    places = [next((place for place, one in enumerate(options) if plain(one) == plain(text)), -1)
              for text in (_option(menu.inside, options), value)]  # fmt: skip
    # What a closed list shows before anything was chosen is often no choice of it.
    steps = places[1] - places[0]
    key = "DOWN" if steps > 0 else "UP"
    for number in range(1, min(abs(steps), _MOST_ARROWS) + 1):
        marked = options[places[0] + number if steps > 0 else places[0] - number]
        second = opened + (change.second - opened) * number // (abs(steps) + 1)
        yield Event(second, f"KEYPRESS_{key}", change.app, key=key, after=f"The choice {marked} is marked.")


def _choice(change: Change, menu: Element, options: Sequence[str], opened: int) -> Iterator[Event]:
    value = _option(text_in(change.after, menu.box), options)
    if value and plain(value) != plain(_option(menu.inside, options)):
        yield from _arrows(change, menu, value, options, opened)
        yield Event(
            change.second,
            "CLICK",
            change.app,
            Element("option", value, menu.box, menu.text),
            selected=value,
            before=f"The list {menu.text} is open.",
            after=f"{menu.text} shows {quoted([value])}.",
        )


def _opened_menu(change: Change) -> tuple[Element, tuple[str, ...]] | None:
    """Return the field below which a list of choices opened, and the choices."""
    if change.compared.share_kept < _STAYS:
        return None
    stays = [new for _, new in change.compared.kept]
    fresh = [line for line in change.after.lines if line not in stays]
    for control in change.before.controls:
        box = control.box
        near = any(area.meets(box) or _is_below(area, box) for area in change.after.changed)
        if control.kind != "field" or not near or _holds_controls(control, change.before):
            continue
        below = [
            line
            for line in fresh
            if box.left - 4 <= line.box.left <= box.left + 60
            and box.bottom - 4 <= line.box.top
            and line.box.right <= box.right + 60
        ]
        rows = sorted({line.box.top // 8: line for line in below}.values(), key=lambda line: line.box.top)
        # What only moved down made place for something else.
        new = sum(line in change.compared.added for line in rows)
        if len(rows) < _FEWEST_CHOICES or new < _FEWEST_CHOICES or rows[0].box.top - box.bottom > 60:
            continue
        if all(later.box.top - one.box.top <= 3 * one.box.height for one, later in itertools.pairwise(rows)):
            inside = text_in(change.before, box)
            name = label_of(change.before, box) or inside
            return Element("dropdown list", name, box, inside), tuple(row.text for row in rows)
    return None


def _is_below(area: Box, box: Box) -> bool:
    return abs(area.left - box.left) <= 12 and 0 <= area.top - box.bottom <= 12


def _typed_into_fields(change: Change, state: State) -> Iterator[Event]:
    for control in change.after.controls:
        was_there = any(is_same_field(one.box, control.box) for one in change.before.controls)
        if not was_there or not _is_entry(control, change, state) or _holds_controls(control, change.after):
            continue
        old, new = _inside(change.before, control), _inside(change.after, control)
        slip = is_same_text(old, new) and not _goes_on(old, new) and not _goes_on(new, old)
        slip = slip or (_is_letter_more(old, new) and not _has_caret(control, change))
        if slip or plain(old) == plain(new) or not any(area.meets(control.box) for area in change.after.changed):
            continue
        if (
            not _is_attended(control, change)
            or _stood_elsewhere(new, control, change)
            or _was_chosen(control, new, change)
        ):
            continue
        yield _typed(change, Element("text field", _name(change, state, control, old), control.box, old), old, new)


def _is_entry(control: Control, change: Change, state: State) -> bool:
    """Tell whether one can type into a rectangle: it is or was a field, or a caret blinks in it."""
    if control.kind == "field" or any(is_same_field(control.box, box) for box in state.fields):
        return True
    return any(
        abs(second - change.second) <= 1 and control.box.grown(_RIM, width=9999, height=9999).holds(caret)
        for second, caret in change.reading.carets
    )


def _is_letter_more(one: str, other: str) -> bool:
    """Tell whether one letter is all that one has more: the pointer, or an arrow, which are read as letters."""
    shorter, longer = sorted((plain(one), plain(other)), key=len)
    return bool(shorter) and longer.startswith(shorter) and len(longer) - len(shorter) == 1


def _has_caret(control: Control, change: Change) -> bool:
    return any(
        abs(second - change.second) <= _NEAR_SECONDS and control.box.meets(box) for second, box in change.reading.carets
    )


def _is_attended(control: Control, change: Change) -> bool:
    """Tell whether a caret blinks in it or the pointer was left there: a status line changes by itself."""
    if _has_caret(control, change):
        return True
    if any(
        one.action in {"TYPE", "PASTE"} and one.target is not None and is_same_field(one.target.box, control.box)
        for one in change.recent
        if change.second - max(one.second, one.until) <= _FORGOTTEN_SECONDS
    ):
        return True
    past = [one for one in change.reading.pointers if one.first <= change.second]
    if not past:
        return True
    last = max(past, key=lambda one: one.first)
    return change.second - last.last > _FORGOTTEN_SECONDS or control.box.has(last.at, slack=_HAND)


def _was_chosen(control: Control, new: str, change: Change) -> bool:
    """Tell whether it is a list that shows what was chosen a moment ago, now with its arrow."""
    return any(
        one.selected
        and one.target is not None
        and is_same_field(one.target.box, control.box)
        and plain(new).startswith(plain(one.selected))
        for one in change.recent
    )


def _stood_elsewhere(new: str, control: Control, change: Change) -> bool:
    """Tell whether the words were on the screen before and are gone there: they were moved, not typed."""
    gone = [line for line in change.compared.removed if not control.box.holds(line.box)]
    gone += [old for old, _ in change.compared.moved if not control.box.holds(old.box)]
    return any(plain(line.text) == plain(new) for line in gone)


def _holds_controls(control: Control, screen: Screen) -> bool:
    """Tell whether it is a part of the page that holds fields and buttons; an empty stretch of a field is none."""
    held = [
        one
        for one in screen.controls
        if one is not control and one.box.area < 0.7 * control.box.area and control.box.holds(one.box)
    ]
    return len(held) > 1 or any(one.box.holds(line.box) for one in held for line in screen.lines)


def _inside(screen: Screen, control: Control) -> str:
    """Return what stands in a field; dots in place of letters are written as dots."""
    found = next((one.dots for one in screen.controls if is_same_field(one.box, control.box)), 0)
    return _DOT * found if found else text_in(screen, control.box)


def _name(change: Change, state: State, control: Control, old: str) -> str:
    label = label_of(change.after, control.box)
    first = state.first_words.get(_place_of(control.box), old)
    if any(plain(line.text) == plain(first) and not control.box.meets(line.box) for line in change.after.lines):
        # These words have moved on: what was there before was no field, or another one.
        first = old
    # Words above a field may be the heading of the page.
    is_heading = plain(label) == plain(heading(change.after, height=change.reading.height))
    is_button = plain(label) in state.pressed_words
    return (first or label if is_heading or is_button else label or first) or "the field"


def _goes_on(old: str, new: str) -> bool:
    return plain(new).startswith(plain(old))


def _typed(change: Change, element: Element, old: str, new: str) -> Event:
    shown = f"{element.text} shows {quoted([new])}." if new else f"{element.text} is empty."
    was = f"{element.text} shows {quoted([old])}." if old else f"{element.text} is empty."
    is_paste = len(new) > _AT_ONCE and not (old and _goes_on(old, new))
    made = Event(change.second, "PASTE" if is_paste else "TYPE", change.app, element, before=was, after=shown)
    if new and not new.strip(_DOT):
        return replace(made, typed=_HIDDEN)
    return replace(made, pasted=new) if is_paste else replace(made, typed=new)
