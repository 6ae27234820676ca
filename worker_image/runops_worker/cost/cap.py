"""The most that a video may cost, and what follows for its next call. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from runops.failures import Failed, Reason
from runops_worker.model.ledger import Ledger

__all__ = ["NO_CAP", "Cap", "Verdict", "reached", "refused_video", "verdict", "without_price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most that a video may cost.

    Attributes
    ----------
    most_usd
        In US dollars, over all attempts; None for no cap.
    require_prices
        Whether a model whose price is not known is refused where there is a cap. Otherwise its calls count as free.
    setting
        Name of the setting, for sentences.
    """

    most_usd: Decimal | None = None
    require_prices: bool = False
    setting: str = "cost.maxPerVideoUsd"


NO_CAP = Cap()


class Verdict(StrEnum):
    """What is done about a call."""

    GO = "go"
    WAIT = "wait"
    """Until a call that is under way has ended and its bill is known."""
    STOP = "stop"


def refused_video(cap: Cap, *, ledger: Ledger, estimate: Decimal | None) -> Failed | None:
    """Return why a video is refused before its first call; None where it may begin, or has begun before."""
    if cap.most_usd is None or estimate is None or estimate <= cap.most_usd or ledger.calls:
        return None
    return Failed(
        Reason.COST_CAP_REACHED,
        f"The model would cost about {estimate:.2f} USD for this video, more than the cap of {cap.most_usd} USD for "
        f"one video. Nothing was spent. Raise {cap.setting}, or split the recording.",
    )


def without_price(cap: Cap, models: Iterable[str]) -> Failed | None:
    """Return why a video is refused whose models have no known price; None where it is not."""
    named = ", ".join(models)
    if cap.most_usd is None or not cap.require_prices or not named:
        return None
    return Failed(
        Reason.COST_CAP_REACHED,
        f"The price of {named} is not known, so the cap of {cap.most_usd} USD for one video cannot be kept. "
        f"Choose a model with a known price, or set cost.requirePrices to false.",
    )


def verdict(cap: Cap, *, spent: Decimal, under_way: Iterable[Decimal], next_usual: Decimal) -> Verdict:
    """Return what is done about the next call.

    Calls under way count with the most that they may cost, so the cap is exceeded by the last call only, and by what
    that one costs more than calls of its kind as a rule.

    Parameters
    ----------
    cap
        The cap.
    spent
        Dollars billed so far.
    under_way
        The most dollars that each call under way may cost.
    next_usual
        The dollars that the next call costs as a rule.
    """
    if cap.most_usd is None:
        return Verdict.GO
    reserved = list(under_way)
    if spent + sum(reserved, Decimal(0)) + next_usual <= cap.most_usd:
        return Verdict.GO
    return Verdict.WAIT if reserved else Verdict.STOP


def reached(cap: Cap, *, spent: Decimal, next_usual: Decimal) -> Failed:
    """Return the failure of a video whose next call would exceed the cap."""
    return Failed(
        Reason.COST_CAP_REACHED,
        f"The model has cost {spent:.4f} USD for this video. With the next call of about {next_usual:.4f} USD it "
        f"would exceed the cap of {cap.most_usd} USD for one video. What is finished is kept: raise {cap.setting}, "
        "then queue the job again (`runops retry`).",
    )
