"""Mends what the finder of controls misses: one under the pointer or with the focus, and which kind each is. Pure."""

from collections.abc import Sequence

from devstack.gemini_reading.difference import difference, plain
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.recording import Control, Line, Screen

__all__ = ["steady_controls"]

_SAME_PLACE = 10
_HEIGHTS = (18, 60)
_LONG = 3
_GREY = 25
_RIM = 4
_CENTRED = 0.1
_LARGEST_BUTTON = 320
_LEAST_FILLED = 0.3
_FREE = 0.5
_STAYS = 0.6
_MOST_NEW_LINES = 2


def steady_controls(screens: Sequence[Screen]) -> list[Screen]:
    """Return the screens; a control stays while its words stay, and words in the middle make it a button."""
    mended: list[Screen] = []
    for screen in screens:
        controls = tuple(_by_words(control, screen.lines) for control in screen.controls)
        if mended:
            controls += _still_there(mended[-1], screen, controls)
        mended.append(screen.model_copy(update={"controls": controls}))
    return mended


def _by_words(control: Control, lines: Sequence[Line]) -> Control:
    """Return a control as a field where words begin at its left edge or none are in it, else as a button.

    Fields of older desktops are white on grey, and their buttons as grey as the page.
    """
    box = control.box
    if control.dots and any(_is_word(line.text) for line in lines if box.meets(line.box)):
        # Round letters and digits in a row may look like the dots that hide a password.
        control = control.model_copy(update={"dots": 0})
    if not _HEIGHTS[0] <= box.height <= _HEIGHTS[1]:
        return control
    inside = [line.box for line in lines if box.holds(line.box)]
    is_grey = max(control.fill) - min(control.fill) < _GREY
    if not inside:
        is_field = control.kind == "field" or (is_grey and box.width >= _LONG * box.height)
        return control.model_copy(update={"kind": "field" if is_field else "button"})
    left, right = min(one.left for one in inside) - box.left, box.right - max(one.right for one in inside)
    if control.kind == "button" and is_grey and len(inside) == 1:
        if left <= box.height and right > _FREE * box.width and box.width >= _LONG * box.height:
            return control.model_copy(update={"kind": "field"})
    elif control.kind == "field" and len(inside) == 1 and box.width <= _LARGEST_BUTTON and min(left, right) >= _RIM:
        filled = inside[0].width >= _LEAST_FILLED * box.width
        if filled and abs(left - right) <= max(2 * _RIM, _CENTRED * box.width):
            return control.model_copy(update={"kind": "button"})
    return control


def _is_word(text: str) -> bool:
    """Tell whether a text has different letters or digits: dots are read as one letter, several times."""
    return len({character for character in text.casefold() if character.isalnum()}) > 1


def _still_there(before: Screen, screen: Screen, found: Sequence[Control]) -> tuple[Control, ...]:
    """Return the controls of the screen before that were not found again, though what is in them says that they are."""
    compared = difference(before.lines, screen.lines)
    is_same_page = compared.share_kept >= _STAYS and len(compared.added) <= _MOST_NEW_LINES
    kept = []
    for control in before.controls:
        if any(_is_twin(control.box, one.box) for one in found):
            continue
        words = _words_in(control.box, before.lines)
        still = bool(words) and words == _words_in(control.box, screen.lines)
        # Whose words have changed is still there if the page is, and nothing covers it.
        free = is_same_page and control.kind == "field" and not _is_covered(control.box, screen.lines)
        if still or free:
            kept.append(control)
    return tuple(kept)


def _is_twin(one: Box, other: Box) -> bool:
    return all(abs(first - second) <= _SAME_PLACE for first, second in zip(one, other, strict=True))


def _words_in(box: Box, lines: Sequence[Line]) -> str:
    return plain(" ".join(line.text for line in lines if box.holds(line.box)))


def _is_covered(box: Box, lines: Sequence[Line]) -> bool:
    """Tell whether words reach over its edges: a list or a bubble is in front of it."""
    return any(line.box.meets(box) and not box.holds(line.box) for line in lines)
