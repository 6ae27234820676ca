"""Amounts of US dollars in settings and reports."""

from decimal import Decimal

import pytest

from runops.dollars import dollars, reported_microdollars


@pytest.mark.parametrize(("text", "amount"), [("2", "2"), (" 0.50 ", "0.50"), ("1e3", "1000"), ("1000000", "1000000")])
def test_a_cap_is_an_amount_above_zero(text: str, amount: str) -> None:
    assert dollars(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "0", "-1", "1000000.01", "NaN", "Infinity", "2 USD", "$2"])
def test_anything_else_is_no_cap(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount in US dollars"):
        dollars(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        (None, 0),
        ("", 0),
        ("0.250000", 250_000),
        ("0.0000009", 0),
        ("1000000", 10**12),
        ("1000000.01", 0),
        ("-1", 0),
        ("NaN", 0),
        ("1e99", 0),
        ("much", 0),
    ],
)
def test_a_reported_amount_counts_in_millionths_and_a_malformed_one_as_nothing(text: str | None, amount: int) -> None:
    assert reported_microdollars(text) == amount
