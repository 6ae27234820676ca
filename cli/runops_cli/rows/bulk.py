"""Changes all jobs that a filter takes: they are counted first, then changed in small batches."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from runops.job_filter import JobFilter, VideoFacts
from runops.row_reason import reason_of
from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.job_pages import Page
from runops.supabase.many_result import ROWS_AT_ONCE, ManyResult
from runops.supabase.shown_row import ShownRow
from runops_cli.rows.read_jobs import all_pages
from runops_cli.terminal.console import one_line, to_stderr, to_stdout
from runops_cli.terminal.exit_codes import Exit
from runops_cli.terminal.question import confirmed

__all__ = ["BulkChange", "change_all", "counts_table"]

_PROGRESS_EVERY = 1000
_MOST_REFUSALS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class BulkChange:
    """A change of many jobs.

    Attributes
    ----------
    change
        Changes some, at most `ROWS_AT_ONCE`, and adds what became of them to the result.
    question
        What is asked, with `{}` for their number.
    done
        What they are then, such as `queued again`.
    none
        What is said where the filter takes no job.
    afterwards
        The next command.
    """

    change: Callable[[Sequence[ShownRow], ManyResult], Awaitable[None]]
    question: str
    done: str
    none: str
    afterwards: str


async def change_all(
    supabase: Supabase,
    chosen: JobFilter,
    bulk: BulkChange,
    *,
    facts: Mapping[UUID, VideoFacts],
    yes: bool,
    dry_run: bool,
    say: Callable[[str], None] = to_stderr,
) -> Exit:
    """Count the jobs, ask, and change those that are still as they were counted. What was done stands if interrupted.

    Parameters
    ----------
    supabase
        The project.
    chosen, facts
        Which jobs, and what is known of their videos.
    bulk
        The change.
    yes, dry_run
        Do not ask; only count.
    say
        Shows a line.
    """
    counts: Counter[str] = Counter()
    counted: dict[UUID, ShownRow] = {}
    undecided = 0
    async for page in all_pages(supabase, chosen, facts=facts):
        counts.update(map(_kind, page.rows))
        counted |= {row.job_id: ShownRow.of(row) for row in page.rows}
        undecided += page.undecided
    if undecided:
        say(f"{undecided} more are left out: nothing tells their model or length.")
    if not counts:
        say(bulk.none)
        return Exit.OK
    for line in counts_table(counts):
        to_stdout(line)
    if dry_run:
        say("Nothing was changed. Without --dry-run it is done.")
        return Exit.OK
    if not yes:
        confirmed(bulk.question.format(counts.total()))
    return await _changed(counted, all_pages(supabase, chosen, facts=facts), bulk, say)


def counts_table(counts: Counter[str]) -> list[str]:
    """Return a line for each reason or status, the most frequent first, and the sum. Pure."""
    width = max(len(str(counts.total())), *(len(str(count)) for count in counts.values()), 1)
    lines = [
        f"{count:>{width}}  {reason}" for reason, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]
    return [*lines, f"{counts.total():>{width}}  in all"]


def _kind(row: RowSummary) -> str:
    return reason_of(row) or row.status or "without a status"


async def _changed(
    counted: Mapping[UUID, ShownRow], pages_after: AsyncIterator[Page], bulk: BulkChange, say: Callable[[str], None]
) -> Exit:
    result, told, rows = ManyResult(), 0, list(counted.values())
    try:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            await bulk.change(rows[start : start + ROWS_AT_ONCE], result)
            if result.changed // _PROGRESS_EVERY > told:
                told = result.changed // _PROGRESS_EVERY
                say(f"{told * _PROGRESS_EVERY} are {bulk.done} ...")
        # A person agreed to those that were counted. Others may match by now.
        later = sum([row.job_id not in counted async for page in pages_after for row in page.rows])
    except SupabaseError as error:
        say(f"{error.message} Run the command again: what is {bulk.done} already is left alone.")
        return _ended(result, bulk, Exit.UNAVAILABLE, say)
    except BaseException:
        _ended(result, bulk, Exit.INTERRUPTED, say)
        raise
    if later:
        say(f"{later} more match since they were counted, and are left alone. Run the command again for those.")
    return _ended(result, bulk, Exit.FAILED if result.refused else Exit.OK, say)


def _ended(result: ManyResult, bulk: BulkChange, code: Exit, say: Callable[[str], None]) -> Exit:
    for job_id, words in result.refused[:_MOST_REFUSALS_SHOWN]:
        say(f"{job_id}  was not changed: {one_line(words)}")
    left = f", {result.left} had changed meanwhile and were left alone" if result.left else ""
    refused = f", {len(result.refused)} could not be changed" if result.refused else ""
    say(f"{result.changed} {bulk.done}{left}{refused}. {bulk.afterwards}")
    return code
