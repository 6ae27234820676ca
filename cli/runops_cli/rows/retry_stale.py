"""`runops retry --stale`: rows that a consumer without claims left in `processing`, such as the old worker."""

from collections.abc import Callable
from datetime import datetime

from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.many_result import ManyResult
from runops.supabase.unclaimed_rows import UnclaimedRows, find_unclaimed, run_unclaimed_again
from runops_cli.terminal.console import one_line, to_stderr, to_stdout
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.question import confirmed

__all__ = ["retry_stale"]


async def retry_stale(supabase: Supabase, unchanged_since: datetime, *, yes: bool, dry_run: bool) -> Exit:
    """Show the rows, ask, and queue them again.

    Parameters
    ----------
    supabase
        The project.
    unchanged_since
        Rows that were changed later are left alone: somebody may be at work on them.
    yes
        Do not ask.
    dry_run
        Only show them.
    """
    found = await find_unclaimed(supabase, unchanged_since=unchanged_since)
    for line in _about_others(found):
        to_stderr(line)
    if not found.left_behind:
        to_stderr(
            "No row in processing is without a claim and unchanged for so long. "
            "`runops list --status processing` shows those at work."
        )
        return Exit.OK
    for job_id in found.left_behind:
        to_stdout(str(job_id))
    if dry_run:
        to_stderr(f"{len(found.left_behind)} would be queued again. Without --dry-run, the same command queues them.")
        return Exit.OK
    if not yes:
        question = f"Queue {len(found.left_behind)} again? The consumer that took them must be stopped"
        confirmed(question)
    return await _queued(supabase, found, unchanged_since, say=to_stderr)


async def _queued(
    supabase: Supabase, found: UnclaimedRows, unchanged_since: datetime, *, say: Callable[[str], None]
) -> Exit:
    result, code = ManyResult(), Exit.OK
    try:
        await run_unclaimed_again(supabase, found.left_behind, result, unchanged_since=unchanged_since)
    except SupabaseError as error:
        say(f"{error.message} Run the command again: what is queued already is left alone.")
        code = Exit.UNAVAILABLE
    for job_id, words in result.refused:
        say(f"{job_id}  was not changed: {one_line(words)}")
        code = code or Exit.FAILED
    left = f", {result.left} had changed meanwhile" if result.left else ""
    refused = f", {len(result.refused)} could not be changed" if result.refused else ""
    say(f"{result.changed} queued again{left}{refused}. `runops watch` follows them.")
    return code


def _about_others(found: UnclaimedRows) -> list[str]:
    """Return a line for each kind of row without a claim that is left alone. Pure."""
    lines = []
    if found.changed_since:
        lines.append(
            f"{found.changed_since} without a claim changed later than that: a consumer without claims may be at work."
        )
    if found.undated:
        named = " ".join(map(str, found.undated[:5]))
        more = f" and {len(found.undated) - 5} more" if len(found.undated) > 5 else ""
        lines.append(
            f"{len(found.undated)} have no updated_at, so they are left alone: {named}{more}. "
            "`runops retry JOB --force` queues one."
        )
    return lines
