"""What tokens cost. List prices of the Gemini API in US dollars per million tokens, thinking billed as output.

Source: the price page of the Gemini API (ai.google.dev, pricing), read on `PRICES_READ`. A model that is not here has
no known price, and a job's cost is then not shown rather than guessed.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from runops_worker.model.protocol import CallUsage

__all__ = ["PRICES_READ", "Price", "cost", "price_of"]

PRICES_READ = date(2026, 11, 23)
"""When the table was last compared with the price page."""

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; from `since` on.

    Attributes
    ----------
    cached
        Of input tokens that came from the provider's cache.
    """

    since: date
    input: Decimal
    output: Decimal
    cached: Decimal


def _price(since: date, given: str, got: str, cached: str) -> Price:
    return Price(since, Decimal(given), Decimal(got), Decimal(cached))


_START = date(2026, 1, 1)
_TABLE: dict[str, tuple[Price, ...]] = {
    "gemini-3.8-flash": (
        _price(_START, "0.75", "3.75", "0.075"),
        _price(date(2027, 1, 1), "1.50", "7.50", "0.075"),
    ),
    "gemini-4-hydrogen": (_price(_START, "1.50", "7.50", "0.075"),),
    # Where no price of cached tokens is known, they count as fresh ones: an upper bound.
    "gemini-4-argon": (_price(_START, "2", "10", "2"), _price(date(2026, 12, 1), "4", "20", "4")),
    "gemini-4-carbon": (_price(_START, "2", "10", "2"), _price(date(2026, 12, 1), "4", "20", "4")),
    "gemini-3.5-flash-lite": (_price(_START, "0.30", "2.50", "0.30"),),
    "gemini-3.1-pro-preview": (_price(_START, "2", "12", "2"),),
}
"""Per model, its prices by the day from which they hold, oldest first."""


def price_of(model: str, on: date) -> Price | None:
    """Return a model's price on a day; None where it is not known."""
    prices = _TABLE.get(model.removeprefix("models/"), ())
    return next((price for price in reversed(prices) if price.since <= on), None)


def cost(usage: CallUsage, on: date) -> Decimal | None:
    """Return what one call costs in US dollars; None where the model's price is not known."""
    price = price_of(usage.model, on)
    if price is None:
        return None
    fresh = max(usage.input_tokens - usage.cached_tokens, 0)
    dollars = fresh * price.input + usage.cached_tokens * price.cached + usage.output_tokens * price.output
    return dollars / _MILLION
