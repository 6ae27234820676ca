"""Decides what to do with a video that has just failed. Pure."""

from dataclasses import dataclass

from runops import retry_policy
from runops.breakers.shared_faults import ALONE
from runops.failures import Failed, FailureClass, Reason
from runops.retry_policy import Again, History

__all__ = ["GiveUp", "LeaveAlone", "Next", "PutBack", "after_failure"]


_STOPPED_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Set the row to `error` with this sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """Set the row back to `queued`: every other video would meet the same, or a signal stopped this one.

    Attributes
    ----------
    seconds
        Pause before this process tries it again.
    history
        With the attempt that ended.
    """

    seconds: float
    history: History


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """Change nothing: the claim was lost."""


Next = Again | GiveUp | PutBack | LeaveAlone


def after_failure(error: Failed, history: History, *, retries: int, shared: bool = False, jitter: float = 0.0) -> Next:
    """Return the next step for a video that has just failed.

    Parameters
    ----------
    error
        Why it failed.
    history
        Of the attempts before this one.
    retries
        How many more attempts a video gets.
    shared
        Whether other videos meet the same failure: then it uses up no attempt.
    jitter
        0 to 1, spreads the pauses.
    """
    failure = error.failure
    if failure.failure_class is FailureClass.CLAIM:
        return LeaveAlone()
    if failure.reason is Reason.TERMINATED:
        return PutBack(_STOPPED_SECONDS, history)
    further = retry_policy.after_failure(
        failure, history, retry_limit=retries, shared=shared, asked_seconds=error.retry_after, jitter=jitter
    )
    if not isinstance(further, Again):
        return GiveUp(f"{error.detail}{further.words}")
    # What may be an outage is not tried in place: another video that gets past it tells.
    put_back = shared or failure.reason in ALONE
    return PutBack(further.seconds, further.history) if put_back else further
