"""Reads who waits and who is at work, as far as the order of claims depends on it. It writes nothing."""

from dataclasses import dataclass
from typing import Any

from runops.job_row import JobRow, RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.jobs_requests import parsed
from runops.supabase.rest import Query

__all__ = ["QueueOutline", "read_queue_outline"]

_MOST = 1000
"""As many as a server gives at once."""
_SELECT = (
    "job_id",
    "status",
    "created_at::timestamptz",
    "updated_at::timestamptz",
    "user_id:metadata->>user_id",
    "priority:metadata->>priority",
    "backfill:metadata->>backfill",
)
_WHOLE = range(-100, 101)


@dataclass(frozen=True, slots=True)
class QueueOutline:
    """The queue and what is at work.

    Attributes
    ----------
    waiting
        The oldest queued rows, the oldest first; of their metadata only user, priority and backfill.
    at_work
        Rows in `processing`, likewise.
    whole
        Whether `waiting` are all.
    """

    waiting: list[JobRow]
    at_work: list[JobRow]
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


async def _first(supabase: Supabase, status: RowStatus) -> list[JobRow]:
    doing = f"reading the rows in {status} of the table jobs"

    def build(table: Any) -> Query:
        query = table.select(*_SELECT).eq("status", status.value)
        built: Query = query.order("created_at").order("id").limit(_MOST)
        return built

    rows = await supabase.rest.read(build, table="jobs", doing=doing)
    return parsed([{**row, "metadata": _metadata(row)} for row in rows], doing=doing)


def _metadata(row: dict[str, Any]) -> dict[str, Any]:
    said = {"user_id": row.get("user_id"), "backfill": row.get("backfill")}
    priority = row.get("priority") or ""
    # As a text, since a number may be too long for Python to read.
    if len(priority) <= len("-100") and priority.removeprefix("-").isdecimal() and int(priority) in _WHOLE:
        said["priority"] = int(priority)
    return said
