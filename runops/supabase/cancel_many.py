"""Cancels many rows in few requests: each only while it is in a status that was meant."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from runops.job_row import RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.job_values import failed
from runops.supabase.many_result import ManyResult
from runops.supabase.row_commands import OPEN, Outcome, cancel

__all__ = ["cancel_many"]


async def cancel_many(
    supabase: Supabase,
    job_ids: Sequence[UUID],
    result: ManyResult,
    sentence: str,
    *,
    from_statuses: Collection[RowStatus] = OPEN,
) -> None:
    """Set rows that are queued or worked on to `error`; their workers lose the claim and stop. To repeat it is safe.

    Parameters
    ----------
    supabase
        The project.
    job_ids
        The rows, at most `ROWS_AT_ONCE`.
    result
        What became of them is added to it, also where an error ends it.
    sentence
        Written to their `error` columns.
    from_statuses
        Which of the two they may be in: a row that was queued may be worked on by now.

    Raises
    ------
    SupabaseError
        Supabase cannot be reached, or refuses the key. Some of the rows may be cancelled.
    """

    def still_open(query: Any) -> Any:
        return query.in_("job_id", [str(job_id) for job_id in job_ids]).in_(
            "status", [one.value for one in from_statuses]
        )

    try:
        doing = f"cancelling {len(job_ids)} rows of the table jobs"
        changed = await supabase.jobs.change_some(failed(sentence), still_open, doing=doing)
    except SupabaseError as error:
        if not (error.retryable or error.refuses_row):
            raise
        # The answer may be lost, or the table refuses one of them: each is written alone.
        await _one_by_one(supabase, job_ids, result, sentence, from_statuses)
        return
    result.changed += changed
    result.left += len(job_ids) - changed


async def _one_by_one(
    supabase: Supabase,
    job_ids: Sequence[UUID],
    result: ManyResult,
    sentence: str,
    from_statuses: Collection[RowStatus],
) -> None:
    for job_id in job_ids:
        try:
            outcome = (await cancel(supabase, job_id, sentence, from_statuses=from_statuses)).outcome
        except SupabaseError as error:
            if not error.refuses_row:
                raise
            result.refused.append((job_id, error.message))
        else:
            # A row that is cancelled already is one whose answer was lost.
            if outcome in {Outcome.DONE, Outcome.ALREADY}:
                result.changed += 1
            else:
                result.left += 1
