"""Counts rows of the table `jobs` by when they were completed. It reads no row."""

from datetime import datetime
from typing import Any

from runops.job_row import RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.jobs_columns import JobsColumns

__all__ = ["completed_between"]

_DOING = "counting the completed rows of the table jobs"


async def completed_between(supabase: Supabase, since: datetime, until: datetime) -> int:
    """Return how many rows were completed from a time on and before another one.

    In a table without `completed_at` the last write counts. PostgreSQL reads a time of a column without a zone as
    one of the database's, which hosted projects have in UTC.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """

    async def send(columns: JobsColumns) -> int:
        at = "completed_at" if columns.completed_at else "updated_at"

        def build(table: Any) -> Any:
            chosen = table.select("job_id", count="exact").eq("status", RowStatus.COMPLETED.value)
            return chosen.gte(at, since.isoformat()).lt(at, until.isoformat()).limit(0)

        return (await supabase.rest.count(build, table="jobs", doing=_DOING))[1]

    return await supabase.jobs.by_columns(send)
