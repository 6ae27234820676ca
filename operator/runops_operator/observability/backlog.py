"""Looks at the queue from time to time, for the metrics: how many rows wait, and since when."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops_operator.observability.metrics import Metrics
from runops_operator.times import moment

__all__ = ["BacklogWatch"]

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 30.0


class BacklogWatch:
    """The watch.

    Parameters
    ----------
    jobs
        The table.
    metrics
        Shown what is seen.
    now
        The server's clock; it gives times with their zone.
    """

    def __init__(self, jobs: JobsTable, metrics: Metrics, *, now: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._metrics = metrics
        self._now = now

    async def once(self) -> None:
        """Look once.

        Raises
        ------
        SupabaseError
            The table cannot be read.
        """
        backlog = await self._jobs.backlog()
        oldest = moment(backlog.oldest)
        self._metrics.queue(
            rows=backlog.rows, oldest_seconds=0.0 if oldest is None else (self._now() - oldest).total_seconds()
        )

    async def run(self) -> None:
        """Look until cancelled; what cannot be read now is read the next time."""
        while True:
            try:
                await self.once()
            except SupabaseError as error:
                self._metrics.supabase_error(error.kind)
            except Exception:  # noqa: BLE001 - a figure that cannot be had must not end the operator
                _log.exception("Unforeseen fault while the queue was counted.")
            await asyncio.sleep(_EVERY_SECONDS)
