"""Reads the rows among which the intake chooses: few, and yet no user is hidden behind another one's queue."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from runops.job_row import JobRow
from runops.supabase.jobs import JobsTable
from runops_operator.config import OperatorConfig
from runops_operator.intake.passed_over import PassedOver

__all__ = ["Candidates", "page_size"]

_SMALLEST_PAGE = 50
_LARGEST_PAGE = 1000
_MOST_READS = 4
_STALE_EVERY_SECONDS = 60.0


def page_size(slots: int) -> int:
    """Return how many rows to read for so many free slots. Pure."""
    return min(max(2 * slots, _SMALLEST_PAGE), _LARGEST_PAGE)


class Candidates:
    """The reader.

    Parameters
    ----------
    jobs
        The table.
    config
        Settings of this installation.
    """

    def __init__(self, jobs: JobsTable, config: OperatorConfig) -> None:
        self._jobs = jobs
        self._config = config
        self._stale_read_at: datetime | None = None

    async def read(self, *, slots: int, active: Mapping[str, int], server_time: datetime) -> list[JobRow]:
        """Return queued and stale rows, oldest first, with at least one row of each user who may be next.

        If the oldest rows do not fill a page, there are no others. Otherwise rows with a priority are read too, and the
        oldest rows of the users that are not on the pages so far.

        Parameters
        ----------
        slots
            How many rows may be claimed.
        active
            Videos at work by user: a user with none comes before one with some.
        server_time
            Now, on the server's clock.
        """
        found = _Found(await self._stale(slots=slots, server_time=server_time))
        limit = page_size(slots)
        page = found.add(await self._jobs.queued(limit=limit))
        if not _is_full(page, limit):
            return found.oldest_first()
        found.add(await self._jobs.queued(limit=limit, prioritised=True))
        passed_over = PassedOver(active)
        for _ in range(_MOST_READS):
            passed_over.add(page)
            page = found.add(
                await self._jobs.queued(
                    limit=limit, without_users=passed_over.spellings(), without_nobody=passed_over.nobody
                )
            )
            if not _is_full(page, limit) or not passed_over.complete:
                break
        return found.oldest_first()

    async def _stale(self, *, slots: int, server_time: datetime) -> list[JobRow]:
        every = timedelta(seconds=min(_STALE_EVERY_SECONDS, self._config.stale_after_seconds / 2))
        if self._stale_read_at is not None and timedelta(0) <= server_time - self._stale_read_at < every:
            return []
        before = server_time - timedelta(seconds=self._config.stale_after_seconds)
        rows = await self._jobs.stale(
            before=before.isoformat(), installation=self._config.installation, limit=min(slots, _LARGEST_PAGE)
        )
        if len(rows) < slots:
            self._stale_read_at = server_time
        return rows


class _Found:
    """Rows of several pages, each row once as it was read last."""

    def __init__(self, rows: Iterable[JobRow]) -> None:
        self._rows: dict[UUID, JobRow] = {row.job_id: row for row in rows}

    def add(self, page: list[JobRow]) -> list[JobRow]:
        """Add a page and return it."""
        self._rows.update({row.job_id: row for row in page})
        return page

    def oldest_first(self) -> list[JobRow]:
        """Return all rows in the order of the queue."""
        return sorted(self._rows.values(), key=lambda row: (row.created_at or "", str(row.job_id)))


def _is_full(page: list[JobRow], limit: int) -> bool:
    """Tell whether there may be more rows. A server may give fewer than asked for, but hardly so few."""
    return len(page) >= min(limit, _SMALLEST_PAGE)
