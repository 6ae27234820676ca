"""Detects the optional columns of the table `jobs`: older projects lack some, and a migration may change that."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.rest import Rest

__all__ = ["NEEDED", "VERSION", "JobsColumns", "KnownColumns", "detect_columns"]

NEEDED = ("job_id", "status", "created_at", "updated_at", "metadata")
"""Required columns that are read."""
VERSION = "version:xmin"
"""The transaction that wrote the row last: PostgreSQL changes it with each write, whatever columns the write names."""
_XMIN = "xmin"
_ORDERED_BY = "id"
_WITH_ZONE = "::timestamptz"
"""A column without a zone holds times of the database's zone. Only the database knows it, so it adds the offset."""
_TIMES = frozenset({"created_at", "updated_at"})
_PROGRESS = ("progress_stage", "progress_percent")
_LOOK_AGAIN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class JobsColumns:
    """Which optional columns `jobs` has.

    Attributes
    ----------
    progress
        Both `progress_stage` and `progress_percent`.
    completed_at, error
        The column of that name.
    version
        The system column `xmin`. A view has none, unless it selects it.
    """

    progress: bool
    completed_at: bool
    error: bool
    version: bool

    @property
    def complete(self) -> bool:
        """Whether none is missing."""
        return self.progress and self.completed_at and self.error and self.version

    @property
    def read(self) -> tuple[str, ...]:
        """What is selected of a row: times always with their zone."""
        there = (name + _WITH_ZONE if name in _TIMES else name for name in (*NEEDED, "error") if self._has(name))
        return (*there, *self.read_version)

    @property
    def read_version(self) -> tuple[str, ...]:
        """What is selected of a row to tell its version; nothing where the table does not tell it."""
        return (VERSION,) if self.version else ()

    def kept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the values to write that the table has columns for."""
        return {name: value for name, value in values.items() if self._has(name)}

    def without(self, column: str) -> "JobsColumns":
        """Return the same without an optional column."""
        if column in _PROGRESS:
            return replace(self, progress=False)
        if column == _XMIN:
            return replace(self, version=False)
        return replace(self, **{column: False}) if column in {"completed_at", "error"} else self

    def _has(self, column: str) -> bool:
        if column in _PROGRESS:
            return self.progress
        return {"completed_at": self.completed_at, "error": self.error}.get(column, True)


class KnownColumns:
    """Which optional columns `jobs` has, as far as is known.

    Parameters
    ----------
    rest
        The project's REST interface.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._columns: JobsColumns | None = None
        self._asked_at = 0.0

    async def now(self) -> JobsColumns:
        """Return the columns; while some are missing they are looked for again every ten minutes.

        Raises
        ------
        SupabaseError
            As `detect_columns`.
        """
        columns = self._columns
        if columns is None or (not columns.complete and _clock() - self._asked_at > _LOOK_AGAIN_SECONDS):
            columns = await self._detected()
        return columns

    async def corrected_by(self, error: SupabaseError, used: JobsColumns) -> bool:
        """Learn from a column that a request named and the table lacks; False where that changes nothing.

        Parameters
        ----------
        error
            Of kind `COLUMN_MISSING`.
        used
            The columns that the request went by.
        """
        found = used if error.column is None else used.without(error.column)
        if found == used:
            # PostgreSQL's own sentences may be in any language.
            found = await self._detected()
        # Not looked for where it is named: PostgREST refuses writes to a column that is newer than its copy of the
        # schema, and yet reads it.
        self._columns, self._asked_at = found, _clock()
        return found != used

    async def _detected(self) -> JobsColumns:
        self._columns, self._asked_at = await detect_columns(self._rest), _clock()
        return self._columns


async def detect_columns(rest: Rest) -> JobsColumns:
    """Ask for the columns, reading no row.

    Raises
    ------
    SupabaseError
        `TABLE_MISSING`, or `COLUMN_MISSING` where a needed one is missing.
    """
    # Rights that were granted for single columns leave out `xmin`.
    lacking = {ErrorKind.COLUMN_MISSING, ErrorKind.FORBIDDEN}
    if await _has(rest, *NEEDED, _ORDERED_BY, *_PROGRESS, "completed_at", "error", VERSION, lacking=lacking):
        return JobsColumns(progress=True, completed_at=True, error=True, version=True)
    await _look_for(rest, (*NEEDED, _ORDERED_BY))
    return JobsColumns(
        progress=await _has(rest, *_PROGRESS),
        completed_at=await _has(rest, "completed_at"),
        error=await _has(rest, "error"),
        version=await _has(rest, VERSION, lacking=lacking),
    )


async def _has(rest: Rest, *columns: str, lacking: Collection[ErrorKind] = (ErrorKind.COLUMN_MISSING,)) -> bool:
    try:
        await _look_for(rest, columns)
    except SupabaseError as error:
        if error.kind in lacking:
            return False
        raise
    return True


async def _look_for(rest: Rest, columns: tuple[str, ...]) -> None:
    await rest.read(lambda table: table.select(*columns).limit(0), table="jobs", doing="looking at the table jobs")


def _clock() -> float:
    return asyncio.get_running_loop().time()
