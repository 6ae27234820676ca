"""How long to wait before the `jobs` table is read again. Pure."""

from runops_operator.config import Poll
from runops_operator.workqueue import backoff

__all__ = ["next_read_in"]


def next_read_in(poll: Poll, *, since_movement: float | None, failures: int = 0, jitter: float = 0.0) -> float:
    """Return the seconds until the next read; a finished video or a free slot wakes the reader earlier.

    Parameters
    ----------
    poll
        The configured paces.
    since_movement
        Seconds since a row was claimed or finished last; None where nothing moved yet.
    failures
        Consecutive reads that failed.
    jitter
        0 to 1, so that many operators do not read in step.
    """
    if failures:
        return backoff(failures, base=poll.busy_seconds, jitter=jitter)
    busy = since_movement is not None and since_movement < poll.busy_window_seconds
    pace = poll.busy_seconds if busy else poll.idle_seconds
    return pace * (0.9 + 0.2 * jitter)
