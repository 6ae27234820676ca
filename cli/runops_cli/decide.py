"""What `runops work` does next. Pure."""

from dataclasses import dataclass
from datetime import datetime

from runops.failures import Failed, FailureClass, Reason
from runops.job_row import JobRow, RowStatus
from runops.polling import backoff

__all__ = [
    "STALE_SECONDS",
    "GiveUp",
    "LeaveAlone",
    "Next",
    "PutBack",
    "Retry",
    "after_failure",
    "is_abandoned",
]

STALE_SECONDS = 300.0
"""After so long without a heartbeat (they come every 60 s at least), nobody works on a row any more."""

_FIRST_RETRY_SECONDS = 5.0
_FIRST_QUOTA_RETRY_SECONDS = 30.0
_LONGEST_RETRY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Try the same video again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Set the row to `error` with this sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """Set the row back to `queued`: not the video is at fault but a key, and so would be every video after it."""


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """Change nothing: the row belongs to somebody else."""


Next = Retry | GiveUp | PutBack | LeaveAlone


def after_failure(error: Failed, *, attempt: int, retries: int, jitter: float = 0.0) -> Next:
    """Return what becomes of a video that has just failed.

    Parameters
    ----------
    error
        Why it failed.
    attempt
        Which attempt that was, counted from 1.
    retries
        How many further attempts a video gets.
    jitter
        0 to 1, spreads the pauses.
    """
    kind = error.failure.failure_class
    if kind is FailureClass.CLAIM:
        return LeaveAlone()
    if error.reason in {Reason.KEY_REJECTED, Reason.MODEL_KEY_REJECTED, Reason.TERMINATED}:
        return PutBack()
    if not error.failure.retryable:
        return GiveUp(error.detail)
    if attempt > retries:
        tries = "1 attempt" if attempt == 1 else f"{attempt} attempts"
        return GiveUp(f"{error.detail} Given up after {tries}.")
    base = _FIRST_QUOTA_RETRY_SECONDS if kind is FailureClass.QUOTA else _FIRST_RETRY_SECONDS
    return Retry(backoff(attempt, base=base, longest=_LONGEST_RETRY_SECONDS, jitter=jitter))


def is_abandoned(row: JobRow, *, by: str, now: datetime) -> bool:
    """Whether a row was claimed by a process of this machine that is no longer there.

    Parameters
    ----------
    row
        The row as just read.
    by
        The name under which this machine claims.
    now
        The time at the server, which writes `updated_at`.
    """
    if row.status != RowStatus.PROCESSING or row.claim is None or row.claim.by != by or row.updated_at is None:
        return False
    try:
        updated = datetime.fromisoformat(row.updated_at)
    except ValueError:
        return False
    if updated.tzinfo is None:
        return False
    return (now - updated).total_seconds() > STALE_SECONDS
