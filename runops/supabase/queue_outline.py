"""Reads who waits and who is at work, with what the order of claims and the time left depend on. It writes nothing."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import TypeAdapter

from runops.job_row import RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.job_pages import summary_columns, with_readable_claims
from runops.supabase.jobs_columns import JobsColumns
from runops.supabase.jobs_requests import validated
from runops.time_left.of_rows import QueuedRow

__all__ = ["QueueOutline", "read_queue_outline"]

_MOST = 1000
"""As many as a hosted server gives at once."""
_TURN = ("priority:metadata->>priority", "backfill:metadata->>backfill")
_ROWS = TypeAdapter(list[QueuedRow])


@dataclass(frozen=True, slots=True)
class QueueOutline:
    """The queue and what is at work.

    Attributes
    ----------
    waiting
        The oldest queued rows, the oldest first.
    at_work
        Rows in `processing`, likewise.
    whole
        Whether `waiting` are all.
    """

    waiting: list[QueuedRow]
    at_work: list[QueuedRow]
    whole: bool


async def read_queue_outline(supabase: Supabase) -> QueueOutline:
    """Read the first thousand of each.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    waiting = await _first(supabase, RowStatus.QUEUED)
    return QueueOutline(waiting, await _first(supabase, RowStatus.PROCESSING), len(waiting) < _MOST)


async def _first(supabase: Supabase, status: RowStatus) -> list[QueuedRow]:
    doing = f"reading the rows in {status} of the table jobs"

    async def send(columns: JobsColumns) -> list[dict[str, Any]]:
        def build(table: Any, *, claims: bool) -> Any:
            query = table.select(*summary_columns(columns, claims=claims), *_TURN).eq("status", status.value)
            return query.order("created_at").order("id")

        return await with_readable_claims(
            lambda claims: supabase.rest.read_first(partial(build, claims=claims), _MOST, table="jobs", doing=doing)
        )

    return validated(_ROWS, await supabase.jobs.by_columns(send), doing)
