"""Why no rows are claimed, as the operator's own pod shows it and `runops check` reads it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runops.breakers.reason_breakers import Pause
from runops.failures import TABLE
from runops.timestamps import rfc3339

__all__ = ["CONDITION", "Standstill", "Told", "next_try", "told_by"]

CONDITION = "runops.dev/Claiming"
"""Type of the condition. It is False while no rows are claimed."""
_BY_NAME = {reason.value: failure for reason, failure in TABLE.items()}


@dataclass(frozen=True, slots=True)
class Standstill:
    """Why no rows are claimed.

    Attributes
    ----------
    reason
        One word.
    sentence
        For a person: what was said, and what to do.
    since
        When it began.
    outlook
        When it is tried again; "" where nothing is to be said of it.
    """

    reason: str
    sentence: str
    since: datetime
    outlook: str = ""

    @property
    def condition_reason(self) -> str:
        """The word as conditions have it, in CamelCase."""
        return self.reason[:1].upper() + self.reason[1:]

    @property
    def message(self) -> str:
        """All of it."""
        return " ".join(
            filter(None, (self.sentence, f"No rows are claimed since {rfc3339(self.since)}.", self.outlook))
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What a condition tells.

    Attributes
    ----------
    reason
        One word.
    detail
        What was said, since when, and when it is tried again.
    remedy
        What a person can do; None where the condition has none of the table of failures.
    """

    reason: str
    detail: str
    remedy: str | None


def next_try(pause: Pause) -> str:
    """Return when the next video tries whether a fault is over."""
    if pause.next_try is None:
        return "One video tries now whether it is over."
    return f"The next video tries at {rfc3339(pause.next_try)} whether it is over."


def told_by(conditions: Iterable[Mapping[str, Any]]) -> Told | None:
    """Return what the conditions of an operator's pod tell; None where they do not say that no rows are claimed."""
    for condition in conditions:
        if condition.get("type") == CONDITION and condition.get("status") == "False":
            reason, message = str(condition.get("reason")), str(condition.get("message"))
            failure = _BY_NAME.get(reason)
            if failure is None or failure.remedy not in message:
                return Told(reason, message, None)
            return Told(reason, " ".join(message.replace(failure.remedy, "").split()), failure.remedy)
    return None
