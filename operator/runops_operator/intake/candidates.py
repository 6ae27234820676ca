"""Reads the rows among which the intake chooses: few, and yet no user is hidden behind another one's queue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from runops.claim_order import age_key
from runops.job_row import JobRow, Lane
from runops.supabase.jobs import JobsTable
from runops_operator.config import OperatorConfig
from runops_operator.intake.passed_over import PassedOver

__all__ = ["Candidates", "Wanted", "page_size"]

_SMALLEST_PAGE = 50
_LARGEST_PAGE = 1000
_MOST_READS = 4
_STALE_EVERY_SECONDS = 60.0
_BACKFILL_EVERY_SECONDS = 30.0


def page_size(slots: int, beside: int = 0) -> int:
    """Return how many rows to read for so many free slots, beside those that are passed over anyway. Pure."""
    return min(max(2 * slots, _SMALLEST_PAGE) + beside, _LARGEST_PAGE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for in a lane.

    Attributes
    ----------
    slots
        How many rows may be claimed; at least one.
    active
        Videos at work by user: a user with none comes before one with some.
    beside
        How many rows may be found that are passed over now, so that as many more are read.
    """

    slots: int
    active: Mapping[str, int]
    beside: int = 0


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
        self._stale_read_at: dict[Lane, datetime] = {}
        self._no_backfill_at: datetime | None = None

    async def read(self, wanted: Mapping[Lane, Wanted], *, server_time: datetime) -> dict[Lane, list[JobRow]]:
        """Return queued and stale rows by lane, oldest first, with at least one row of each user who may be next.

        If the oldest rows of both lanes do not fill a page, there are no others. Otherwise each lane is read by itself:
        thousands of backfills at the head of the queue hide no fresh row. Then rows with a priority are read too, and
        the oldest rows of the users that are not on the pages so far.

        Parameters
        ----------
        wanted
            By lane, at least one; a lane without free slots is left out.
        server_time
            Now, on the server's clock.
        """
        only = next(iter(wanted)) if len(wanted) == 1 else None
        beside = max(want.beside for want in wanted.values())
        limit = page_size(sum(want.slots for want in wanted.values()), beside)
        stale = {
            lane: await self._stale(lane, most=want.slots + want.beside, at=server_time)
            for lane, want in wanted.items()
        }
        oldest = await self._oldest(only, limit, at=server_time)
        found = {}
        for lane, want in wanted.items():
            of_lane = _Found(stale[lane])
            page = of_lane.add([row for row in oldest if row.lane is lane])
            if _is_full(oldest, limit):
                page = page if only is lane else await self._of_lane(lane, want, of_lane, page, at=server_time)
                await self._read_on(lane, want, of_lane, page)
            found[lane] = of_lane.oldest_first()
        return found

    async def _oldest(self, only: Lane | None, limit: int, *, at: datetime) -> list[JobRow]:
        if only is Lane.BACKFILL and self._is_known_to_have_no_backfill(at):
            return []
        page = await self._jobs.queued(limit=limit, lane=only)
        if only is Lane.BACKFILL:
            self._note_backfill(page, at)
        return page

    async def _of_lane(
        self, lane: Lane, want: Wanted, found: "_Found", page: list[JobRow], *, at: datetime
    ) -> list[JobRow]:
        """Return a page of the lane, after one of both lanes that was full and had this page of the lane."""
        limit = page_size(want.slots, want.beside)
        if len(page) >= limit or (lane is Lane.BACKFILL and not page and self._is_known_to_have_no_backfill(at)):
            return page
        page = found.add(await self._jobs.queued(limit=limit, lane=lane))
        if lane is Lane.BACKFILL:
            self._note_backfill(page, at)
        return page

    async def _read_on(self, lane: Lane, want: Wanted, found: "_Found", page: list[JobRow]) -> None:
        """Read the lane's further pages after the one with its oldest rows, unless that was the last."""
        limit = page_size(want.slots, want.beside)
        if not _is_full(page, limit):
            return
        found.add(await self._jobs.queued(limit=limit, lane=lane, prioritised=True))
        passed_over = PassedOver(want.active)
        for _ in range(_MOST_READS):
            passed_over.add(page)
            page = found.add(
                await self._jobs.queued(
                    limit=limit,
                    lane=lane,
                    without_users=passed_over.spellings(),
                    without_nobody=passed_over.nobody,
                )
            )
            if not _is_full(page, limit) or not passed_over.complete:
                return

    def _is_known_to_have_no_backfill(self, at: datetime) -> bool:
        """Whether a read found no backfill a moment ago. Behind many fresh rows such a read takes the database long."""
        since = self._no_backfill_at
        return since is not None and timedelta(0) <= at - since < timedelta(seconds=_BACKFILL_EVERY_SECONDS)

    def _note_backfill(self, page: list[JobRow], at: datetime) -> None:
        self._no_backfill_at = None if page else at

    async def _stale(self, lane: Lane, *, most: int, at: datetime) -> list[JobRow]:
        every = timedelta(seconds=min(_STALE_EVERY_SECONDS, self._config.stale_after_seconds / 2))
        read_at = self._stale_read_at.get(lane)
        if read_at is not None and timedelta(0) <= at - read_at < every:
            return []
        before = at - timedelta(seconds=self._config.stale_after_seconds)
        rows = await self._jobs.stale(
            before=before.isoformat(),
            installation=self._config.installation,
            limit=min(most, _LARGEST_PAGE),
            lane=lane,
        )
        if len(rows) < most:
            self._stale_read_at[lane] = at
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
        return sorted(self._rows.values(), key=lambda row: age_key(row.created_at, row.job_id))


def _is_full(page: list[JobRow], limit: int) -> bool:
    """Tell whether there may be more rows. A server may give fewer than asked for, but hardly so few."""
    return len(page) >= min(limit, _SMALLEST_PAGE)
