"""How long to wait before the next read or try: adaptive polling and backoff. Pure."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["Poll", "backoff", "next_read_in"]

_LEAST_SHARE = 0.1
"""Share of a pace that lies between two reads at least, however long a read takes."""


class Poll(BaseModel):
    """How often the `jobs` table is read.

    Attributes
    ----------
    busy_seconds
        Between reads at most, while anything moved in the last `busy_window_seconds`.
    idle_seconds
        Between reads at most, otherwise.
    connected_seconds
        Between reads at most, while Realtime reports queued rows.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    busy_seconds: Annotated[float, Field(gt=0)] = 1.0
    idle_seconds: Annotated[float, Field(gt=0)] = 5.0
    connected_seconds: Annotated[float, Field(gt=0)] = 30.0
    busy_window_seconds: Annotated[float, Field(ge=0)] = 600.0


def backoff(failures: int, *, base: float = 0.5, longest: float = 60.0, jitter: float = 0.0) -> float:
    """Return the pause in seconds before the next try.

    Parameters
    ----------
    failures
        Consecutive failures so far, at least 1.
    base
        Pause after the first, doubled after each further one.
    longest
        Upper bound.
    jitter
        0 to 1: where in the upper half of the pause the result lies. Random in practice, so that clients that failed
        together do not retry together.
    """
    whole: float = min(longest, base * 2.0 ** min(failures - 1, 30))
    return whole / 2 + whole / 2 * jitter


def next_read_in(
    poll: Poll,
    *,
    since_movement: float | None,
    hints_expected: bool = False,
    failures: int = 0,
    took: float = 0.0,
    jitter: float = 0.0,
) -> float:
    """Return the seconds until the next read; a finished video or a free slot wakes the reader earlier.

    A row waits at most for one pace, its claim included. So the time of the last read and its claims is subtracted, and
    a little more for the next ones.

    Parameters
    ----------
    poll
        The paces.
    since_movement
        Seconds since a row was last claimed or finished; None before the first.
    hints_expected
        Whether Realtime wakes the reader for each queued row.
    failures
        Consecutive reads that failed.
    took
        Seconds that the last read and its claims took.
    jitter
        0 to 1, random in practice, so that many readers do not read in step.
    """
    if failures:
        return backoff(failures, base=poll.busy_seconds, jitter=jitter)
    busy = since_movement is not None and since_movement < poll.busy_window_seconds
    pace = poll.connected_seconds if hints_expected else poll.busy_seconds if busy else poll.idle_seconds
    return max(pace * (0.65 + 0.2 * jitter) - took, pace * _LEAST_SHARE)
