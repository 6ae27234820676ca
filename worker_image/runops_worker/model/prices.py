"""What calls cost. List prices of the Gemini API in US dollars per million tokens, thinking billed as output.

The prices come from the package `genai-prices`: by model family, day, length of the context and kind of token. `_NEWER`
holds models that it does not know yet. A model that neither knows has no price; its calls are counted as unpriced.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from runops_worker.model.protocol import CallUsage

__all__ = ["cost"]

_MILLION = Decimal(1_000_000)
_NUMBERED = re.compile(r"-\d{3}$")
"""End of the name by which a model calls itself: `gemini-3.8-flash-001`."""


@dataclass(frozen=True, slots=True)
class _Price:
    """US dollars per million tokens, from `since` on; `cached` for input tokens from the provider's cache."""

    since: date
    input: Decimal
    output: Decimal
    cached: Decimal


_START = date(2026, 1, 1)
# Source: the price page of the Gemini API (ai.google.dev, pricing), read on 2026-11-23.
_NEWER: dict[str, tuple[_Price, ...]] = {
    "gemini-4-hydrogen": (_Price(_START, Decimal("1.50"), Decimal("7.50"), Decimal("0.075")),),
    # No price of cached tokens is known, so they count as fresh ones: an upper bound.
    "gemini-4-carbon": (
        _Price(_START, Decimal(2), Decimal(10), Decimal(2)),
        _Price(date(2026, 12, 1), Decimal(4), Decimal(20), Decimal(4)),
    ),
}
"""Per model, its prices by the day from which they hold, oldest first."""


def cost(usage: CallUsage, on: date) -> Decimal | None:
    """Return what one call costs in US dollars on a day; None where the model's price is not known."""
    named = usage.model.removeprefix("models/")
    family = _NUMBERED.sub("", named)
    if (price := _newer(family, on)) is not None:
        fresh = max(usage.input_tokens - usage.cached_tokens, 0)
        dollars = fresh * price.input + usage.cached_tokens * price.cached + usage.output_tokens * price.output
        return dollars / _MILLION
    for name in dict.fromkeys((named, family)):
        if (known := _by_the_package(name, usage, on)) is not None:
            return known
    return None


def _newer(family: str, on: date) -> _Price | None:
    return next((price for price in reversed(_NEWER.get(family, ())) if price.since <= on), None)


def _by_the_package(model: str, usage: CallUsage, on: date) -> Decimal | None:
    # Imported here: it takes a quarter of a second of CPU, which a worker does not need before its first answer.
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - see above

    tokens = Usage(
        input_tokens=usage.input_tokens,
        # The package refuses parts that are larger than the whole.
        cache_read_tokens=min(usage.cached_tokens, usage.input_tokens),
        input_audio_tokens=min(usage.audio_tokens, max(usage.input_tokens - usage.cached_tokens, 0)),
        # The package refuses sound and cached tokens without the share that they have in common. No bill names it.
        cache_audio_read_tokens=0,
        output_tokens=usage.output_tokens,
    )
    try:
        price = calc_price(
            tokens,
            model_ref=model,
            provider_id="google",
            genai_request_timestamp=datetime.combine(on, time(12), UTC),
        )
    except LookupError:
        return None
    return price.total_price
