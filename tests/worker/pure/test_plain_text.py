"""Texts, words and numbers in the form in which a SOP and its recording are compared."""

import pytest

from runops_worker.sop.evidence.plain_text import (
    content_words,
    digit_groups,
    numbers_in,
    plain,
    similar_word,
    squeezed,
    with_digits,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  Save\n the   Order ", "save the order"),
        ("“Hi” – it’s ‘so’ — „ok“", '"hi" - it\'s \'so\' - "ok"'),  # noqa: RUF001
        ("Straße", "strasse"),
        ("\uff26\uff35\uff2c\uff2c\u00adname", "fullname"),
        ("", ""),
    ],
)
def test_spelling_that_means_nothing_is_left_out(text: str, form: str) -> None:
    assert plain(text) == form


def test_letters_and_words_of_a_text() -> None:
    assert squeezed("INV-2024_77 / Müller") == "inv202477müller"
    assert words_of("Don't stop_me, 4x!") == ["don", "t", "stop", "me", "4x"]
    assert content_words("Click the Save button to export 42 of my orders to IT as CSV") == [
        "save",
        "export",
        "orders",
        "csv",
    ]


@pytest.mark.parametrize(
    ("one", "other", "similar"),
    [
        ("save", "save", True),
        ("12345", "12345", True),
        # Another ending, at most two letters of the shorter word.
        ("order", "orders", True),
        ("invoice", "invoicing", True),
        ("abcdefgh", "abcdefxyz", True),
        ("abcdefgh", "abcdexyz", False),
        ("abcdeyyy", "abcdezzzzz", False),
        # One letter changed, left out or added; two neighbours in another order.
        ("annika", "anika", True),
        ("müller", "muller", True),
        ("xrder", "order", True),
        ("ordex", "order", True),
        ("rder1", "order1", True),
        ("recieve", "receive", True),
        ("roder", "order", True),
        ("roderx", "ordery", False),
        ("xxder", "order", False),
        ("zrder", "order", True),
        ("oqzer", "order", False),
        ("orred", "order", False),
        ("border", "ordering", False),
        # Short words and numbers are the same or not.
        ("save", "saved", False),
        ("main", "mail", False),
        ("12345", "12346", False),
        ("1234567", "12345", False),
        ("12345", "12345a", False),
    ],
)
def test_words_that_differ_by_spelling(one: str, other: str, similar: bool) -> None:
    assert similar_word(one, other) is similar
    assert similar_word(other, one) is similar


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("42", ["42"]),
        ("007 and 0", ["7", "0"]),
        # A separator may divide thousands or a fraction.
        ("1.234", ["1234", "1.234"]),
        ("1,200.50", ["120050", "1200.5"]),
        ("1'000 000", ["1000000"]),
        ("0.50", ["50", "0.5"]),
        ("3.00", ["300", "3"]),
        # The parts of a date may be in another order.
        ("30.11.2026", ["30112026", "3011.2026", "30", "11", "2026"]),
        ("1.2.26", ["1226", "12.26", "1", "2", "26"]),
        ("2026.11.30", ["20261130", "202611.3", "2026", "11", "30"]),
        ("30.11.202", ["3011202", "3011.202"]),
        ("\uff14\uff12", ["42"]),
        # In words: their sum, and the digits one by one.
        ("twenty five dollars", ["25"]),
        ("four seven one one", ["13", "4711"]),
        ("two hundred and five", ["205", "25"]),
        ("three thousand two hundred", ["3200", "32"]),
        ("one million two thousand and one", ["1002001", "121"]),
        ("ten or twelve", ["10", "12"]),
        ("two hundred thousand", ["200000"]),
        ("one thousand ten hundred", ["2000"]),
        ("five and", ["5"]),
        ("and five", ["5"]),
        ("zero seven", ["7", "7"]),
        ("zero", []),
        ("hundred reasons", []),
        ("vier sieben", ["11", "47"]),
        ("no number", []),
    ],
)
def test_numbers_in_one_form(text: str, numbers: list[str]) -> None:
    assert list(numbers_in(text)) == numbers


def test_a_long_row_of_digits_is_read_in_part() -> None:
    assert list(numbers_in("1" * 60)) == ["1" * 40]


def test_numbers_past_a_million_characters_are_not_looked_for() -> None:
    assert list(digit_groups("x" * 999_998 + " 7")) == ["7"]
    assert list(digit_groups("x" * 999_999 + " 7")) == []
    assert list(numbers_in("x" * 999_999 + " 7")) == []


def test_numbers_in_words_are_written_with_digits() -> None:
    assert with_digits("abc one twenty forty five") == "abc 1 20 45"
