"""Reads position and time left of the rows that wait or are at work, in three requests."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from runops.job_row import RowStatus
from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops.supabase.job_pages import summary_columns, with_readable_claims
from runops.supabase.jobs_columns import JobsColumns
from runops.supabase.jobs_requests import validated
from runops.supabase.queue_outline import QueueOutline, read_queue_outline
from runops.supabase.rest import Query
from runops.time_left.of_rows import RowTime, row_times

__all__ = ["MOST_FINISHED", "read_row_times"]

MOST_FINISHED = 100
_DOING = "reading the table jobs"
_ROWS = TypeAdapter(list[RowSummary])


async def read_row_times(
    supabase: Supabase, *, outline: QueueOutline | None = None, paused: bool = False
) -> dict[UUID, RowTime]:
    """Return position and time left of the rows in `queued` and `processing`; of very many, of those that come first.

    Parameters
    ----------
    supabase
        The project.
    outline
        The queue, where it has been read.
    paused
        Whether it is known that nothing is claimed: then no end of a waiting row is.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    outline = outline or await read_queue_outline(supabase)
    unfinished = [*outline.at_work, *outline.waiting]
    finished = await _last_finished(supabase) if unfinished else []
    now = datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0.0)
    return row_times(finished, unfinished, now=now, paused=paused)


async def _last_finished(supabase: Supabase) -> list[RowSummary]:
    async def send(columns: JobsColumns) -> list[dict[str, Any]]:
        def build(table: Any, *, claims: bool) -> Query:
            query = table.select(*summary_columns(columns, claims=claims)).eq("status", RowStatus.COMPLETED.value)
            # By the key: no table has an index on the time of completion. Fewer, where the server gives fewer, do too.
            built: Query = query.order("id", desc=True).limit(MOST_FINISHED)
            return built

        return await with_readable_claims(
            lambda claims: supabase.rest.read(partial(build, claims=claims), table="jobs", doing=_DOING)
        )

    return validated(_ROWS, await supabase.jobs.by_columns(send), _DOING)
