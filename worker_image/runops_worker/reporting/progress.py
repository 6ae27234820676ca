"""Where progress goes, and how often. The decision is pure; the sinks do the writing."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.supabase.errors import SupabaseError

__all__ = ["Beats", "ProgressSink", "RowSink", "Throttle", "both"]

_LOG = logging.getLogger(__name__)
_WRITE_SECONDS = 10.0
"""Longest time for one heartbeat, tries and pauses included: the next beat repeats it anyway."""


class ProgressSink(Protocol):
    """Takes progress."""

    async def report(self, stage: Stage, percent: int) -> None:
        """Take where the video is.

        Raises
        ------
        Failed
            `ClaimLost` where the row is no longer this worker's.
        """
        ...


class Beats(Protocol):
    """The one thing the row's sink needs of the `jobs` table."""

    async def heartbeat(
        self, job_id: UUID, token: str, *, stage: Stage | None = None, percent: int | None = None
    ) -> bool:
        """Refresh the row if it is still held under the token; False where it is not."""
        ...


@dataclass
class Throttle:
    """Decides whether a report is worth a write.

    Attributes
    ----------
    least_seconds
        Between two writes of the same stage.
    most_seconds
        After which a write is due even when nothing moved; None for never.
    """

    least_seconds: float = 10.0
    most_seconds: float | None = 30.0
    _last: tuple[Stage, int, float] | None = None

    def due(self, stage: Stage, percent: int, *, now: float) -> bool:
        """Tell whether to write; `now` is in seconds on a clock that only goes forward."""
        if self._last is None:
            return True
        stage_before, percent_before, written = self._last
        if stage is not stage_before:
            return True
        waited = now - written
        moved = percent != percent_before
        return (moved and waited >= self.least_seconds) or (
            self.most_seconds is not None and waited >= self.most_seconds
        )

    def wrote(self, stage: Stage, percent: int, *, now: float) -> None:
        """Take note of a write."""
        self._last = (stage, percent, now)


class RowSink:
    """Writes progress into the job's row, which is its heartbeat and the check of its claim.

    Parameters
    ----------
    jobs
        The table.
    job_id, claim
        The row and the token under which it is held.
    clock
        Seconds that only go forward.
    """

    def __init__(self, jobs: Beats, job_id: UUID, claim: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._claim = claim
        self._clock = clock
        self._throttle = Throttle()
        self._lock = asyncio.Lock()

    async def report(self, stage: Stage, percent: int) -> None:
        """Write where it is due. An outage of the database is no reason to stop: the work goes on, the row waits.

        Raises
        ------
        Failed
            `ClaimLost` where the row is no longer held under the token.
        """
        async with self._lock:
            now = self._clock()
            if not self._throttle.due(stage, percent, now=now):
                return
            try:
                async with asyncio.timeout(_WRITE_SECONDS):
                    held = await self._jobs.heartbeat(self._job_id, self._claim, stage=stage, percent=percent)
            except TimeoutError:
                _LOG.warning("the row's progress could not be written in time")
                return
            except SupabaseError as error:
                if not error.retryable:
                    raise
                _LOG.warning("the row's progress could not be written", extra={"kind": error.kind})
                return
            if not held:
                raise Failed(Reason.CLAIM_LOST)
            self._throttle.wrote(stage, percent, now=now)


class both:  # noqa: N801 - reads as the word it is: both(row, videojob)
    """Report to several sinks, one after the other.

    Parameters
    ----------
    sinks
        The first one that raises ends the report.
    """

    def __init__(self, *sinks: ProgressSink) -> None:
        self._sinks = sinks

    async def report(self, stage: Stage, percent: int) -> None:
        """Report to each."""
        for sink in self._sinks:
            await sink.report(stage, percent)
