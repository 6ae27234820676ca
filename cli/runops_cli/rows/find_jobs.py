"""Finds the jobs that people name by the beginning of an id."""

from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

from runops.row_summary import RowSummary, time_of
from runops.supabase.connection import Supabase
from runops.supabase.row_summaries import beginning_with
from runops_cli.terminal.console import one_line, printable
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.job_refs import JobRef

__all__ = ["find_job", "find_jobs", "only_one"]

_MOST_SHOWN = 5


async def find_jobs(supabase: Supabase, refs: Sequence[JobRef]) -> list[UUID]:
    """Return the ids of the jobs. A whole id is not looked for: each command says itself where there is no such job.

    Raises
    ------
    CommandFailed
        A beginning is that of no job, or of several; the message says which.
    SupabaseError
        The table could not be read.
    """
    return [await find_job(supabase, ref) for ref in refs]


async def find_job(supabase: Supabase, ref: JobRef) -> UUID:
    """Return the id of one job, see `find_jobs`."""
    if (whole := ref.whole) is not None:
        return whole
    return only_one(ref, await beginning_with(supabase, ref, limit=_MOST_SHOWN + 1))


def only_one(ref: JobRef, rows: Sequence[RowSummary]) -> UUID:
    """Return the id of the only row. Pure.

    Raises
    ------
    CommandFailed
        There is none, or more than one.
    """
    if not rows:
        raise CommandFailed(f"No job's id begins with {ref}. `runops list` shows the jobs.", Exit.NOT_FOUND)
    if len(rows) == 1:
        return rows[0].job_id
    shown = "\n".join(f"  {row.job_id}  {row.status or '-'}  {_words(row)}".rstrip() for row in rows[:_MOST_SHOWN])
    more = "\n  ..." if len(rows) > _MOST_SHOWN else ""
    raise CommandFailed(
        f"Several jobs' ids begin with {ref}. Give more of the one that you mean:\n{shown}{more}", Exit.USAGE
    )


def _words(row: RowSummary) -> str:
    queued = time_of(row.created_at)
    told = "" if queued is None else f"{queued.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    return printable(one_line(row.error or ""))[:60] or told
