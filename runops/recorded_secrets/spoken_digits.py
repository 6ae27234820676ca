"""Digits as they are said, in eight languages. Pure."""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["DIGIT", "SpokenDigits", "spoken_digits"]

_WORDS = {
    word: str(digit)
    for digit, words in enumerate(
        (
            "zero oh null zéro cero nul",
            "one eins un uno um een jeden",
            "two zwei zwo deux dos due dois twee dwa",
            "three drei trois tres tre três drie trzy",
            "four vier quatre cuatro quattro quatro cztery",
            "five fünf cinq cinco cinque vijf pięć",
            "six sechs seis sei zes sześć",
            "seven sieben sept siete sette sete zeven siedem",
            "eight acht huit ocho otto oito osiem",
            "nine neun neuf nueve nove negen dziewięć",
        )
    )
    for word in words.split()
}
_PAIRS = {"ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15"}
_PAIRS |= {"sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19"}
_TENS = {"twenty": "2", "thirty": "3", "forty": "4", "fifty": "5", "sixty": "6", "seventy": "7", "eighty": "8"}
_TENS |= {"ninety": "9"}
_TIMES = {"double": 2, "triple": 3, "treble": 3}
DIGIT = "(?:" + "|".join(_WORDS) + ")"
"""A pattern of one digit."""
_NOT_ZERO = "(?:" + "|".join(word for word, digit in _WORDS.items() if digit != "0") + ")"
_TOKEN = (
    rf"(?:(?P<times>{'|'.join(_TIMES)})[ -])?(?:(?P<tens>{'|'.join(_TENS)})(?:[ -](?P<ones>{_NOT_ZERO})\b)?"
    rf"|(?P<pair>{'|'.join(_PAIRS)})|(?P<digit>{DIGIT}))\b"
)
_ONE = re.compile(rf"(?i)\b{_TOKEN}")
_ANY = re.sub(r"\?P<\w+>", "?:", _TOKEN)
_RUN = re.compile(rf"(?i)\b{_ANY}(?:[ ,-]{{1,2}}{_ANY}){{6,}}")


class SpokenDigits(NamedTuple):
    """What one word, or two such as "double four" and "forty-one", says.

    Attributes
    ----------
    start, end
        Its place in the text.
    digits
        One to six of them.
    """

    start: int
    end: int
    digits: str


def spoken_digits(text: str) -> Iterator[list[SpokenDigits]]:
    """Return the runs of seven words or more that say digits and nothing else."""
    for run in _RUN.finditer(text):
        yield [
            SpokenDigits(run.start() + one.start(), run.start() + one.end(), _said(one))
            for one in _ONE.finditer(run[0])
        ]


def _said(one: re.Match[str]) -> str:
    if one["tens"] is not None:
        digits = _TENS[one["tens"].casefold()] + (_WORDS[one["ones"].casefold()] if one["ones"] else "0")
    elif one["pair"] is not None:
        digits = _PAIRS[one["pair"].casefold()]
    else:
        digits = _WORDS[one["digit"].casefold()]
    return digits * (_TIMES[one["times"].casefold()] if one["times"] else 1)
