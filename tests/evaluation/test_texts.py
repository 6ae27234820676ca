"""Words, numbers and literals of texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_evaluation.text.literals import literals, states
from runops_evaluation.text.plain import canonical_number, plain, words
from runops_evaluation.text.spoken_numbers import in_digits


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,000", "1000"),
        ("1.000", "1000"),
        ("3,480.50", "3480.5"),
        ("3.480,50", "3480.5"),
        ("3'480.00", "3480"),
        ("12.5", "12.5"),
        ("1,000,000", "1000000"),
        ("30.11.2026", "30.11.2026"),
        ("192.168.0.1", "192.168.0.1"),
        ("inv-2042", "inv-2042"),
        ("7", "7"),
    ],
)
def test_a_number_has_one_form(text: str, number: str) -> None:
    assert canonical_number(text) == number


@given(st.text())
def test_a_plain_text_stays(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.text())
def test_words_are_found_whatever_the_case(text: str) -> None:
    assert words(plain(text)) == words(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Click "Send request" and wait', ["Send request"]),
        ("Pay 3,480.50 EUR to Helios for INV-2042.", ["3,480.50", "EUR", "Helios", "INV-2042"]),
        (
            "Open shop.example/admin as clara.stone, or mail a.b@c.example",
            ["shop.example/admin", "clara.stone", "a.b@c.example"],
        ),
        ("Open https://x.example/?q=1 and ~/data/report.csv", ["https://x.example/?q=1", "~/data/report.csv"]),
        ("Enter {supplier} and [password hidden]", []),
        ("Die Meldung erscheint auf der Seite", []),
        ("Click Save And Close The Dialog", []),
        ("Click save", []),
        ("", []),
    ],
)
def test_literals_are_found(text: str, found: list[str]) -> None:
    assert sorted(literals(text)) == sorted(found)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_a_text_states_its_own_literals(text: str) -> None:
    assert all(states(text, literal) for literal in literals(text))


def test_a_number_is_not_a_part_of_another() -> None:
    assert states("It costs 1,000 euros.", "1000")
    assert states("Invoice INV 2042", "INV-2042")
    assert states("Menu/Refunds", "Refunds")
    assert not states("It costs 1,000 euros.", "000")
    assert not states("It costs 2.50 euros.", "50")
    assert not states("It costs 2,000 euros.", "1000")


@pytest.mark.parametrize(
    ("text", "language", "digits"),
    [
        ("It is three thousand four hundred and eighty euros.", "en", "It is 3480 euros."),
        ("Es sind dreitausendvierhundertachtzig Euro.", "de-AT", "Es sind 3480 Euro."),
        ("I take the new one.", "en", "I take the new one."),
        ("It costs 3,480.50.", "en", "It costs 3,480.50."),
        ("thirty", "xx", "thirty"),
        ("", "en", ""),
    ],
)
def test_numbers_are_read_in_letters(text: str, language: str, digits: str) -> None:
    assert in_digits(text, language) == digits
