"""Dialogs that open and close. Pure."""

import re
from collections.abc import Iterator, Sequence

from devstack.gemini_reading.change import Change, State
from devstack.gemini_reading.difference import is_same_text, plain
from devstack.gemini_reading.event import Event, quoted
from devstack.gemini_reading.geometry import Box, around
from devstack.gemini_reading.layout import Element, application, has_address_bar, text_in, title_in
from devstack.gemini_reading.recording import Line

__all__ = ["dialog_events"]

_DIMMED = 0.85
_STAYS = 0.45
_FEW_LINES = 2
_EDGE = 0.08
_LONGEST = 300
_RIGHT, _HIGH, _NARROW = 0.6, 0.35, 0.45
_MENUS = frozenset({"file", "edit", "view", "help", "datei", "bearbeiten", "ansicht", "hilfe"})
_FOLDER = re.compile(r"^\S*/(?=\S)")
_FEWEST_MENUS = 3
_MENU_ROWS = 4
_RIM = 6
_NEAR_FIELD = 14
_HIGHEST_FIELD = 60


def dialog_events(change: Change, state: State) -> list[Event]:
    """Return that a dialog opened or closed, and what was pressed for it; nothing where neither happened."""
    opened = _opened(change, state)
    if opened is not None:
        return list(_opening(change, state, opened))
    if state.dialog is not None and _is_closed(change, state):
        return list(_closing(change, state, state.dialog))
    return []


def _opening(change: Change, state: State, opened: Box) -> Iterator[Event]:
    title = title_in(change.after, opened)
    state.dialog, state.dialog_title = opened, title
    state.behind = {line.text for line in change.before.lines}
    state.is_window = _is_window(change, opened)
    if state.is_window:
        # The folder of a file in a title says nothing about the program.
        title = state.dialog_title = _FOLDER.sub("", title)
        before = f"{application(change.before, height=change.reading.height)} is in front."
        yield _in_front(change, title, opened, before)
        return
    if not _is_offered(change, opened):
        yield from change.pressed(change.cause(hint=title), after=f"A dialog opens: {quoted([title])}.")
    yield Event(
        change.second,
        "MODAL_OPEN",
        change.app,
        Element("dialog", title, opened),
        before=f"No dialog is on the screen of {application(change.before, height=change.reading.height)}.",
        after=f"The dialog says: {text_in(change.after, opened)[:_LONGEST]}",
    )


def _closing(change: Change, state: State, dialog: Box) -> Iterator[Event]:
    title, compared = state.dialog_title, change.compared
    if state.is_window:
        state.dialog = None
        name = application(change.after, height=change.reading.height)
        yield _in_front(change, name, dialog, f"{title} is in front.")
        return
    fresh = [new.text for _, new in compared.changed] + [line.text for line in compared.added]
    told = [text for text in fresh if not any(is_same_text(text, old) for old in state.behind)]
    yield from change.pressed(change.cause(within=dialog), after=f"The dialog {title} closes.")
    yield Event(
        change.second,
        "MODAL_CLOSE",
        change.app,
        Element("dialog", title, dialog),
        before=f"The dialog {title} is open.",
        after=f"The dialog is gone.{f' The screen now shows {quoted(told)}.' if told else ''}",
    )
    state.dialog = None


def _is_offered(change: Change, box: Box) -> bool:
    """Tell whether the browser offers something by itself: a bubble below the right end of its address bar."""
    reading = change.reading
    is_right = box.centre[0] > _RIGHT * reading.width and box.top < _HIGH * reading.height
    return is_right and box.width <= _NARROW * reading.width and has_address_bar(change.after, height=reading.height)


def _in_front(change: Change, name: str, box: Box, before: str) -> Event:
    window = Element("window", name, box)
    return Event(change.second, "OPEN_APPLICATION", name, window, before=before, after=f"{name} is in front.")


def _is_window(change: Change, box: Box) -> bool:
    """Tell whether what opened is another program: it has a row of menus, which a dialog has not."""
    return _has_menus(
        [
            line
            for line in change.after.lines
            if box.holds(line.box) and line.box.top <= box.top + _MENU_ROWS * line.box.height
        ]
    )


def _has_menus(lines: Sequence[Line]) -> bool:
    words = {word.casefold() for line in lines for word in line.text.split()}
    return len(words & _MENUS) >= _FEWEST_MENUS


def _opened(change: Change, state: State) -> Box | None:
    """Return the box of a dialog that opened: words with a button, in front of a page that stays or grows dark."""
    compared, before, after = change.compared, change.before, change.after
    if state.dialog is not None or not compared.added:
        return None
    dark = after.brightness < _DIMMED * before.brightness
    buttons = [
        one.box
        for one in after.controls
        if one.kind == "button" and not any(one.box.is_at(other.box) for other in before.controls)
    ]
    # A list right below a field offers what to write there.
    fields = [one.box for one in before.controls if one.kind == "field" and one.box.height <= _HIGHEST_FIELD]
    buttons = [box for box in buttons if not any(_is_below(box, one) for one in fields)]
    with_words = [box for box in buttons if any(box.holds(line.box) for line in after.lines)]
    if _has_menus(compared.added):
        return around([line.box for line in compared.added])
    if not dark and (compared.share_kept < _STAYS or not with_words or len(compared.added) < _FEW_LINES):
        return None
    width, height = change.reading.width, change.reading.height
    inner = [line.box for line in compared.added if _EDGE * width < line.box.centre[0] < (1 - _EDGE) * width]
    if not inner:
        return None
    box = around([*inner, *with_words])
    is_page = box.width > 0.9 * width and box.height > 0.8 * height
    return None if is_page and not dark else box


def _is_below(box: Box, field: Box) -> bool:
    return box.left < field.right and field.left < box.right and 0 <= box.top - field.bottom + _RIM <= _NEAR_FIELD


def _is_closed(change: Change, state: State) -> bool:
    if _DIMMED * change.after.brightness > change.before.brightness:
        return True
    title = plain(state.dialog_title)
    return bool(title) and title not in plain(" ".join(line.text for line in change.after.lines))
