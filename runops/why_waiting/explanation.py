"""What is said of a job."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from runops.timestamps import rfc3339

__all__ = ["Explanation", "State", "length"]

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class State(StrEnum):
    """In which of a few states a job is, for colours and filters."""

    WAITING = "waiting"
    HINDERED = "hindered"
    """It waits for something that is wrong, or that a person stopped."""
    RUNNING = "running"
    COMPLETED = "completed"
    WITHOUT_SOP = "without a SOP"
    """Its row is completed, and there is no SOP of it."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    NOT_OURS = "not ours"
    """Its row has a status that runops does not touch."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job waits, or what else it does.

    Attributes
    ----------
    state
        In one word.
    sentence
        What it waits for, as a sentence.
    since
        Since when; None where that is not known.
    until
        Until when; None where it may last, or where that is not known.
    remedy
        What a person can do, as a sentence; None where there is nothing to do.
    """

    state: State
    sentence: str
    since: datetime | None = None
    until: datetime | None = None
    remedy: str | None = None

    def in_words(self, now: datetime) -> str:
        """Return all of it in one line."""
        times = []
        if self.since is not None:
            times.append(f"since {rfc3339(self.since)} ({length((now - self.since).total_seconds())})")
        if self.until is not None and self.until > now:
            times.append(f"until {rfc3339(self.until)} (in {length((self.until - now).total_seconds())})")
        said = ", ".join(times)
        return " ".join(filter(None, (self.sentence, said and f"{said[0].upper()}{said[1:]}.", self.remedy)))


def length(seconds: float) -> str:
    """Return a length as a person reads it: `40 seconds`, `12 minutes`, `3 hours`, `8 days`."""
    whole = max(0, int(seconds))
    size, unit = next((one for one in _UNITS if whole >= 2 * one[0]), _UNITS[-1])
    count = whole // size
    return f"{count} {unit}{'' if count == 1 else 's'}"
