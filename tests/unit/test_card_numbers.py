"""How card numbers are written and said, and numbers that only have their digits.

All numbers are test numbers of the schemes, or made up with a right check digit.
"""

import pytest

from runops.recorded_secrets.mask import mask

HIDDEN = "[card number hidden]"
_AMERICAN_EXPRESS = "three seven eight two eight two two four six three one zero zero zero five"
_THIRTEEN = "four" + " two" * 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # From 13 to 19 digits.
        ("4222222222222", HIDDEN),
        ("4000000000000000006", HIDDEN),
        ("4000 0000 0000 0000 006", HIDDEN),
        # With other signs between its groups, and its groups only.
        *(
            (sign.join(("4242", "4242", "4242", "4242")), HIDDEN)
            for sign in (".", "/", "\u2013", "\u00a0", "\u202f", " - ", " / ", "  ", "_")
        ),
        ("3782.822463.10005", HIDDEN),
        ("pay 4242.4242.4242.4242.", f"pay {HIDDEN}."),
        # Digit by digit, and in pairs.
        ("4 2 2 2 2 2 2 2 2 2 2 2 2", HIDDEN),
        ("42 42 42 42 42 42 42 42", HIDDEN),
        ("0 " * 48 + "4 2 " * 8, "0 " * 48 + HIDDEN + " "),
        # Said, with other digits around it.
        (_THIRTEEN, HIDDEN),
        (f"{_AMERICAN_EXPRESS} nine", f"{HIDDEN} nine"),
        ("four triple one, double one double one, one one one one, one one one one", HIDDEN),
        ("forty-one eleven eleven eleven eleven eleven eleven eleven", HIDDEN),
        ("forty one, eleven, eleven, eleven, eleven, eleven, eleven, eleven", HIDDEN),
        ("Forty-two forty-two " * 4, f"{HIDDEN} "),
        ("forty" + " zero" * 13 + " two", HIDDEN),
        ("four" + " zero" * 17 + " six", HIDDEN),
        *(
            (f"{four}{f' {one}' * 15}", HIDDEN)
            for four, one in (
                *(("quatre", "un"), ("cuatro", "uno"), ("quattro", "uno"), ("quatro", "um"), ("vier", "een")),
                *(("cztery", "jeden"), ("vier", "eins")),
            )
        ),
        (f"well, nine {_AMERICAN_EXPRESS}", f"well, nine {HIDDEN}"),
        (
            f"It is {_THIRTEEN}, and the other one is {_AMERICAN_EXPRESS}.",
            f"It is {HIDDEN}, and the other one is {HIDDEN}.",
        ),
    ],
)
def test_a_card_number_is_hidden(text: str, expected: str) -> None:
    assert mask(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        # Nobody types a card number within more than 64 single digits.
        "0 " * 49 + "4 2 " * 8,
        # Other signs, but a wrong check digit, or not the same sign twice.
        "4242.4242.4242.4241",
        "4242.4242/4242.4242",
        "2024.2025.2026.2027",
        "1.4242.4242.4242.4242",
        "twenty twenty-one twenty-two twenty-three twenty-four twenty-five twenty-six twenty-seven",
        # Nobody writes a card in such groups.
        "424 242 424 242 4242",
        "42424 24242 424242",
        # The digits of a bank account.
        "DE89 4242 4242 4242 4242 00",
        "DE894242 4242 4242 4242 00",
        # Twelve digits that would have a right check digit.
        "four two four two four two four two four two four two",
        "zero " * 20,
    ],
)
def test_a_number_that_is_no_card_stays(text: str) -> None:
    assert mask(text).text == text
