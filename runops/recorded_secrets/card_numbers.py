"""Finds numbers of payment cards: in digits, in groups of digits, and spoken digit by digit. Pure.

A number counts if its length and its first digits are those of a card scheme (ISO/IEC 7812), its check digit is right,
and its groups are those in which people write cards.
"""

import re
from collections.abc import Iterator

from runops.recorded_secrets.span import Span

__all__ = ["card_numbers"]

_DIGITS = re.compile(r"(?<![\w./+-])\d(?:[ -]?\d){12,}(?![\w/])")
"""A run of digits with at most one space or dash between two of them. Nothing of a longer word or a decimal number."""
_GROUP = re.compile(r"\d+")
_UUID = re.compile(r"[0-9]{8}-[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{12}")
_IBAN_BEGINS = re.compile(r"[A-Z]{2}\d{2} ?$")
_SCHEMES = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d{2})\d{12}"  # Discover
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|(?:30[0-5]|3[689]\d)\d{11}"  # Diners Club
    r"|62\d{14,17}"  # UnionPay
)
_GROUPINGS = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1), (4, 5, 6)})
_LEAST_DIGITS = 13
_MOST_DIGITS = 19
_MOST_GROUPS = 64
"""Longer runs of single digits are no numbers that somebody says or types; groups of four are still recognised."""
_WORDS = {
    word: str(digit)
    for digit, words in enumerate(
        ("zero oh null", "one eins", "two zwei zwo", "three drei", "four vier", "five fünf", "six sechs",
         "seven sieben", "eight acht", "nine neun")
    )
    for word in words.split()
}  # fmt: skip
_WORD = "|".join(_WORDS)
_SPOKEN = re.compile(rf"(?i)\b(?:{_WORD})\b(?:[ ,-]{{1,2}}(?:{_WORD})\b){{12,}}")


def card_numbers(text: str) -> Iterator[Span]:
    """Return the card numbers of a text."""
    for run in _DIGITS.finditer(text):
        if _UUID.fullmatch(run[0]) is None and _IBAN_BEGINS.search(text, max(run.start() - 5, 0), run.start()) is None:
            groups = [(run.start() + group.start(), run.start() + group.end()) for group in _GROUP.finditer(run[0])]
            yield from _cards(text, groups)
    for spoken in _SPOKEN.finditer(text):
        words = list(re.finditer(r"\w+", spoken[0]))
        digits = "".join(_WORDS[word[0].casefold()] for word in words)
        for first in range(len(digits)):
            length = _card_length(digits[first : first + _MOST_DIGITS])
            if length is not None:
                yield Span(
                    spoken.start() + words[first].start(),
                    spoken.start() + words[first + length - 1].end(),
                    "card number",
                )
                break


def _cards(text: str, groups: list[tuple[int, int]]) -> Iterator[Span]:
    """Try each place in a run of groups; after a card go on behind it."""
    first = 0
    digit_by_digit = len(groups) <= _MOST_GROUPS
    while first < len(groups):
        end = _card_end(text, groups, first, digit_by_digit=digit_by_digit)
        if end is None:
            first += 1
            continue
        yield Span(groups[first][0], groups[end - 1][1], "card number")
        first = end


def _card_end(text: str, groups: list[tuple[int, int]], first: int, *, digit_by_digit: bool) -> int | None:
    number = ""
    lengths: list[int] = []
    for index in range(first, len(groups)):
        start, stop = groups[index]
        if len(number) + stop - start > _MOST_DIGITS:
            return None
        number += text[start:stop]
        lengths.append(stop - start)
        if _is_written_so(lengths, digit_by_digit=digit_by_digit) and _is_card(number):
            return index + 1
    return None


def _is_written_so(lengths: list[int], *, digit_by_digit: bool) -> bool:
    if len(lengths) == 1 or tuple(lengths) in _GROUPINGS:
        return True
    return digit_by_digit and len(lengths) * lengths[0] >= _LEAST_DIGITS and set(lengths) in ({1}, {2})


def _is_card(number: str) -> bool:
    return _SCHEMES.fullmatch(number) is not None and _has_check_digit(number)


def _card_length(digits: str) -> int | None:
    """Return the length of the longest card number at the beginning of the digits."""
    lengths = range(min(len(digits), _MOST_DIGITS), _LEAST_DIGITS - 1, -1)
    return next((length for length in lengths if _is_card(digits[:length])), None)


def _has_check_digit(digits: str) -> bool:
    """Apply the Luhn formula (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(value - 9 if value > 9 else value for value in doubled)) % 10 == 0
