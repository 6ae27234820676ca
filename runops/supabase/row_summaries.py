"""Reads rows as the command line shows them: status, progress, attempts, error. It writes nothing."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter

from runops.job_row import Claim, JobRow, RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.jobs_columns import JobsColumns
from runops.supabase.jobs_requests import validated
from runops.supabase.rest import Query

__all__ = ["Order", "RowSummary", "list_summaries", "summaries_in_error", "summaries_of"]

_IDS_AT_ONCE = 100
_PAGE = 1000
_ZONES_DIFFER = timedelta(hours=26)
_OF_METADATA = ("runops:metadata->runops", "user_id:metadata->>user_id")


class RowSummary(BaseModel):
    """A row without its metadata, which may be of any size; only the two keys below are read from it.

    Attributes
    ----------
    error
        None also where the table has no such column; likewise the two of the progress.
    user_id
        `metadata.user_id` as the app wrote it.
    runops
        `metadata.runops` as written.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    job_id: UUID
    status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    error: str | None = None
    progress_stage: str | None = None
    progress_percent: int | None = None
    user_id: str | None = None
    runops: Any = None

    @property
    def claim(self) -> Claim | None:
        """The claim of the present or last attempt; None where there is none or it cannot be read."""
        return JobRow(job_id=self.job_id, metadata={"runops": self.runops}).claim

    @property
    def ended(self) -> bool:
        """Whether the row has reached its end: it is neither queued nor processing."""
        return self.status not in {RowStatus.QUEUED, RowStatus.PROCESSING}


class Order(Enum):
    """Which rows come first: a column, and whether it descends."""

    NEWEST = ("created_at", True)
    OLDEST = ("created_at", False)
    CHANGED_LAST = ("updated_at", True)


_SUMMARIES = TypeAdapter(list[RowSummary])


async def summaries_of(supabase: Supabase, job_ids: Iterable[UUID]) -> dict[UUID, RowSummary]:
    """Return those of the rows that exist, by id.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    wanted = sorted(set(job_ids))
    found: dict[UUID, RowSummary] = {}
    for start in range(0, len(wanted), _IDS_AT_ONCE):
        some = [str(job_id) for job_id in wanted[start : start + _IDS_AT_ONCE]]
        found |= {row.job_id: row for row in await _read(supabase, _among(some))}
    return found


async def list_summaries(
    supabase: Supabase, *, order: Order, limit: int, statuses: Collection[RowStatus] = (), user: UUID | None = None
) -> list[RowSummary]:
    """Return the first rows in an order, at most `limit`, read in pages.

    Parameters
    ----------
    supabase
        The project.
    order
        Which come first.
    limit
        How many at most.
    statuses
        Only rows of these; of any where empty.
    user
        Only rows of this uploader.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    found: dict[UUID, RowSummary] = {}
    first = 0
    while len(found) < limit:
        last = first + min(_PAGE, limit - len(found)) - 1
        page = await _read(supabase, _page(order, statuses, user, first=first, last=last))
        known = len(found)
        # A row that is inserted meanwhile moves the others on, so that one may come twice.
        found |= {row.job_id: row for row in page}
        first += len(page)
        if len(found) == known:
            break
    return list(found.values())


async def summaries_in_error(supabase: Supabase, *, since: datetime | None) -> AsyncIterator[list[RowSummary]]:
    """Yield all rows in `error` in pages, by their ids: a row that changes meanwhile moves no other one.

    Parameters
    ----------
    supabase
        The project.
    since
        Only rows that were written at this time or later; None for all.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    after: UUID | None = None
    while page := await _read(supabase, _errors_after(after, since)):
        yield [row for row in page if since is None or _is_since(row, since)]
        after = max(row.job_id for row in page)


def _errors_after(after: UUID | None, since: datetime | None) -> Callable[[Any], Any]:
    def which(query: Any) -> Any:
        query = query.eq("status", RowStatus.ERROR.value)
        if after is not None:
            query = query.gt("job_id", str(after))
        if since is not None:
            # A column without a zone has the database's, so this bound is a rough one; the rows tell the rest.
            query = query.gte("updated_at", (since - _ZONES_DIFFER).isoformat())
        return query.order("job_id").limit(_PAGE)

    return which


def _is_since(row: RowSummary, since: datetime) -> bool:
    try:
        at = datetime.fromisoformat(row.updated_at or "")
    except ValueError:
        return False
    return at >= since


def _among(job_ids: list[str]) -> Callable[[Any], Any]:
    return lambda query: query.in_("job_id", job_ids)


def _page(
    order: Order, statuses: Collection[RowStatus], user: UUID | None, *, first: int, last: int
) -> Callable[[Any], Any]:
    column, descending = order.value

    def which(query: Any) -> Any:
        if statuses:
            query = query.in_("status", [status.value for status in statuses])
        if user is not None:
            # The app wrote it, perhaps in capitals; a uuid holds no wildcard.
            query = query.ilike("metadata->>user_id", str(user))
        ordered = query.order(column, desc=descending, nullsfirst=False).order("id", desc=descending)
        return ordered.range(first, last)

    return which


async def _read(supabase: Supabase, which: Callable[[Any], Any]) -> list[RowSummary]:
    doing = "reading the table jobs"

    async def send(columns: JobsColumns) -> list[dict[str, Any]]:
        select = [*(name for name in columns.read if name != "metadata"), *_OF_METADATA]
        select += ["progress_stage", "progress_percent"] if columns.progress else []

        def build(table: Any) -> Query:
            query: Query = which(table.select(*select))
            return query

        return await supabase.rest.read(build, table="jobs", doing=doing)

    return validated(_SUMMARIES, await supabase.jobs.by_columns(send), doing)
