"""Reads position and time left of the rows that wait or are at work, in three requests."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from runops.job_row import RowStatus
from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops.supabase.job_pages import summary_columns
from runops.supabase.jobs_columns import JobsColumns
from runops.supabase.jobs_requests import validated
from runops.supabase.rest import Query
from runops.time_left.of_rows import QueuedRow, RowTime, row_times

__all__ = ["MOST_FINISHED", "MOST_WAITING", "read_row_times"]

MOST_FINISHED = 100
MOST_WAITING = 1000
"""Rows of a longer queue have no position here."""
_DOING = "reading the table jobs"
_TURN = ("priority:metadata->priority", "backfill:metadata->backfill")
_FINISHED = TypeAdapter(list[RowSummary])
_UNFINISHED = TypeAdapter(list[QueuedRow])


async def read_row_times(supabase: Supabase, *, paused: bool = False) -> dict[UUID, RowTime]:
    """Return position and time left of the rows in `queued` and `processing`, those first that come first.

    Parameters
    ----------
    supabase
        The project.
    paused
        Whether it is known that nothing is claimed: then no end of a waiting row is.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    at_work = await _read(supabase, _of(RowStatus.PROCESSING), _UNFINISHED)
    waiting = await _read(supabase, _of(RowStatus.QUEUED), _UNFINISHED)
    if not at_work and not waiting:
        return {}
    finished = await _read(supabase, _last_finished, _FINISHED)
    now = datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0.0)
    return row_times(finished, [*at_work, *waiting], now=now, paused=paused)


def _of(status: RowStatus) -> Callable[[Any], Query]:
    def which(query: Any) -> Query:
        built: Query = query.eq("status", status.value).order("created_at").order("id").limit(MOST_WAITING)
        return built

    return which


def _last_finished(query: Any) -> Query:
    # By the key: no table has an index on the time of completion.
    done: Query = query.eq("status", RowStatus.COMPLETED.value).order("id", desc=True).limit(MOST_FINISHED)
    return done


async def _read(supabase: Supabase, which: Callable[[Any], Query], models: TypeAdapter[Any]) -> list[Any]:
    async def send(columns: JobsColumns) -> list[dict[str, Any]]:
        select = [*summary_columns(columns), *(_TURN if models is _UNFINISHED else ())]
        return await supabase.rest.read(lambda table: which(table.select(*select)), table="jobs", doing=_DOING)

    return validated(models, await supabase.jobs.by_columns(send), _DOING)
