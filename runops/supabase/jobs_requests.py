"""Requests to the table `jobs`: which rows, by which fence, and their answers as rows."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from runops.job_row import JobRow, RowStatus
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.rest import Query

__all__ = ["among", "claimed_page", "fenced", "parsed", "seen"]

_CLAIM_PATH = "metadata->runops->>claim"
_BY_PATH = "metadata->runops->>by"
_ROWS = TypeAdapter(list[JobRow])


def among(select: tuple[str, ...], job_ids: list[str]) -> Callable[[Any], Query]:
    """Read some columns of the rows with these ids."""
    return lambda table: table.select(*select).in_("job_id", job_ids)


def claimed_page(select: tuple[str, ...], installation: str, *, first: int, last: int) -> Callable[[Any], Query]:
    """Read the rows in processing that an installation has claimed, by their places in that order, from 0."""
    return lambda table: (
        table.select(*select)
        .eq("status", RowStatus.PROCESSING.value)
        .eq(_BY_PATH, installation)
        .order("created_at")
        .order("id")
        .range(first, last)
    )


def seen(row: JobRow, status: str) -> Callable[[Any], Any]:
    """Filter for a row that is as it was read."""

    def which(query: Any) -> Any:
        query = query.eq("job_id", str(row.job_id)).eq("status", str(status))
        return query.is_("updated_at", "null") if row.updated_at is None else query.eq("updated_at", row.updated_at)

    return which


def fenced(job_id: UUID, token: str) -> Callable[[Any], Any]:
    """Filter for a row that is still held under a token; one without a seat covers every seat."""

    def which(query: Any) -> Any:
        query = query.eq("job_id", str(job_id)).eq("status", RowStatus.PROCESSING.value)
        return query.eq(_CLAIM_PATH, token) if "/" in token else query.like(_CLAIM_PATH, f"{token}%")

    return which


def parsed(rows: list[dict[str, Any]], *, doing: str) -> list[JobRow]:
    """Return rows as models.

    Raises
    ------
    SupabaseError
        `INVALID` where a column has another type than it should.
    """
    try:
        return _ROWS.validate_python(rows)
    except ValidationError as error:
        fields = ", ".join(sorted({str(problem["loc"][-1]) for problem in error.errors() if problem["loc"]}))
        raise SupabaseError(
            ErrorKind.INVALID, f"The answer to {doing} has an unexpected form ({fields}). Check the columns' types."
        ) from None
