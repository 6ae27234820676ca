"""Cancels many rows in few requests: each only while it is as it was shown."""

from collections.abc import Sequence

from runops.job_row import RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.job_values import failed
from runops.supabase.many_result import ManyResult
from runops.supabase.row_commands import OPEN, Outcome, cancel
from runops.supabase.shown_row import ShownRow, still_among

__all__ = ["cancel_many"]


async def cancel_many(supabase: Supabase, rows: Sequence[ShownRow], result: ManyResult, sentence: str) -> None:
    """Set rows that are queued or worked on to `error`; their workers lose the claim and stop. To repeat it is safe.

    Parameters
    ----------
    supabase
        The project.
    rows
        The rows, at most `ROWS_AT_ONCE`.
    result
        What became of them is added to it, also where an error ends it.
    sentence
        Written to their `error` columns.

    Raises
    ------
    SupabaseError
        Supabase cannot be reached, or refuses the key. Some of the rows may be cancelled.
    """
    for status in OPEN:
        if some := [row for row in rows if row.status == status]:
            await _cancel_some(supabase, some, status, result, sentence)
    result.left += sum(row.status not in OPEN for row in rows)


async def _cancel_some(
    supabase: Supabase, rows: Sequence[ShownRow], status: RowStatus, result: ManyResult, sentence: str
) -> None:
    try:
        doing = f"cancelling {len(rows)} rows of the table jobs"
        which = still_among(rows, status.value, after=RowStatus.ERROR)
        changed = await supabase.jobs.change_some(failed(sentence), which, doing=doing)
    except SupabaseError as error:
        if not (error.retryable or error.refuses_row):
            raise
        # The answer may be lost, or the table refuses one of them: each is written alone.
        await _one_by_one(supabase, rows, result, sentence)
        return
    result.changed += len(changed)
    result.left += len(rows) - len(changed)


async def _one_by_one(supabase: Supabase, rows: Sequence[ShownRow], result: ManyResult, sentence: str) -> None:
    for row in rows:
        try:
            outcome = (await cancel(supabase, row.job_id, sentence, shown=row)).outcome
        except SupabaseError as error:
            if not (error.unreadable or error.refuses_row):
                raise
            result.refused.append((row.job_id, error.message))
        else:
            # A row that is cancelled already is one whose answer was lost.
            if outcome in {Outcome.DONE, Outcome.ALREADY}:
                result.changed += 1
            else:
                result.left += 1
