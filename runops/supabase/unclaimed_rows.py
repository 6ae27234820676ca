"""Rows in `processing` that nobody has claimed, left by a consumer without claims: finds them and queues them again."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs_requests import parsed, unclaimed_page
from runops.supabase.many_result import ManyResult
from runops.supabase.row_commands import Outcome, run_again

__all__ = ["UnclaimedRows", "find_unclaimed", "run_unclaimed_again"]

_PAGE = 1000


@dataclass(slots=True)
class UnclaimedRows:
    """Rows in `processing` without a claim.

    Attributes
    ----------
    left_behind
        Those that were not changed since the time asked for.
    changed_since
        How many were: a consumer may be at work on them.
    undated
        Those without a readable `updated_at`, of which neither can be said.
    """

    left_behind: list[UUID] = field(default_factory=list)
    changed_since: int = 0
    undated: list[UUID] = field(default_factory=list)


async def find_unclaimed(supabase: Supabase, *, unchanged_since: datetime) -> UnclaimedRows:
    """Read all of them.

    Parameters
    ----------
    supabase
        The project.
    unchanged_since
        Time with its zone, on the server's clock.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    found = UnclaimedRows()
    async for row in _unclaimed(supabase):
        if row.untouched_since(unchanged_since):
            found.left_behind.append(row.job_id)
        elif row.updated_at is None:
            found.undated.append(row.job_id)
        else:
            found.changed_since += 1
    return found


async def run_unclaimed_again(
    supabase: Supabase, job_ids: Iterable[UUID], result: ManyResult, *, unchanged_since: datetime
) -> None:
    """Put rows back into the queue, each only while it is still unclaimed and unchanged. To repeat it is safe.

    Parameters
    ----------
    supabase
        The project.
    job_ids
        Which rows.
    result
        What became of them is added to it, also where an error ends it.
    unchanged_since
        As above.

    Raises
    ------
    SupabaseError
        Supabase cannot be reached, or refuses the key. Some of the rows may be queued.
    """

    def still_left_behind(row: JobRow) -> bool:
        # Read again right before the write, which is conditional on this reading: an operator may have taken it over.
        return row.claim is None and row.untouched_since(unchanged_since)

    for job_id in job_ids:
        try:
            ended = await run_again(supabase, job_id, from_statuses=[RowStatus.PROCESSING], only_if=still_left_behind)
        except SupabaseError as error:
            if not (error.unreadable or error.refuses_row):
                raise
            result.refused.append((job_id, error.message))
        else:
            if ended.outcome is Outcome.DONE:
                result.changed += 1
            else:
                result.left += 1


async def _unclaimed(supabase: Supabase) -> AsyncIterator[JobRow]:
    doing = "reading the rows in processing of the table jobs"
    after: UUID | None = None
    while True:
        rows = await supabase.rest.read(unclaimed_page(after, _PAGE), table="jobs", doing=doing)
        page = parsed(rows, doing=doing)
        for row in page:
            yield row
        if not page:
            return
        after = max(row.job_id for row in page)
