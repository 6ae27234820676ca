"""Reads certain rows as people see them: by ids, by the beginning of one, or those that changed last."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops.supabase.job_pages import id_range, summary_columns
from runops.supabase.jobs_columns import JobsColumns
from runops.supabase.jobs_requests import validated

__all__ = ["beginning_with", "changed_last", "summaries_of"]

_Rows = list[dict[str, Any]]
_DOING = "reading the table jobs"
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
        found |= {row.job_id: row for row in await _read(supabase, partial(_among, supabase, some))}
    return found


async def changed_last(supabase: Supabase, *, limit: int) -> list[RowSummary]:
    """Return the rows that were written last, the last one first.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """

    def written_last(query: Any) -> Any:
        return query.order("updated_at", desc=True, nullsfirst=False).order("id", desc=True)

    return await _read(supabase, partial(_first, supabase, written_last, limit))


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

    def between(query: Any) -> Any:
        placed = query.gte("job_id", str(first)).lte("job_id", str(last))
        return placed.order("created_at", desc=True).order("id", desc=True)

    return await _read(supabase, partial(_first, supabase, between, limit))


async def _first(supabase: Supabase, which: Callable[[Any], Any], limit: int, columns: JobsColumns) -> _Rows:
    def build(table: Any) -> Any:
        return which(table.select(*summary_columns(columns)))

    return await supabase.rest.read_first(build, limit, table="jobs", doing=_DOING)


async def _among(supabase: Supabase, job_ids: list[str], columns: JobsColumns) -> _Rows:
    def build(table: Any, some: list[str]) -> Any:
        return table.select(*summary_columns(columns)).in_("job_id", some)

    return await supabase.rest.read_among(build, job_ids, table="jobs", doing=_DOING)


async def _read(supabase: Supabase, read: Callable[[JobsColumns], Awaitable[_Rows]]) -> list[RowSummary]:
    return validated(_SUMMARIES, await supabase.jobs.by_columns(read), _DOING)
