"""The order to drain an installation, as its ConfigMap holds it: `runops drain` writes it, the operator reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["END_OF_DRAIN", "DrainOrder", "confirmation", "drain_data", "read_drain_order"]

_SINCE, _BY, _WHY, _CONFIRMED = "since", "by", "why", "confirmed"
_LONGEST = 200
END_OF_DRAIN: Mapping[str, None] = {_SINCE: None, _BY: None, _WHY: None, _CONFIRMED: None}
"""The data, as a merge patch that ends the drain."""


@dataclass(frozen=True, slots=True)
class DrainOrder:
    """An order to claim nothing.

    Attributes
    ----------
    since
        When it was given, as it is written there. A later order has another one.
    by, why
        Who gave it, and for what; "" where that is not said.
    confirmed
        Whether the operator claims nothing since then, and every row that it claimed before has its VideoJob.
    """

    since: str
    by: str = ""
    why: str = ""
    confirmed: bool = False

    @property
    def sentence(self) -> str:
        """Since when, by whom and for what."""
        by = f" by {self.by}" if self.by else ""
        return f"Drained since {self.since}{by}{f': {self.why}' if self.why else ''}."


def read_drain_order(data: Mapping[str, Any] | None) -> DrainOrder | None:
    """Return the order in the data of a ConfigMap, which anybody may have written; None where there is none."""
    texts = {key: " ".join(str(value).split())[:_LONGEST] for key, value in (data or {}).items() if value is not None}
    since = texts.get(_SINCE, "")
    if not since:
        return None
    return DrainOrder(
        since, by=texts.get(_BY, ""), why=texts.get(_WHY, ""), confirmed=texts.get(_CONFIRMED, "") == since
    )


def drain_data(order: DrainOrder) -> dict[str, str | None]:
    """Return the data of a new order, as a merge patch."""
    return {_SINCE: order.since, _BY: order.by or None, _WHY: order.why or None, _CONFIRMED: None}


def confirmation(order: DrainOrder) -> dict[str, str]:
    """Return what the operator adds to the data when it claims nothing any more."""
    return {_CONFIRMED: order.since}
