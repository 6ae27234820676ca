"""Mends what was heard by what is on the screen at the time: numbers, names, words that were heard in two. Pure."""

import itertools
import re
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz

from devstack.gemini_reading.numbers import numbers_on, with_numbers_of
from devstack.gemini_reading.recording import Screen, Spoken

__all__ = ["mended_speech"]

_BEFORE, _AFTER = 3, 4
_LEAST_LETTERS = 4
_LIKE = 75.0
_LEAST_HEARD = 5
_MOST_UNHEARD = 2
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def mended_speech(spoken: Spoken, screens: Sequence[Screen]) -> str:
    """Return the words of a stretch of speech, mended by the screens shown from shortly before to shortly after it."""
    shown = [line.text for screen in _at_the_time(spoken, screens) for line in screen.lines]
    text = with_numbers_of(spoken.text, numbers_on(shown))
    words = {word for line in shown for word in _WORD.findall(line) if len(word) >= _LEAST_LETTERS}
    text = _with_whole_words(text, {word.casefold() for word in words})
    text = _with_first_letters(text, {line.casefold() for line in shown if _WORD.fullmatch(line)}, words)
    return _with_names(text, {word for word in words if word[0].isupper()})


def _at_the_time(spoken: Spoken, screens: Sequence[Screen]) -> Iterable[Screen]:
    for place, screen in enumerate(screens):
        until = screens[place + 1].second if place + 1 < len(screens) else float("inf")
        if screen.second <= spoken.end + _AFTER and until >= spoken.start - _BEFORE:
            yield screen


def _with_whole_words(text: str, words: set[str]) -> str:
    """Join two words that are one on the screen, such as "in voice"."""
    found = list(_WORD.finditer(text))
    for one, other in reversed(list(itertools.pairwise(found))):
        joined = (one.group() + other.group()).casefold()
        if joined in words and text[one.end() : other.start()] == " ":
            text = text[: one.start()] + joined + text[other.end() :]
    return text


def _with_first_letters(text: str, alone: set[str], words: set[str]) -> str:
    """Complete words whose first letters were not heard, such as "prove" where a button says "Approve"."""
    known = {word.casefold() for word in words}
    for match in reversed(list(_WORD.finditer(text))):
        word = match.group().casefold()
        fitting = [one for one in sorted(alone) if one.endswith(word) and 0 < len(one) - len(word) <= _MOST_UNHEARD]
        if len(word) >= _LEAST_HEARD and word not in known and len(fitting) == 1:
            text = text[: match.start()] + fitting[0] + text[match.end() :]
    return text


def _with_names(text: str, names: set[str]) -> str:
    """Write names as on the screen: words inside a sentence that begin with a capital and nearly read the same."""
    shown = {name.casefold() for name in names}
    for match in reversed(list(_WORD.finditer(text))):
        word = match.group()
        begins = match.start() == 0 or text[: match.start()].rstrip().endswith((".", "!", "?"))
        if begins or not word[0].isupper() or len(word) < _LEAST_LETTERS or word.casefold() in shown:
            continue
        likeness = {name: fuzz.ratio(word.casefold(), name.casefold()) for name in sorted(names) if name[0] == word[0]}
        best = max(likeness, key=lambda name: likeness[name], default=None)
        if best is not None and likeness[best] >= _LIKE:
            text = text[: match.start()] + best + text[match.end() :]
    return text
