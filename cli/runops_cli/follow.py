"""Follows a row until it is completed or in error."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_cli.console import say
from runops_cli.exits import Exit

__all__ = ["Sight", "follow"]

_PACE_SECONDS = 1.0
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at a row showed; stage and percent are None where the table has no columns for them."""

    row: JobRow
    stage: str | None = None
    percent: int | None = None

    def words(self) -> str:
        """Return the sight as a few words for a line."""
        if self.row.status != RowStatus.PROCESSING:
            return str(self.row.status)
        stage = (self.stage or str(self.row.status)).replace("_", " ")
        return stage if self.percent is None else f"{stage} {self.percent} %"


async def follow(
    supabase: Supabase, job_id: UUID, *, timeout_seconds: float | None, show: Callable[[str], None] = say
) -> Exit:
    """Show a row's status, stage and percentage whenever they change; return how it ended.

    Parameters
    ----------
    supabase
        The project.
    job_id
        The row.
    timeout_seconds
        After so long it is not waited any more; for ever where None.
    show
        Told each change in a line.

    Raises
    ------
    SupabaseError
        The row could not be read for two minutes, or not for a reason that waiting mends.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _until_ended(supabase, job_id, show)
    except TimeoutError:
        show(f"Job {job_id} was not done after {timeout_seconds:g} s; it goes on without being watched.")
        return Exit.TIMEOUT


async def _until_ended(supabase: Supabase, job_id: UUID, show: Callable[[str], None]) -> Exit:
    clock = asyncio.get_running_loop().time
    start = read_at = clock()
    shown = ""
    while True:
        try:
            sight = await _look(supabase, job_id)
        except SupabaseError as error:
            if not error.retryable or clock() - read_at > _PATIENCE_SECONDS:
                raise
            words = f"still waiting: {error.message}"
        else:
            read_at = clock()
            if sight is None:
                show(f"The row of job {job_id} was deleted.")
                return Exit.NOT_THERE
            words = sight.words()
        if words != shown:
            show(f"{clock() - start:6.1f} s  {words}")
            shown = words
        if words == RowStatus.COMPLETED:
            return Exit.OK
        if words == RowStatus.ERROR:
            assert sight is not None
            show(sight.row.error or "No reason was written down.")
            return Exit.FAILED
        await asyncio.sleep(_PACE_SECONDS)


async def _look(supabase: Supabase, job_id: UUID) -> Sight | None:
    row = await supabase.jobs.get(job_id)
    if row is None or row.status != RowStatus.PROCESSING or not (await supabase.jobs.columns()).progress:
        return None if row is None else Sight(row)
    found = await supabase.rest.read(
        lambda table: table.select("progress_stage", "progress_percent").eq("job_id", str(job_id)),
        table="jobs",
        doing=f"reading the progress of {job_id} from the table jobs",
    )
    progress = found[0] if found else {}
    return Sight(row, progress.get("progress_stage"), progress.get("progress_percent"))
