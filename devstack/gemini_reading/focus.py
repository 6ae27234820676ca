"""Which field takes what is typed: its edge changes all around when it gets the focus, by pointer or key. Pure."""

from collections.abc import Iterator

from devstack.gemini_reading.cause import pointer_at
from devstack.gemini_reading.change import Change, State
from devstack.gemini_reading.difference import plain
from devstack.gemini_reading.event import Event, quoted
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.layout import Element, text_in
from devstack.gemini_reading.recording import Control

__all__ = ["focus_events", "is_redrawn"]

_RIM = 12
_NARROWEST = 48
_WIDE, _HIGH = 0.85, 0.7
_RESTED_SECONDS = 3
_HAND = 24


def focus_events(change: Change, state: State, fields: list[tuple[Control, str]]) -> Iterator[Event]:
    """Yield that a field got the focus, where nothing was typed into it yet.

    Parameters
    ----------
    fields
        What one can type into, and what each is called.
    """
    wide = [(control, name) for control, name in fields if control.box.width >= _NARROWEST]
    drawn = [(control, name) for control, name in wide if is_redrawn(control.box, change)]
    # The one that had it loses it at the same time.
    gained = [(control, name) for control, name in drawn if state.focus is None or not control.box.is_at(state.focus)]
    if len(gained) != 1:
        return
    control, name = gained[0]
    had, state.focus = state.focus, control.box
    old, new = text_in(change.before, control.box), text_in(change.after, control.box)
    if plain(old) != plain(new):
        return
    element = Element("text field", name, control.box, old)
    shown = f"{name} shows {quoted([old])}." if old else f"{name} is empty."
    after = f"{name} has the focus."
    if had is not None and len(drawn) > 1 and _is_by_key(control.box, change):
        yield Event(change.second, "KEYPRESS_TAB", change.app, key="TAB", before=shown, after=after)
    else:
        yield Event(change.second, "CLICK", change.app, element, before=shown, after=after)


def is_redrawn(box: Box, change: Change) -> bool:
    """Tell whether all of a box has changed, and little around it."""
    outer = box.grown(_RIM, width=change.reading.width, height=change.reading.height)
    return any(
        outer.holds(area) and area.width >= _WIDE * box.width and area.height >= _HIGH * box.height
        for area in change.after.changed
    )


def _is_by_key(box: Box, change: Change) -> bool:
    """Tell whether the pointer rests elsewhere, and has done so for some time."""
    at = pointer_at(change.reading, change.second)
    if at is None or box.has(at, slack=_HAND):
        return False
    resting = next(one for one in change.reading.pointers if one.first <= change.second <= one.last)
    return change.second - resting.first >= _RESTED_SECONDS
