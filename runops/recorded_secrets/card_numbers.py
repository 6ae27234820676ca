"""Finds numbers of payment cards: in digits, in groups of digits, and spoken. Pure.

A number counts if its length and its first digits are those of a card scheme (ISO/IEC 7812), its check digit is right,
and its groups are those in which people write cards.
"""

import re
from collections.abc import Iterator, Sequence

from runops.recorded_secrets.span import Span
from runops.recorded_secrets.spoken_digits import SpokenDigits, spoken_digits

__all__ = ["card_numbers"]

_DIGITS = re.compile(r"(?<![\w./+-])\d(?:[ -]?\d){12,}(?![\w/])")
"""A run of digits with at most one space or dash between two of them. Nothing of a longer word or a decimal number."""
_OTHER_SIGNS = re.compile(
    r"(?<![\w./+-])\d{4}(?P<sign>[ ]?[./\u00a0\u202f\u2010-\u2015\u00b7_][ ]?|[ ]{1,3}-[ ]{1,3}|[ ]{2,3})"
    r"\d{4,6}(?P=sign)\d{4,5}(?:(?P=sign)\d{1,4})?(?![\w/])"
)
"""The groups of a card with the same other sign between them."""
_NO_DIGIT = re.compile(r"\D")
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


def card_numbers(text: str) -> Iterator[Span]:
    """Return the card numbers of a text."""
    for run in _DIGITS.finditer(text):
        if _UUID.fullmatch(run[0]) is None and _IBAN_BEGINS.search(text, max(run.start() - 5, 0), run.start()) is None:
            groups = [(run.start() + group.start(), run.start() + group.end()) for group in _GROUP.finditer(run[0])]
            yield from _cards(text, groups)
    for grouped in _OTHER_SIGNS.finditer(text):
        if _is_card(_NO_DIGIT.sub("", grouped[0])):
            yield Span(*grouped.span(), "card number")
    for words in spoken_digits(text):
        first = 0
        while first < len(words):
            last = _spoken_card_end(words, first)
            if last is None:
                first += 1
                continue
            yield Span(words[first].start, words[last].end, "card number")
            first = last + 1


def _spoken_card_end(words: Sequence[SpokenDigits], first: int) -> int | None:
    """Return the last word of the longest card number that begins with a word."""
    digits = ""
    found = None
    for index in range(first, len(words)):
        digits += words[index].digits
        if len(digits) > _MOST_DIGITS:
            break
        if len(digits) >= _LEAST_DIGITS and _is_card(digits):
            found = index
    return found


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


def _has_check_digit(digits: str) -> bool:
    """Apply the Luhn formula (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(value - 9 if value > 9 else value for value in doubled)) % 10 == 0
