"""Reading the table `jobs`: the queue, single rows, and what is claimed. `jobs.py` adds the writes."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from runops.job_filter import JobFilter, Order, VideoFacts
from runops.job_row import ClaimedRow, JobRow, Lane, RowStatus
from runops.supabase.errors import UNREADABLE, ErrorKind, SupabaseError
from runops.supabase.job_pages import LARGEST_PAGE, NO_PLACE, Cursor, Page, PageRequest, read_page
from runops.supabase.job_values import failed
from runops.supabase.jobs_columns import JobsColumns, KnownColumns
from runops.supabase.jobs_requests import (
    among,
    backlog,
    claimed_page,
    claims_page,
    of_status,
    parsed,
    parsed_claims,
    parsed_times,
    queued_page,
    seen,
    stale_among,
    untouched_page,
)
from runops.supabase.rest import Query, Rest
from runops.supabase.retry import may_pass

__all__ = ["IDS_AT_ONCE", "Backlog", "JobsReads"]

T = TypeVar("T")
_log = logging.getLogger(__name__)
IDS_AT_ONCE = 100
"""Ids that fit into a URL."""
_PAGE = 1000
_FEWEST_AT_ONCE = 20
"""A server that gives fewer rows at once than this only delays what the operator reads every few seconds."""
_ANSWERED = ("job_id", "status", "updated_at", "claim:metadata->runops->>claim")
_CANNOT_BE_READ = "22"
"""Class of PostgreSQL's errors about a value that is none of a column's type, or out of its range."""
_MOST_COLUMN_CHANGES = 5
"""More than there are optional columns."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The queue.

    Attributes
    ----------
    rows
        How many rows are queued; an estimate where there are more than the server gives at once, often 1000.
    oldest
        When the oldest of them was made.
    """

    rows: int
    oldest: str | None


class JobsReads:
    """Reads of the table `jobs` of one project.

    Every method raises `SupabaseError`, after trying again.

    Parameters
    ----------
    rest
        The project's REST interface.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._known_columns = KnownColumns(rest)

    async def columns(self) -> JobsColumns:
        """Return which optional columns there are; remembered for a while.

        Raises
        ------
        SupabaseError
            `TABLE_MISSING`, or `COLUMN_MISSING` where a column is missing that cannot be done without.
        """
        return await self._known_columns.now()

    async def by_columns(self, request: Callable[[JobsColumns], Awaitable[T]]) -> T:
        """Send a request that fits the table's columns; if one has gone since they were looked at, fit it anew.

        Parameters
        ----------
        request
            Sends the request by these columns. A request that fails so has changed nothing.
        """
        for left in reversed(range(_MOST_COLUMN_CHANGES)):
            columns = await self.columns()
            try:
                return await request(columns)
            except SupabaseError as error:
                gone = error.kind is ErrorKind.COLUMN_MISSING
                if not (gone and left and await self._known_columns.corrected_by(error, columns)):
                    raise
        raise AssertionError("the last round returns or raises")

    async def queued(
        self,
        *,
        limit: int,
        lane: Lane | None = None,
        without_users: Collection[str] = (),
        without_nobody: bool = False,
        prioritised: bool = False,
    ) -> list[JobRow]:
        """Return the oldest queued rows, oldest first, at most `limit`, however few the server gives at once.

        A row with unreadable metadata would make the whole page unreadable: it is set to `error` and left out.

        Parameters
        ----------
        limit
            How many at most.
        lane
            Only rows of this lane; None for all.
        without_users, without_nobody
            Whose rows are left out: those of these users, spelled as in the rows, and those without a user. So rows
            behind a long queue are found.
        prioritised
            Only rows whose `metadata.priority` is above 0, and some in which it is not a number.
        """

        def page(select: tuple[str, ...]) -> Callable[[Any], Any]:
            return queued_page(
                select,
                lane=lane,
                without_users=without_users,
                without_nobody=without_nobody,
                prioritised=prioritised,
            )

        doing = "reading the queued rows of the table jobs"
        return await self._readable(page, RowStatus.QUEUED, limit=limit, doing=doing)

    async def backlog(self, lane: Lane) -> Backlog:
        """Return the number of queued rows of a lane, and when the oldest was made."""
        doing = "counting the queued rows of the table jobs"
        rows, count = await self._rest.count(backlog(lane), table="jobs", doing=doing)
        page = parsed_times(rows, doing=doing)
        return Backlog(rows=count, oldest=page[0].created_at if page else None)

    async def count(self, status: RowStatus) -> int:
        """Return the number of rows of a status; where there are very many, PostgreSQL's estimate of it."""
        doing = f"counting the rows in {status} of the table jobs"
        return (await self._rest.count(of_status(status), table="jobs", doing=doing))[1]

    async def stale(self, *, before: str, installation: str, limit: int, lane: Lane) -> list[JobRow]:
        """Return rows of a lane in `processing` that were not updated since a time, at most `limit`.

        Those come first that were not updated for the longest time. Rows with unreadable metadata are treated as in
        `queued`.

        Parameters
        ----------
        before
            Time with its zone, on the database's clock, in ISO 8601.
        installation
            Whose own rows are left out.
        limit, lane
            How many at most, and of which lane.
        """
        limit_at = datetime.fromisoformat(before)
        doing = "reading the stale rows of the table jobs"
        # Compared here: against a column without a zone PostgreSQL ignores the zone of what it is compared with.
        untouched = await self._rest.read(untouched_page(installation, _PAGE, lane=lane), table="jobs", doing=doing)
        stale = [str(row.job_id) for row in parsed(untouched, doing=doing) if row.untouched_since(limit_at)][:limit]
        rows: list[JobRow] = []
        for start in range(0, len(stale), IDS_AT_ONCE):
            some = stale[start : start + IDS_AT_ONCE]

            def page(select: tuple[str, ...], some: list[str] = some) -> Callable[[Any], Query]:
                return stale_among(select, some)

            rows += await self._readable(page, RowStatus.PROCESSING, limit=len(some), doing=doing)
        # One that was touched between the two reads is alive.
        return [row for row in rows if row.untouched_since(limit_at)]

    async def get(self, job_id: UUID) -> JobRow | None:
        """Return a row, or None where there is none."""
        rows = await self._rows(
            lambda select: lambda table: table.select(*select).eq("job_id", str(job_id)),
            doing=f"reading the row {job_id} of the table jobs",
        )
        return rows[0] if rows else None

    async def get_many(self, job_ids: Iterable[UUID]) -> dict[UUID, JobRow]:
        """Return those of the rows that exist and can be read, by id."""
        wanted = sorted(set(job_ids))
        found: dict[UUID, JobRow] = {}
        for start in range(0, len(wanted), IDS_AT_ONCE):
            some = [str(job_id) for job_id in wanted[start : start + IDS_AT_ONCE]]

            try:
                rows = await self._among(some)
            except SupabaseError as error:
                if not error.unreadable:
                    raise
                rows = [row for job_id in some if isinstance(row := await self._one(UUID(job_id)), JobRow)]
            found.update({row.job_id: row for row in rows})
        return found

    async def held(self, job_id: UUID, token: str) -> bool:
        """Tell whether the row is being processed under this token."""
        row = await self.get(job_id)
        return row is not None and row.is_held_by(token)

    async def page(
        self,
        chosen: JobFilter,
        *,
        after: Cursor | None = None,
        limit: int = 100,
        order: Order = Order.NEWEST,
        facts: Mapping[UUID, VideoFacts] | None = None,
    ) -> Page:
        """Return a page of the jobs that a filter takes, in one request, or two where the answer may have been cut.

        Parameters
        ----------
        chosen
            The filter.
        after
            Where the page begins; None for the first one.
        limit
            How many rows at most, up to `LARGEST_PAGE`.
        order
            Which rows come first.
        facts
            What is known of the videos, for a filter that asks for models or lengths. Of others, what the rows keep.

        Raises
        ------
        ValueError
            `after` has an id of a kind that the table's ids are not: somebody made it up.
        """
        request = PageRequest(chosen, after, min(limit, LARGEST_PAGE), order)
        try:
            answer, more = await self.by_columns(lambda columns: read_page(self._rest, request, columns))
        except SupabaseError as error:
            if after is not None and (error.code or "").startswith(_CANNOT_BE_READ):
                raise ValueError(NO_PLACE) from None
            raise
        return request.page_of(answer, facts or {}, more=more)

    async def claimed_by_names(self, beginning: str, *, limit: int = 1000) -> list[JobRow]:
        """Return the rows in `processing` claimed under a name that begins so, oldest first, at most `limit`."""
        rows: list[JobRow] = []
        while len(rows) < limit:
            first, last = len(rows), min(limit, len(rows) + _PAGE) - 1

            def page(select: tuple[str, ...], first: int = first, last: int = last) -> Callable[[Any], Query]:
                return claimed_page(select, beginning, first=first, last=last)

            more = await self._rows(page, doing="reading the claimed rows of the table jobs")
            rows += more
            if not more:
                break
        return rows

    async def claims_of(self, installation: str, *, limit: int = 20_000) -> AsyncIterator[ClaimedRow]:
        """Yield id, `updated_at` and claim of every row that an installation has claimed, at most `limit`."""
        doing = "reading the claims in the table jobs"
        first = 0
        while first < limit:
            rows = await self._rest.read(
                claims_page(installation, first=first, last=min(limit, first + _PAGE) - 1), table="jobs", doing=doing
            )
            for claimed in parsed_claims(rows, doing=doing):
                yield claimed
            first += len(rows)
            if not self._rest.may_be_cut(len(rows)):
                break

    async def refuse(self, row: JobRow, sentence: str) -> bool:
        """Set a row that cannot be worked on to `error`, unless it changed since it was read. No claim is needed."""
        doing = f"refusing the row {row.job_id} of the table jobs"
        # A repeated write has no effect: the row has changed by then.
        return await self._rest.retries.run(
            lambda: self.change(failed(sentence), seen(row, row.status), doing=doing), may_pass
        )

    async def change(self, values: dict[str, Any], which: Callable[[Any], Any], *, doing: str) -> bool:
        """Write to rows once, and tell whether there were any. Values without a column are left out.

        Parameters
        ----------
        values
            By column.
        which
            Filters the rows.
        doing
            As for `Rest.read`.
        """
        return bool(await self._changed(values, which, lambda _columns: ("job_id",), doing=doing))

    async def change_some(self, values: dict[str, Any], which: Callable[[Any], Any], *, doing: str) -> set[UUID]:
        """Write to rows once as `change` does, and return which ones. `which` may have an `or`.

        PostgREST 12 applies that to the rows in its answer, too, so the answer must have the columns that it names.
        """
        rows = await self._changed(values, which, lambda columns: (*_ANSWERED, *columns.read_version), doing=doing)
        return {row.job_id for row in parsed(rows, doing=doing)}

    async def _changed(
        self,
        values: dict[str, Any],
        which: Callable[[Any], Any],
        select: Callable[[JobsColumns], tuple[str, ...]],
        *,
        doing: str,
    ) -> list[dict[str, Any]]:

        async def send(columns: JobsColumns) -> list[dict[str, Any]]:
            body = columns.kept(values)
            return await self._rest.send(
                lambda table: which(table.update(body)).select(*select(columns)), table="jobs", doing=doing
            )

        return await self.by_columns(send)

    async def _end_unreadable(self, row: JobRow, status: str | None) -> None:
        sentence = (
            "The row's metadata is nested too deeply or holds a number out of range. "
            "Correct it and set the row back to queued."
        )
        try:
            await self.refuse(row.model_copy(update={"status": status}), sentence)
        except SupabaseError as error:
            if not error.refuses_row:
                raise
            # It is left out each time, so it waits alone until the table takes its end.
            _log.warning("row not set to error: %s", error)

    async def _readable(
        self, page: Callable[[tuple[str, ...]], Callable[[Any], Any]], status: RowStatus, *, limit: int, doing: str
    ) -> list[JobRow]:
        """Return the first rows of an order; those whose metadata cannot be read are set to `error` and left out."""

        async def first(columns: JobsColumns) -> list[dict[str, Any]]:
            return await self._rest.read_first(
                page(columns.read), limit, table="jobs", doing=doing, whole_below=_FEWEST_AT_ONCE
            )

        try:
            return parsed(await self.by_columns(first), doing=doing)
        except SupabaseError as error:
            if not error.unreadable:
                raise

        async def known(columns: JobsColumns) -> list[dict[str, Any]]:
            select = ("job_id", "updated_at", *columns.read_version)
            return await self._rest.read_first(page(select), limit, table="jobs", doing=doing)

        rows: list[JobRow] = []
        for one in parsed(await self.by_columns(known), doing=doing):
            row = await self._one(one.job_id)
            if row is UNREADABLE:
                await self._end_unreadable(one, status)
            elif isinstance(row, JobRow) and row.status == status:
                rows.append(row)
        return rows

    async def _among(self, job_ids: list[str]) -> list[JobRow]:
        doing = f"reading {len(job_ids)} rows of the table jobs"

        async def send(columns: JobsColumns) -> list[dict[str, Any]]:
            return await self._rest.read_among(
                lambda table, some: among(columns.read, some)(table), job_ids, table="jobs", doing=doing
            )

        return parsed(await self.by_columns(send), doing=doing)

    async def _one(self, job_id: UUID) -> JobRow | Literal["unreadable"] | None:
        try:
            return await self.get(job_id)
        except SupabaseError as error:
            if not error.unreadable:
                raise
            return UNREADABLE

    async def _rows(self, page: Callable[[tuple[str, ...]], Callable[[Any], Query]], *, doing: str) -> list[JobRow]:
        """Read rows; `page` makes the request from what is selected of each."""
        rows = await self.by_columns(lambda columns: self._rest.read(page(columns.read), table="jobs", doing=doing))
        return parsed(rows, doing=doing)
