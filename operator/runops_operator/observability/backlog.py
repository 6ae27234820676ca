"""Reads the length of the queue, the age of its oldest row, and how many rows have each status, for the metrics."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from runops.job_row import Lane, RowStatus
from runops.logs import error_text
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.observability.metrics import Metrics
from runops_operator.times import moment

__all__ = ["BacklogWatch"]

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 30.0
_LOOKS_BETWEEN_COUNTS = 10
"""Rows of the other statuses are counted every five minutes: there may be millions of them."""


class BacklogWatch:
    """Reads the queue every 30 s, and counts the rows of all statuses every five minutes.

    Parameters
    ----------
    jobs
        The table.
    metrics
        Receives the values.
    now
        The server's clock; it gives times with their zone.
    """

    def __init__(self, jobs: JobsTable, metrics: Metrics, *, now: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._metrics = metrics
        self._now = now
        self._looks = 0

    async def once(self) -> None:
        """Read the queue once.

        Raises
        ------
        SupabaseError
            The table cannot be read.
        """
        queued = 0
        for lane in Lane:
            backlog = await self._jobs.backlog(lane)
            oldest = moment(backlog.oldest)
            age = 0.0 if oldest is None else (self._now() - oldest).total_seconds()
            self._metrics.queue(lane, rows=backlog.rows, oldest_seconds=age)
            queued += backlog.rows
        self._metrics.rows(RowStatus.QUEUED, queued)
        if self._looks % _LOOKS_BETWEEN_COUNTS == 0:
            for status in (RowStatus.PROCESSING, RowStatus.ERROR, RowStatus.COMPLETED):
                self._metrics.rows(status, await self._jobs.count(status))
        self._looks += 1

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Read until cancelled. An error only delays the values until the next read."""
        while True:
            trouble: str | None = None
            beat.moves()
            try:
                await self.once()
            except SupabaseError as error:
                trouble = str(error)
                self._metrics.supabase_error(error.kind)
                _log.warning("the queue could not be counted: %s", error_text(error))
            except Exception as error:  # noqa: BLE001 - a metric that cannot be read must not end the operator
                trouble = error_text(error)
                _log.exception("Unexpected error while the queue was counted.")
            beat.ended(trouble, next_within=_EVERY_SECONDS)
            await asyncio.sleep(_EVERY_SECONDS)
