"""Queues all rows in error again that a person means: they are counted first, then changed in small batches."""

from collections import Counter
from collections.abc import Callable

from runops.job_filter import JobFilter
from runops.row_reason import reason_of
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.run_again_many import ROWS_AT_ONCE, ManyResult, run_many_again
from runops_cli.rows.read_jobs import all_pages
from runops_cli.terminal.console import one_line, to_stderr
from runops_cli.terminal.exit_codes import Exit

__all__ = ["count_failed", "counts_table", "retry_failed"]

_PROGRESS_EVERY = 1000
_MOST_REFUSALS_SHOWN = 10


async def count_failed(supabase: Supabase, chosen: JobFilter) -> Counter[str]:
    """Return how many rows are meant, by reason.

    Raises
    ------
    SupabaseError
        The table could not be read.
    """
    counts: Counter[str] = Counter()
    async for page in all_pages(supabase, chosen):
        counts.update(reason_of(row) or "" for row in page.rows)
    return counts


def counts_table(counts: Counter[str]) -> list[str]:
    """Return a line for each reason, the most frequent first, and the sum. Pure."""
    width = max(len(str(counts.total())), *(len(str(count)) for count in counts.values()), 1)
    lines = [
        f"{count:>{width}}  {reason}" for reason, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]
    return [*lines, f"{counts.total():>{width}}  in all"]


async def retry_failed(supabase: Supabase, chosen: JobFilter, *, say: Callable[[str], None] = to_stderr) -> Exit:
    """Queue the rows again. What was done stands where it is interrupted, and the same command does the rest.

    Parameters
    ----------
    supabase
        The project.
    chosen
        Which rows.
    say
        Shows a line.
    """
    result, told = ManyResult(), 0
    try:
        async for page in all_pages(supabase, chosen):
            ids = [row.job_id for row in page.rows]
            for start in range(0, len(ids), ROWS_AT_ONCE):
                await run_many_again(supabase, ids[start : start + ROWS_AT_ONCE], result)
                if result.queued // _PROGRESS_EVERY > told:
                    told = result.queued // _PROGRESS_EVERY
                    say(f"{told * _PROGRESS_EVERY} are queued again ...")
    except SupabaseError as error:
        say(f"{error.message} Run the command again: what is queued already is left alone.")
        return _ended(result, Exit.UNAVAILABLE, say)
    except BaseException:
        _ended(result, Exit.INTERRUPTED, say)
        raise
    return _ended(result, Exit.FAILED if result.refused else Exit.OK, say)


def _ended(result: ManyResult, code: Exit, say: Callable[[str], None]) -> Exit:
    for job_id, words in result.refused[:_MOST_REFUSALS_SHOWN]:
        say(f"{job_id}  was not changed: {one_line(words)}")
    left = f", {result.left} had left error meanwhile" if result.left else ""
    refused = f", {len(result.refused)} could not be changed" if result.refused else ""
    say(f"{result.queued} queued again{left}{refused}.")
    return code
