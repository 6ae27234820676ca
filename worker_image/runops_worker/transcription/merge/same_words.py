"""Whether two readings of one text on the screen are the same. Pure.

Two chunks read the same button as `Create order` and `Create order…`, or with one letter misread. But `Order 4711` and
`Order 4712` are two rows of a list, although only one character differs. So numbers, codes and dates must be equal,
while words may differ a little.
"""

import re
import unicodedata

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

__all__ = ["has_digit", "is_cut_short", "is_same_text", "literals", "plain_words"]

_LEAST_RATIO = 85.0
"""How similar two texts are, in percent, that differ by a misread letter or a word more."""
_LEAST_LETTERS = 4
"""Shorter words must be equal: `on` and `off`, `Jan` and `Jun`."""
_LEAST_BEGINNING = 8
"""A shorter text with an ellipsis is a whole one: `Save…` opens a dialog, and is not the beginning of `Save all`."""
_CUT_SHORT = re.compile(r"(\.\.\.|…)\s*$")
_WORD = re.compile(r"\w+(?:[.,:/@-]\w+)*")


def plain_words(text: str) -> tuple[str, ...]:
    """Return the words of a text without case, signs between them and differences of encoding.

    What is written without a space, such as `1,250.00` or `a.b@c.de`, is one word.
    """
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def has_digit(word: str) -> bool:
    """Tell whether a word is a number, a code or a date."""
    return any(character.isdigit() for character in word)


def literals(text: str) -> frozenset[str]:
    """Return the words of a text that have a digit."""
    return frozenset(word for word in plain_words(text) if has_digit(word))


def is_same_text(one: str, other: str) -> bool:
    """Tell whether two texts can be two readings of the same place on the screen."""
    first, second = plain_words(one), plain_words(other)
    if first == second:
        return True
    if is_cut_short(one, other) or is_cut_short(other, one):
        return True
    if sorted(filter(has_digit, first)) != sorted(filter(has_digit, second)):
        return False
    if len(first) == len(second):
        return all(map(_is_same_word, first, second))
    return fuzz.ratio(first, second) >= _LEAST_RATIO or fuzz.ratio(" ".join(first), " ".join(second)) >= _LEAST_RATIO


def _is_same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    return (
        not has_digit(one + other)
        and min(len(one), len(other)) >= _LEAST_LETTERS
        and Levenshtein.distance(one, other, score_cutoff=1) <= 1
    )


def is_cut_short(short: str, long: str) -> bool:
    """Tell whether the first text ends in an ellipsis and the other one goes on there."""
    if _CUT_SHORT.search(short) is None:
        return False
    begin = " ".join(plain_words(_CUT_SHORT.sub("", short)))
    return len(begin) >= _LEAST_BEGINNING and " ".join(plain_words(long)).startswith(begin)
