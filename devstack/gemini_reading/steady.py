"""Mends slips of reading: a word that the pointer covers for a moment, a caret that is read as a letter. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

from rapidfuzz import fuzz

from devstack.gemini_reading.difference import is_same_text, plain
from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.recording import Line, Reading, Screen

__all__ = ["steady"]

_LIKE = 60.0
_POINTER = 16
_CARET = 6
_NUMBER = re.compile(r"\d{2,}")
_LOOK_ALIKE = str.maketrans({"o": "0", "i": "1", "l": "1", "|": "1"})
_CARETS = frozenset("|IiTl[]1!.,'`")


def steady(reading: Reading) -> list[Screen]:
    """Return the screens; in them a line reads as before where it does so again later, or the pointer is on it."""
    mended = _with_one_spelling(
        _with_spaces([_without_carets(_without_signs(screen), reading) for screen in reading.screens])
    )
    for place, screen in enumerate(mended):
        before = mended[place - 1].lines if place else ()
        after = mended[place + 1].lines if place + 1 < len(mended) else ()
        at = next((one.at for one in reading.pointers if one.first <= screen.second <= one.last), None)
        pressed = [one.box for one in mended[place - 1].controls if one.kind == "button"] if place else []
        lines = [
            _mended(line, before, after, at, pressed) for line in screen.lines if not _is_caret(line, before, after)
        ]
        lines += [
            line
            for line in before
            if _find(line, after) is not None and not any(line.box.meets(other.box) for other in lines)
        ]
        mended[place] = screen.model_copy(update={"lines": tuple(lines)})
    return mended


def _without_signs(screen: Screen) -> Screen:
    """Return a screen without lines of signs alone: empty boxes and icons are read as such."""
    lines = tuple(line for line in screen.lines if any(character.isalnum() for character in line.text))
    return screen.model_copy(update={"lines": lines})


def _without_carets(screen: Screen, reading: Reading) -> Screen:
    """Return a screen whose lines do not end with a letter that is the caret: it blinks there."""
    carets = [box for second, box in reading.carets if abs(second - screen.second) <= 1]
    texts = {line.text for one in reading.screens if one is not screen for line in one.lines} if carets else set()

    def ends_with_it(line: Line) -> bool:
        # Read without it at another time: "Bristol" ends with a letter, though a caret stands behind it.
        is_other = line.text[:-1].rstrip() in texts and line.text[-1:] in _CARETS
        return is_other and any(
            -_CARET <= line.box.right - box.left <= 2 * _CARET
            and box.meets(line.box.grown(_CARET, width=9999, height=9999))
            for box in carets
        )

    lines = tuple(
        line.model_copy(update={"text": line.text[:-1].rstrip()}) if len(line.text) > 2 and ends_with_it(line) else line
        for line in screen.lines
    )
    return screen.model_copy(update={"lines": lines})


def _with_spaces(screens: Sequence[Screen]) -> list[Screen]:
    """Return the screens with each text spaced and dotted as it is read first: later the pointer may be in a gap."""
    spaced: dict[str, str] = {}
    for screen in screens:
        for line in screen.lines:
            spaced.setdefault(_letters(line.text), line.text)
    return [
        screen.model_copy(
            update={
                "lines": tuple(line.model_copy(update={"text": spaced[_letters(line.text)]}) for line in screen.lines)
            }
        )
        for screen in screens
    ]


def _letters(text: str) -> str:
    """Return a text as its readings are compared: a dot may be lost, but not in a number."""
    letters = plain(text)
    return letters if any(character.isdigit() for character in letters) else letters.replace(".", "").replace(",", "")


def _with_one_spelling(screens: Sequence[Screen]) -> list[Screen]:
    """Return the screens with each number spelt as most like it are: an O and a zero look the same."""
    spelt: dict[str, Counter[str]] = {}
    for screen in screens:
        for line in screen.lines:
            if any(character.isdigit() for character in line.text):
                spelt.setdefault(_shape(line.text), Counter())[line.text] += 1
    patterns = Counter(_NUMBER.sub("#", text) for found in spelt.values() for text in found.elements())
    best = {shape: _likeliest(found, patterns) for shape, found in spelt.items() if len(found) > 1}
    return [
        screen.model_copy(
            update={
                "lines": tuple(
                    line.model_copy(update={"text": best.get(_shape(line.text), line.text)}) for line in screen.lines
                )
            }
        )
        for screen in screens
    ]


def _likeliest(found: Counter[str], patterns: Counter[str]) -> str:
    return max(found, key=lambda text: (patterns[_NUMBER.sub("#", text)], found[text]))


def _shape(text: str) -> str:
    return plain(text).translate(_LOOK_ALIKE)


def _find(line: Line, lines: Sequence[Line]) -> Line | None:
    return next((one for one in lines if one.box.is_at(line.box) and is_same_text(one.text, line.text)), None)


def _is_caret(line: Line, before: Sequence[Line], after: Sequence[Line]) -> bool:
    alone = len(line.text) == 1 and line.text in _CARETS
    return alone and (_find(line, before) is None or _find(line, after) is None)


def _mended(
    line: Line, before: Sequence[Line], after: Sequence[Line], at: tuple[int, int] | None, pressed: Sequence[Box]
) -> Line:
    text = line.text.rstrip("|][").rstrip() or line.text
    old = next((one for one in before if one.box.is_at(line.box)), None)
    new = None if old is None else _find(old, after)
    covered = at is not None and line.box.has(at, slack=_POINTER)
    on_button = any(box.holds(line.box) for box in pressed)
    read_badly = old is not None and on_button and _is_read_badly(plain(old.text), plain(text))
    # The pointer hides letters and adds at most one: whoever goes on writing beside it adds more.
    goes_on = (
        old is not None and plain(text).startswith(plain(old.text)[:-1]) and len(plain(text)) > len(plain(old.text)) + 1
    )
    stays = (covered or new is not None or read_badly) and not goes_on
    if old is not None and stays and plain(old.text) != plain(text) and _is_like(old.text, text):
        return line.model_copy(update={"text": old.text})
    return line if text == line.text else line.model_copy(update={"text": text})


def _is_read_badly(one: str, other: str) -> bool:
    """Tell whether words of a button are the same ones: pressed or under the pointer, they are read badly."""
    return abs(len(one) - len(other)) <= 1 and fuzz.ratio(one, other) >= _LIKE


def _is_like(one: str, other: str) -> bool:
    first, second = ([character for character in text if character.isdigit()] for text in (one, other))
    # Digits that read otherwise are another value.
    return (not second or first == second) and fuzz.ratio(plain(one), plain(other)) >= _LIKE
