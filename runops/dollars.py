"""Amounts of US dollars, as settings and reports hold them."""

from decimal import Decimal, InvalidOperation

__all__ = ["LARGEST_USD", "dollars", "reported_microdollars"]

LARGEST_USD = Decimal(1_000_000)
_MICRO = Decimal(1_000_000)


def dollars(text: str) -> Decimal:
    """Return a cap in US dollars.

    Raises
    ------
    ValueError
        It is no decimal above 0 and of at most a million.
    """
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount <= LARGEST_USD:
        raise ValueError(f"{text[:40]!r} is not an amount in US dollars above 0 and of at most {LARGEST_USD}")
    return amount


def reported_microdollars(text: str | None) -> int:
    """Return an amount of a report in millionths of a US dollar; 0 where it is missing or no amount that can be."""
    try:
        amount = Decimal(text or "0")
    except InvalidOperation:
        return 0
    return int(amount * _MICRO) if amount.is_finite() and 0 <= amount <= LARGEST_USD else 0
