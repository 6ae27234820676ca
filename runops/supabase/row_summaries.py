"""Reads certain rows as people see them: by ids, by the beginning of one, or those that changed last."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops.supabase.job_pages import id_range, summary_columns
from runops.supabase.jobs_columns import JobsColumns
from runops.supabase.jobs_requests import validated
from runops.supabase.rest import Query

__all__ = ["beginning_with", "changed_last", "summaries_of"]

_IDS_AT_ONCE = 100
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


async def changed_last(supabase: Supabase, *, limit: int) -> list[RowSummary]:
    """Return the rows that were written last, the last one first.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    return await _read(
        supabase,
        lambda query: query.order("updated_at", desc=True, nullsfirst=False).order("id", desc=True).limit(limit),
    )


async def beginning_with(supabase: Supabase, beginning: str, *, limit: int) -> list[RowSummary]:
    """Return rows whose ids begin so, the newest first.

    Parameters
    ----------
    supabase
        The project.
    beginning
        Digits and hyphens as an id has them, in lower case.
    limit
        How many at most.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    first, last = id_range(beginning)
    return await _read(
        supabase,
        lambda query: (
            query.gte("job_id", str(first))
            .lte("job_id", str(last))
            .order("created_at", desc=True)
            .order("id", desc=True)
            .limit(limit)
        ),
    )


def _among(job_ids: list[str]) -> Callable[[Any], Any]:
    return lambda query: query.in_("job_id", job_ids)


async def _read(supabase: Supabase, which: Callable[[Any], Any]) -> list[RowSummary]:
    doing = "reading the table jobs"

    async def send(columns: JobsColumns) -> list[dict[str, Any]]:
        def build(table: Any) -> Query:
            query: Query = which(table.select(*summary_columns(columns)))
            return query

        return await supabase.rest.read(build, table="jobs", doing=doing)

    return validated(_SUMMARIES, await supabase.jobs.by_columns(send), doing)
