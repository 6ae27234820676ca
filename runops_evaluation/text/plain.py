"""Words and numbers of a text without what makes no difference: case, spacing, punctuation, number formats. Pure."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

__all__ = ["canonical_number", "has_digit", "plain", "words"]

_WORD: Final = re.compile(r"\w+(?:(?:[.:/@'_-]+|(?<=\d),(?=\d))\w+)*")
_NUMBER: Final = re.compile(r"\d+(?:[.,']\d+)*")
_THOUSANDS: Final = 3
_QUOTES: Final = str.maketrans("‘’‚“”„«»‹›\u00a0\u202f–—", "'''\"\"\"\"\"''  --")  # noqa: RUF001 - the point of the table


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Return a text in one line, in one form of each letter, without capitals."""
    return " ".join(unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold().split())


@lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in order; numbers in their canonical form."""
    return tuple(canonical_number(word) for word in _WORD.findall(plain(text)))


def has_digit(word: str) -> bool:
    """Tell whether a word holds a digit: such words must agree exactly."""
    return any(letter.isdigit() for letter in word)


def canonical_number(word: str) -> str:
    """Return a number without marks for thousands and with a point before decimals; another word as it is.

    `1,200.50`, `1.200,50` and `1'200.50` are `1200.5`. One mark before three digits is one for thousands: `1,000`.
    """
    if _NUMBER.fullmatch(word) is None:
        return word
    parts = re.split(r"[.,']", word)
    if len(parts) == 1:
        return word
    marks = re.findall(r"[.,']", word)
    has_decimals = len(parts[-1]) != _THOUSANDS or (len(set(marks)) > 1 and marks.count(marks[-1]) == 1)
    if len(marks) > 1 and len(set(marks)) == 1 and has_decimals:
        # A date, a version or an address, not a number: 30.11.2026.
        return word
    if not has_decimals:
        return "".join(parts)
    decimals = parts[-1].rstrip("0")
    return "".join(parts[:-1]) + (f".{decimals}" if decimals else "")
