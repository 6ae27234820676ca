"""Detects the optional columns of the table `jobs`: older projects lack some, and need no migration."""

from dataclasses import dataclass

from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.rest import Rest

__all__ = ["NEEDED", "JobsColumns", "detect_columns"]

NEEDED = ("job_id", "status", "created_at", "updated_at", "metadata")
"""Required columns."""
_PROGRESS = ("progress_stage", "progress_percent")


@dataclass(frozen=True, slots=True)
class JobsColumns:
    """Which optional columns `jobs` has.

    Attributes
    ----------
    progress
        Both `progress_stage` and `progress_percent`.
    completed_at, error
        The column of that name.
    """

    progress: bool
    completed_at: bool
    error: bool


async def detect_columns(rest: Rest) -> JobsColumns:
    """Ask for the columns, reading no row.

    Raises
    ------
    SupabaseError
        `TABLE_MISSING`, or `COLUMN_MISSING` where a needed one is missing.
    """
    if await _has(rest, *NEEDED, *_PROGRESS, "completed_at", "error"):
        return JobsColumns(progress=True, completed_at=True, error=True)
    await _look_for(rest, NEEDED)
    return JobsColumns(
        progress=await _has(rest, *_PROGRESS),
        completed_at=await _has(rest, "completed_at"),
        error=await _has(rest, "error"),
    )


async def _has(rest: Rest, *columns: str) -> bool:
    try:
        await _look_for(rest, columns)
    except SupabaseError as error:
        if error.kind is ErrorKind.COLUMN_MISSING:
            return False
        raise
    return True


async def _look_for(rest: Rest, columns: tuple[str, ...]) -> None:
    await rest.read(lambda table: table.select(*columns).limit(0), table="jobs", doing="looking at the table jobs")
