"""Whether, when and how a video that failed is tried again. Pure, and the only place that decides it.

Neither Kubernetes' Job controller nor a worker nor an SDK makes further attempts beside this: a Job has
`backoffLimit: 0`, and a worker repeats single requests only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from runops.failures import Failure, FailureClass, Reason
from runops.polling import backoff

__all__ = ["MOST_COUNTED", "MOST_WAITS", "Again", "GiveUp", "History", "Pace", "after_failure", "pace"]


MOST_COUNTED = 1_000_000
"""Further than that nothing is counted; a row that says so was not written by us."""


class History(BaseModel):
    """What became of the attempts at one video so far. It is kept in the row, so it outlives every process.

    Attributes
    ----------
    failures
        Attempts that are used up.
    waits
        Further attempts that used up none: evictions, quotas, keys.
    more_memory
        Whether one ran out of memory, so that the next ones get more.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    failures: int = Field(default=0, ge=0, le=MOST_COUNTED)
    waits: int = Field(default=0, ge=0, le=MOST_COUNTED)
    more_memory: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Try again.

    Attributes
    ----------
    seconds
        To wait before.
    history
        To be kept for the decision after the next attempt.
    """

    seconds: float
    history: History


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End it. `words` say what a person reads after the failure's own sentence; often nothing."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the pauses after failures of one class grow: from `base` doubled up to `longest`, in seconds."""

    base: float
    longest: float


# Four attempts outlast a service that is away for a minute and a half.
_PACES: Mapping[FailureClass, Pace] = MappingProxyType(
    {
        FailureClass.TRANSIENT: Pace(20.0, 600.0),
        FailureClass.QUOTA: Pace(30.0, 900.0),
        FailureClass.KEY: Pace(10.0, 60.0),
        FailureClass.INFRASTRUCTURE: Pace(1.0, 60.0),
    }
)
MOST_WAITS: Mapping[FailureClass, int] = MappingProxyType(
    {FailureClass.QUOTA: 300, FailureClass.KEY: 10_000, FailureClass.INFRASTRUCTURE: 100}
)
"""After so many attempts that used up none, the next failure is final: every loop has a bound. At the longest pauses
that is three days for a quota, a week for a key, and one hundred evictions."""

_SHORTEST_ASKED_SECONDS = 1.0
"""A quota error that asks for no wait at all must not use up every attempt within a second."""
_LONGEST_ASKED_SECONDS = 3600.0
"""A service that asks for a longer wait, such as until midnight, is asked again after this."""


def pace(kind: FailureClass) -> Pace:
    """Return how pauses grow after failures of a class that is retried."""
    return _PACES[kind]


def after_failure(
    failure: Failure, history: History, *, retry_limit: int, asked_seconds: float | None = None, jitter: float = 0.0
) -> Again | GiveUp:
    """Return what becomes of a video whose attempt has just failed.

    Parameters
    ----------
    failure
        Why.
    history
        Of the attempts before this one.
    retry_limit
        Further attempts that a video gets after the first one failed.
    asked_seconds
        How long the service that refused asked to wait; never shortened, but looked at again after an hour.
    jitter
        0 to 1: spreads the pauses, so that what failed together does not come back together.
    """
    kind = failure.failure_class
    if not failure.retryable:
        return GiveUp()
    if failure.reason is Reason.OUT_OF_MEMORY:
        if history.more_memory:
            return GiveUp(" It had been given twice the memory after the first time.")
        return Again(_PACES[kind].base, history.model_copy(update={"more_memory": True}))
    if failure.counts:
        if history.failures >= retry_limit:
            return GiveUp(_given_up_after(history.failures + 1))
        later = history.model_copy(update={"failures": history.failures + 1})
        return Again(_pause(kind, later.failures, jitter), later)
    if history.waits >= MOST_WAITS[kind]:
        return GiveUp(f" Given up after {history.waits} interruptions.")
    later = history.model_copy(update={"waits": history.waits + 1})
    seconds = _pause(kind, later.waits, jitter)
    if asked_seconds is not None:
        asked = min(max(asked_seconds, _SHORTEST_ASKED_SECONDS), _LONGEST_ASKED_SECONDS)
        seconds = max(seconds if kind is not FailureClass.QUOTA else 0.0, asked + min(asked, 30.0) * jitter)
    return Again(seconds, later)


def _pause(kind: FailureClass, number: int, jitter: float) -> float:
    chosen = _PACES[kind]
    return backoff(number, base=chosen.base, longest=chosen.longest, jitter=jitter)


def _given_up_after(attempts: int) -> str:
    return f" Given up after {attempts} attempt{'s' if attempts != 1 else ''}."
