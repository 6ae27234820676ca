"""Whether, when and how a video that failed is tried again. Pure, and the only place that decides it.

Nothing else repeats an attempt: a Job has `backoffLimit: 0`, and a worker repeats single requests only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from runops.failures import Failure, FailureClass, Reason
from runops.polling import backoff

__all__ = [
    "LONGEST_ASKED_SECONDS",
    "MOST_COUNTED",
    "MOST_WAITS",
    "Again",
    "GiveUp",
    "History",
    "Pace",
    "after_failure",
    "pace",
]


MOST_COUNTED = 1_000_000
"""The highest number that is read from a row; the operator never writes a higher one."""
_CLASSES = frozenset(kind.value for kind in FailureClass)


class History(BaseModel):
    """The attempts at one video so far. It is kept in the row, so it survives every process.

    Attributes
    ----------
    failures
        Attempts that are used up.
    waits
        Interruptions, which use up no attempt, by class: evictions, quotas, keys, faults that all videos share. Each
        class has a bound of its own, so that a long outage leaves the bound of another class alone.
    more_memory
        Whether an attempt ran out of memory, so that the next ones get twice as much.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    failures: int = Field(default=0, ge=0, le=MOST_COUNTED)
    waits: Mapping[FailureClass, int] = Field(default_factory=dict)
    more_memory: bool = False

    @field_validator("waits", mode="before")
    @classmethod
    def _known_waits(cls, value: Any) -> Any:
        """Leave out what is no count of a class: earlier versions wrote one number, later ones may know others."""
        if not isinstance(value, Mapping):
            return {}
        return {
            FailureClass(kind): count
            for kind, count in value.items()
            if kind in _CLASSES and type(count) is int and 0 <= count <= MOST_COUNTED
        }

    @property
    def interruptions(self) -> int:
        """Interruptions of all classes."""
        return sum(self.waits.values())

    def interrupted(self, kind: FailureClass) -> "History":
        """Return the history after one more interruption of a class."""
        waits = {**self.waits, kind: min(self.waits.get(kind, 0) + 1, MOST_COUNTED)}
        return History(failures=self.failures, waits=waits, more_memory=self.more_memory)


@dataclass(frozen=True, slots=True)
class Again:
    """Try again.

    Attributes
    ----------
    seconds
        Pause before the next attempt.
    history
        With the attempt that ended; to be written into the row.
    """

    seconds: float
    history: History


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Give up. `words` are appended to the failure's sentence; often there are none."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the pauses after failures of one class grow: doubled from `base` up to `longest`, in seconds."""

    base: float
    longest: float


# Four attempts outlast an outage of a minute and a half.
_PACES: Mapping[FailureClass, Pace] = MappingProxyType(
    {
        FailureClass.TRANSIENT: Pace(20.0, 600.0),
        FailureClass.QUOTA: Pace(30.0, 900.0),
        FailureClass.KEY: Pace(10.0, 60.0),
        FailureClass.INFRASTRUCTURE: Pace(1.0, 60.0),
    }
)
MOST_WAITS: Mapping[FailureClass, int] = MappingProxyType(
    {
        FailureClass.TRANSIENT: 500,
        FailureClass.QUOTA: 300,
        FailureClass.KEY: 10_000,
        FailureClass.INFRASTRUCTURE: 100,
    }
)
"""After so many interruptions of a class the next one is final. At the longest pauses that is three days for a quota or
an outage, and a week for a key."""

_UNTIL_IT_IS_MENDED = frozenset({Reason.SIDECAR_FAILED, Reason.WRONG_ARCHITECTURE})
"""No worker ran, and none will for any video before the cluster is mended: like an image that cannot be pulled, this is
waited for without end, and counts as nothing."""

_SHORTEST_ASKED_SECONDS = 1.0
"""A quota error that asks for no wait at all must not use up every attempt within a second."""
LONGEST_ASKED_SECONDS = 3600.0
"""A service that asks for a longer wait, such as until midnight, is tried again after this."""


def pace(kind: FailureClass) -> Pace:
    """Return how pauses grow after failures of a retried class."""
    return _PACES[kind]


def after_failure(
    failure: Failure,
    history: History,
    *,
    retry_limit: int,
    shared: bool = False,
    asked_seconds: float | None = None,
    jitter: float = 0.0,
) -> Again | GiveUp:
    """Return whether and when a video whose attempt has just failed is tried again.

    Parameters
    ----------
    failure
        Why.
    history
        Of the attempts before this one.
    retry_limit
        How many further attempts a video gets after the first one failed.
    shared
        Whether other videos meet the same failure: then it is an interruption, and uses up no attempt.
    asked_seconds
        How long the service asked to wait. The pause is never shorter, except that it is at most an hour.
    jitter
        0 to 1; spreads the pauses, so that videos that failed together are not tried again together.
    """
    kind = failure.failure_class
    if not failure.retryable:
        return GiveUp()
    if failure.reason is Reason.OUT_OF_MEMORY:
        if history.more_memory:
            return GiveUp(" It had been given twice the memory after the first time.")
        return Again(_PACES[kind].base, history.model_copy(update={"more_memory": True}))
    if failure.reason in _UNTIL_IT_IS_MENDED:
        return Again(_PACES[kind].longest, history)
    if failure.counts and not shared:
        if history.failures >= retry_limit:
            return GiveUp(_given_up_after(history.failures + 1))
        later = history.model_copy(update={"failures": history.failures + 1})
        return Again(_pause(kind, later.failures, jitter), later)
    waits = history.waits.get(kind, 0)
    if waits >= MOST_WAITS[kind]:
        return GiveUp(f" Given up after {waits} interruptions.")
    later = history.interrupted(kind)
    seconds = _pause(kind, waits + 1, jitter)
    if asked_seconds is not None:
        asked = min(max(asked_seconds, _SHORTEST_ASKED_SECONDS), LONGEST_ASKED_SECONDS)
        spread = asked + min(asked, 30.0) * jitter
        seconds = spread if kind is FailureClass.QUOTA else max(seconds, spread)
    return Again(seconds, later)


def _pause(kind: FailureClass, number: int, jitter: float) -> float:
    chosen = _PACES[kind]
    return backoff(number, base=chosen.base, longest=chosen.longest, jitter=jitter)


def _given_up_after(attempts: int) -> str:
    return f" Given up after {attempts} attempt{'s' if attempts != 1 else ''}."
