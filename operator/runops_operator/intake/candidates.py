"""Reads the rows among which the intake chooses: few, and yet no user is hidden behind another one's queue."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from runops.job_row import LONGEST_UUID, JobRow
from runops.supabase.jobs import JobsTable
from runops_operator.config import OperatorConfig
from runops_operator.intake.choose import user_key

__all__ = ["Candidates"]

_FEWEST = 50
_MOST = 1000
_MOST_USERS_PASSED_OVER = 100
_MOST_READS = 4
_MOST_SPELLINGS = 4
_STALE_EVERY_SECONDS = 60.0


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
        self._stale_at: datetime | None = None

    async def read(self, *, slots: int, active: Mapping[str, int], server_time: datetime) -> list[JobRow]:
        """Return queued and abandoned rows, oldest first, with at least one row of each user who may be next.

        Where the oldest rows do not fill a page there are no others. Where they do, the oldest rows of the users that
        they do not show are read too, and those with a priority.

        Parameters
        ----------
        slots
            How many rows may be claimed.
        active
            Videos at work by user: who has none comes before who has some.
        server_time
            Now, on the server's clock.
        """
        limit = min(max(2 * slots, _FEWEST), _MOST)
        rows = {row.job_id: row for row in await self._stale(slots=slots, server_time=server_time)}
        page = await self._jobs.queued(limit=limit)
        _add(rows, page)
        if len(page) >= min(limit, _FEWEST):
            _add(rows, await self._jobs.queued(limit=limit, prioritised=True))
            passed_over = {user for user, count in active.items() if count}
            shown: Counter[str] = Counter()
            spellings: dict[str, set[str]] = {}
            for _ in range(_MOST_READS):
                for row in page:
                    user = user_key(row)
                    shown[user] += 1
                    known = spellings.setdefault(user, {user})
                    if isinstance(row.raw_user, str) and len(known) < _MOST_SPELLINGS:
                        # Some apps write uuids in capitals, and the table compares them as text.
                        known.add(row.raw_user[:LONGEST_UUID])
                passed_over |= shown.keys()
                # Only so many fit into a request: those go first whose rows have filled the pages so far.
                users = sorted((user for user in passed_over if _is_uuid(user)), key=lambda user: (-shown[user], user))
                written = [text for user in users for text in sorted(spellings.get(user, {user}))]
                page = await self._jobs.queued(
                    limit=limit,
                    without_users=written[:_MOST_USERS_PASSED_OVER],
                    without_nobody="" in passed_over,
                )
                _add(rows, page)
                if len(page) < min(limit, _FEWEST) or len(passed_over) > _MOST_USERS_PASSED_OVER:
                    break
        return sorted(rows.values(), key=lambda row: (row.created_at or "", str(row.job_id)))

    async def _stale(self, *, slots: int, server_time: datetime) -> list[JobRow]:
        every = min(_STALE_EVERY_SECONDS, self._config.stale_after_seconds / 2)
        if self._stale_at is not None and timedelta(0) <= server_time - self._stale_at < timedelta(seconds=every):
            return []
        before = server_time - timedelta(seconds=self._config.stale_after_seconds)
        rows = await self._jobs.stale(
            before=before.isoformat(), installation=self._config.installation, limit=min(slots, _MOST)
        )
        if len(rows) < slots:
            self._stale_at = server_time
        return rows


def _add(rows: dict[UUID, JobRow], page: list[JobRow]) -> None:
    rows.update({row.job_id: row for row in page})


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
