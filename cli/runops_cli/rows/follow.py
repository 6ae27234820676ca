"""Follows rows until they have ended, or the whole table, by reading it once a second."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.row_summaries import changed_last, summaries_of
from runops_cli.rows.changes import FollowedRows, TableChanges
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.exit_codes import Exit

__all__ = ["follow", "follow_table"]

_T = TypeVar("_T")
_READ_EVERY_SECONDS = 1.0
_OUTAGE_SECONDS = 120.0
_NEWEST_ROWS = 100


async def follow(
    supabase: Supabase,
    job_ids: Sequence[UUID],
    *,
    timeout_seconds: float | None,
    show: Callable[[str], None] = to_stderr,
) -> Exit:
    """Show status, stage and percentage of rows whenever they change; return how they ended.

    Parameters
    ----------
    supabase
        The project.
    job_ids
        The rows; if there are several, each line names its row.
    timeout_seconds
        Stop after so long; None waits for ever.
    show
        Receives a line for each change.

    Returns
    -------
    Exit
        `OK` if all were completed; `FAILED` if one ended in error or with a status of the app that runops does not
        know; `NOT_FOUND` if one is not in the table; `TIMEOUT`.

    Raises
    ------
    SupabaseError
        The rows could not be read for two minutes, or waiting cannot help.
    """
    rows = FollowedRows(job_ids)
    reader = _OutageTolerantReader(show)
    try:
        async with asyncio.timeout(timeout_seconds):
            while True:
                found = await reader.read(lambda: summaries_of(supabase, rows.open))
                for line in [] if found is None else rows.update(found):
                    show(f"{reader.seconds:6.1f} s  {line}")
                if not rows.open:
                    if (hint := rows.next_command) is not None:
                        to_stderr(hint)
                    return rows.exit_code
                await asyncio.sleep(_READ_EVERY_SECONDS)
    except TimeoutError:
        whose = f"Job {rows.open[0]}" if len(rows.open) == 1 else f"{len(rows.open)} jobs"
        show(f"{whose} did not end within {timeout_seconds:g} s. To keep following: `runops watch`.")
        return Exit.TIMEOUT


async def follow_table(supabase: Supabase, *, timeout_seconds: float | None, show: Callable[[str], None]) -> Exit:
    """Show the rows that have not ended, then every change, until the time is up.

    It reads the hundred rows that changed last.

    Parameters
    ----------
    supabase, timeout_seconds, show
        As for `follow`.

    Raises
    ------
    SupabaseError
        As in `follow`.
    """
    changes = TableChanges()
    reader = _OutageTolerantReader(show)
    try:
        async with asyncio.timeout(timeout_seconds):
            while True:
                newest = await reader.read(lambda: changed_last(supabase, limit=_NEWEST_ROWS))
                for line in [] if newest is None else changes.update(newest):
                    show(f"{reader.seconds:6.1f} s  {line}")
                await asyncio.sleep(_READ_EVERY_SECONDS)
    except TimeoutError:
        return Exit.TIMEOUT


class _OutageTolerantReader:
    """Reads again and again, and tolerates an outage of two minutes."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._clock = asyncio.get_running_loop().time
        self._started_at = self._read_at = self._clock()
        self._shown_error: str | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started_at

    async def read(self, read: Callable[[], Awaitable[_T]]) -> _T | None:
        """Return the result of `read`; None during an outage."""
        try:
            found = await read()
        except SupabaseError as error:
            if not error.retryable or self._clock() - self._read_at > _OUTAGE_SECONDS:
                raise
            if error.message != self._shown_error:
                self._show(f"{self.seconds:6.1f} s  still waiting: {error.message}")
            self._shown_error = error.message
            return None
        self._read_at, self._shown_error = self._clock(), None
        return found
