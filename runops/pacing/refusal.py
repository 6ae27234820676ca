"""What a model's API says when a quota per minute is used up. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Counted", "MinuteQuota", "Refusal", "minute_quotas"]

_LARGEST_LIMIT = 10**12


class Counted(StrEnum):
    """What a quota counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class MinuteQuota:
    """A quota per minute.

    Attributes
    ----------
    counted
        Requests, or tokens of the input.
    limit
        How many in a minute; None where the API does not say.
    """

    counted: Counted
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that was refused since a quota per minute is used up.

    Attributes
    ----------
    model
        The model that was asked.
    wait
        Seconds that the API asks to wait; None where it does not say.
    quotas
        Those that are used up; empty where the API does not say.
    """

    model: str
    wait: float | None = None
    quotas: tuple[MinuteQuota, ...] = ()


def minute_quotas(violations: Iterable[Mapping[str, Any]]) -> tuple[MinuteQuota, ...]:
    """Return the quotas per minute among the violations of a `google.rpc.QuotaFailure`.

    Parameters
    ----------
    violations
        Objects with `quotaId`, `quotaMetric` and `quotaValue`, of which each may be missing or malformed.
    """
    found: dict[Counted, MinuteQuota] = {}
    for violation in violations:
        name = f"{violation.get('quotaId', '')} {violation.get('quotaMetric', '')}".lower()
        if "perminute" not in name:
            continue
        counted = Counted.TOKENS if "token" in name else Counted.REQUESTS
        limit = _limit(violation.get("quotaValue"))
        known = found.get(counted)
        if known is None or known.limit is None or (limit is not None and limit < known.limit):
            found[counted] = MinuteQuota(counted, limit)
    return tuple(found.values())


def _limit(value: object) -> int | None:
    text = str(value)
    # Zero is sent for a model that a plan does not include. No rate comes from that.
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:14]) <= _LARGEST_LIMIT else None
