"""Numbers in speech: as words, as digits, or half and half, and which number on the screen is meant. Pure."""

import re
from collections.abc import Iterable, Sequence

__all__ = ["numbers_on", "with_numbers_of"]

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: value for value, word in enumerate(_UNITS.split())} | {
    word: 20 + 10 * place for place, word in enumerate(_TENS.split())
}
_LARGE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_TOKEN = re.compile(r"[A-Za-z]+|\d[\d,.]*\d|\d|\W|_")
_DIGITS = re.compile(r"\d[\d.,' ]*\d|\d")
_FEWEST_DIGITS = 4
_MOST_WRONG = 2
_SHORTEST = 100
"""Smaller numbers are too common to be taken for each other."""


def numbers_on(texts: Iterable[str]) -> dict[int, str]:
    """Return the whole numbers of texts on a screen, and how the screen writes them, without cents."""
    found: dict[int, str] = {}
    for text in texts:
        for match in _DIGITS.finditer(text):
            written = re.sub(r"[.,]\d{2}$", "", match.group().strip())
            digits = re.sub(r"\D", "", written)
            if len(digits) <= 9:
                found.setdefault(int(digits), written)
    return found


def with_numbers_of(text: str, shown: dict[int, str]) -> str:
    """Return a spoken text in which each number from 100 on stands as on the screen, if it is there or nearly there."""
    tokens = _TOKEN.findall(text)
    parts: list[str] = []
    place = 0
    while place < len(tokens):
        value, end = _number(tokens, place)
        written = None if value is None or value < _SHORTEST else _written(value, shown)
        if value is None or written is None:
            end = max(end, place + 1)
            parts.append("".join(tokens[place:end]))
        else:
            parts.append(written)
        place = end
    return "".join(parts)


def _written(value: int, shown: dict[int, str]) -> str | None:
    if value in shown:
        return shown[value]
    near = [number for number in shown if number >= _SHORTEST and _is_misheard(str(value), str(number))]
    return shown[near[0]] if len(near) == 1 else None


def _is_misheard(said: str, number: str) -> bool:
    """Tell whether two numbers of four digits or more begin alike and differ in two digits at most.

    "Eight" is heard as "eighty", and "thirteen" as "thirty".
    """
    half = len(number) // 2
    if len(said) != len(number) or len(number) < _FEWEST_DIGITS or said[:half] != number[:half]:
        return False
    return sum(one != other for one, other in zip(said, number, strict=True)) <= _MOST_WRONG


def _number(tokens: Sequence[str], start: int) -> tuple[int | None, int]:
    """Return the number that begins at a token and where it ends; None where none begins there."""
    if tokens[start].isspace():
        return None, start
    total, part, end, place = 0, 0, start, start
    previous = ""
    while place < len(tokens):
        word = tokens[place].casefold()
        if word in {" ", "-"} or (word == "and" and end > start):
            place += 1
            continue
        if word[0].isdigit():
            digits = re.sub(r"\D", "", re.sub(r"[.,]\d{1,2}$", "", word))
            value = int(digits)
            # "3,400 and 80" is one number, "5 and 6" are two.
            if previous == "digits" and not (total + part >= _SHORTEST > value and (total + part) % _SHORTEST == 0):
                break
            part, previous = part + value, "digits"
        elif word in _SMALL:
            part, previous = part + _SMALL[word], "words"
        elif word in _LARGE and (part or total):
            scale = _LARGE[word]
            part, total = (part * scale, total) if scale == _LARGE["hundred"] else (0, total + part * scale)
            previous = "words"
        else:
            break
        place += 1
        end = place
    return (None, start) if end == start else (total + part, end)
