"""What results cost, by length and by what came of it. Pure."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from runops.report import Usage

__all__ = ["Costs", "costs"]


@dataclass(frozen=True, slots=True)
class Costs:
    """Dollars by recorded minute and by matched step, and tokens by recorded minute; None where they are not known."""

    usd_per_minute: float | None
    usd_per_matched_step: float | None
    tokens_per_minute: float | None


def costs(usage: Usage | None, *, duration: float, matched: int) -> Costs:
    """Return the costs.

    Dollars are not known where the price of a call is not; by matched step they are not where no step is matched.
    """
    if usage is None:
        return Costs(None, None, None)
    minutes = duration / 60
    dollars = None if usage.unpriced_calls else _dollars(usage.cost_usd)
    return Costs(
        usd_per_minute=None if dollars is None else dollars / minutes,
        usd_per_matched_step=None if dollars is None or not matched else dollars / matched,
        tokens_per_minute=usage.total_tokens / minutes,
    )


def _dollars(text: str | None) -> float | None:
    try:
        return None if text is None else float(Decimal(text))
    except InvalidOperation:
        return None
