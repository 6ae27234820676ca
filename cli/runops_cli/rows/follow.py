"""Follows rows until they have ended, or whatever changes in the table."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from runops.job_row import RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.row_summaries import Order, RowSummary, list_summaries, summaries_of
from runops_cli.terminal.console import in_one_line, say
from runops_cli.terminal.exit_codes import Exit, worse

__all__ = ["follow", "follow_table", "words"]

_T = TypeVar("_T")
_PACE_SECONDS = 1.0
_PATIENCE_SECONDS = 120.0
_ROWS_SEEN = 100


def words(sight: RowSummary) -> str:
    """Return what one look at a row showed, as a few words for a line."""
    if sight.status == RowStatus.ERROR:
        return f"{sight.status}: {in_one_line(sight.error or 'no reason was written down')}"
    if sight.status != RowStatus.PROCESSING:
        return sight.status or "without a status"
    stage = (sight.progress_stage or str(sight.status)).replace("_", " ")
    return stage if sight.progress_percent is None else f"{stage} {sight.progress_percent} %"


async def follow(
    supabase: Supabase, job_ids: Sequence[UUID], *, timeout_seconds: float | None, show: Callable[[str], None] = say
) -> Exit:
    """Show status, stage and percentage of rows whenever they change; return how they ended.

    Parameters
    ----------
    supabase
        The project.
    job_ids
        The rows; where they are more than one, each line names its own.
    timeout_seconds
        After so long it is not waited any more; for ever where None.
    show
        Told each change in a line.

    Returns
    -------
    Exit
        `OK` where all were completed, `FAILED` where one ended in error or has a status of the app's own, with which
        nobody works on it, `NOT_THERE` where one is not in the table.

    Raises
    ------
    SupabaseError
        The rows could not be read for two minutes, or not for a reason that waiting mends.
    """
    rows = _Rows(dict.fromkeys(job_ids, ""))
    watch = _Watch(show)
    try:
        async with asyncio.timeout(timeout_seconds):
            while True:
                sights = await watch.look(lambda: summaries_of(supabase, rows.open))
                for line in [] if sights is None else rows.changes(sights):
                    show(f"{watch.seconds:6.1f} s  {line}")
                if not rows.open:
                    return rows.ended_as
                await asyncio.sleep(_PACE_SECONDS)
    except TimeoutError:
        left = [str(job_id) for job_id in rows.open]
        whose = f"Job {left[0]} was" if len(left) == 1 else f"{len(left)} jobs were"
        goes = "it goes on" if len(left) == 1 else "they go on"
        show(f"{whose} not done after {timeout_seconds:g} s; {goes} without being watched.")
        return Exit.TIMEOUT


async def follow_table(supabase: Supabase, *, timeout_seconds: float | None, show: Callable[[str], None]) -> Exit:
    """Show what is queued or worked on, then every change, until the time is up.

    It looks at the hundred rows that changed last.

    Parameters
    ----------
    supabase, timeout_seconds, show
        As for `follow`.

    Raises
    ------
    SupabaseError
        As in `follow`.
    """
    watch = _Watch(show)
    shown: dict[UUID, str] | None = None
    try:
        async with asyncio.timeout(timeout_seconds):
            while True:
                newest = await watch.look(lambda: list_summaries(supabase, order=Order.CHANGED_LAST, limit=_ROWS_SEEN))
                if newest is not None:
                    for sight in reversed(newest):
                        if _is_news(sight, shown):
                            show(f"{watch.seconds:6.1f} s  {sight.job_id}  {words(sight)}")
                    shown = {sight.job_id: words(sight) for sight in newest}
                await asyncio.sleep(_PACE_SECONDS)
    except TimeoutError:
        return Exit.TIMEOUT


def _is_news(sight: RowSummary, shown: dict[UUID, str] | None) -> bool:
    return not sight.ended if shown is None else shown.get(sight.job_id) != words(sight)


@dataclass(slots=True)
class _Rows:
    """The rows that are followed, and what was last shown of each. Pure.

    Attributes
    ----------
    open
        Those that have not ended; each with what was shown of it, which is nothing at first.
    ended_as
        What the others come to.
    """

    open: dict[UUID, str]
    ended_as: Exit = Exit.OK
    _several: bool = field(init=False)

    def __post_init__(self) -> None:
        self._several = len(self.open) > 1

    def changes(self, sights: dict[UUID, RowSummary]) -> list[str]:
        """Take in a look at the open rows; return what is new, a line for each row."""
        lines: list[str] = []
        for job_id, shown in list(self.open.items()):
            sight = sights.get(job_id)
            if sight is None:
                lines.append(f"The row of job {job_id} was deleted." if shown else f"There is no job {job_id}.")
                self._end(job_id, Exit.NOT_THERE)
                continue
            said = words(sight)
            if said != shown:
                lines.append(f"{job_id}  {said}" if self._several else said)
                self.open[job_id] = said
            if sight.status == RowStatus.COMPLETED:
                self._end(job_id, Exit.OK)
            elif sight.ended:
                self._end(job_id, Exit.FAILED)
        return lines

    def _end(self, job_id: UUID, how: Exit) -> None:
        del self.open[job_id]
        self.ended_as = worse(self.ended_as, how)


class _Watch:
    """Looks again and again, and bears that for a while nothing can be read."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._clock = asyncio.get_running_loop().time
        self._begun = self._read_at = self._clock()
        self._trouble: str | None = None

    @property
    def seconds(self) -> float:
        """How long it has been watched."""
        return self._clock() - self._begun

    async def look(self, read: Callable[[], Awaitable[_T]]) -> _T | None:
        """Return what is read; None where it cannot be read at the moment."""
        try:
            found = await read()
        except SupabaseError as error:
            if not error.retryable or self._clock() - self._read_at > _PATIENCE_SECONDS:
                raise
            if error.message != self._trouble:
                self._show(f"{self.seconds:6.1f} s  still waiting: {error.message}")
            self._trouble = error.message
            return None
        self._read_at, self._trouble = self._clock(), None
        return found
