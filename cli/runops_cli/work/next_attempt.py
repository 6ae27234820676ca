"""Decides what to do with a video that has just failed. Pure."""

from dataclasses import dataclass

from runops import retry_policy
from runops.failures import Failed, FailureClass, Reason
from runops.retry_policy import Again, History

__all__ = ["GiveUp", "LeaveAlone", "Next", "PutBack", "after_failure"]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Set the row to `error` with this sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """Set the row back to `queued`: a key or a setting is wrong, so every other video would fail too."""


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """Change nothing: the claim was lost."""


Next = Again | GiveUp | PutBack | LeaveAlone


def after_failure(error: Failed, history: History, *, retries: int, jitter: float = 0.0) -> Next:
    """Return the next step for a video that has just failed.

    Parameters
    ----------
    error
        Why it failed.
    history
        Of the attempts before this one.
    retries
        How many more attempts a video gets.
    jitter
        0 to 1, spreads the pauses.
    """
    failure = error.failure
    if failure.failure_class is FailureClass.CLAIM:
        return LeaveAlone()
    if failure.failure_class is FailureClass.KEY or failure.reason is Reason.TERMINATED:
        return PutBack()
    further = retry_policy.after_failure(
        failure, history, retry_limit=retries, asked_seconds=error.retry_after, jitter=jitter
    )
    return further if isinstance(further, Again) else GiveUp(f"{error.detail}{further.words}")
