"""Puts many rows that have ended back into the queue, in few requests: each only while it is as it was shown."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.job_values import queued_afresh
from runops.supabase.jobs_requests import seen_among
from runops.supabase.many_result import ManyResult
from runops.supabase.row_commands import Outcome, run_again
from runops.supabase.shown_row import ShownRow

__all__ = ["run_many_again"]

_ENDED = (RowStatus.ERROR, RowStatus.COMPLETED)


async def run_many_again(
    supabase: Supabase, rows: Sequence[ShownRow], result: ManyResult, *, only_sop: bool = False
) -> None:
    """Put rows in `error` or `completed` back into the queue and remove their attempts. To repeat it is safe.

    Parameters
    ----------
    supabase
        The project.
    rows
        The rows, at most `ROWS_AT_ONCE`.
    result
        What became of them is added to it, also where an error ends it.
    only_sop
        Whether only their SOPs are to be made again, of the transcripts that are there.

    Raises
    ------
    SupabaseError
        Supabase cannot be reached, or refuses the key. Some of the rows may be queued.
    """
    there = await supabase.jobs.get_many(row.job_id for row in rows)
    for status in _ENDED:
        shown = {row.job_id: row for row in rows if row.status == status}
        unchanged = [row for job_id, one in shown.items() if (row := there.get(job_id)) and one.is_still(row)]
        for batch in _of_same_metadata(unchanged, only_sop=only_sop):
            await _run_batch(supabase, batch, shown, status, result, only_sop=only_sop)
        result.left += sum(job_id in there for job_id in shown) - len(unchanged)
        # Deleted, or of a content that cannot be read: each tells it alone.
        missing = [one for job_id, one in shown.items() if job_id not in there]
        await _one_by_one(supabase, missing, result, only_sop=only_sop)
    result.left += sum(row.status not in _ENDED for row in rows)


async def _run_batch(
    supabase: Supabase,
    rows: list[JobRow],
    shown: dict[UUID, ShownRow],
    status: RowStatus,
    result: ManyResult,
    *,
    only_sop: bool,
) -> None:
    doing, values = f"queueing {len(rows)} rows of the table jobs again", _values(rows[0], only_sop=only_sop)
    batch = [shown[row.job_id] for row in rows]
    try:
        which = seen_among(rows, status.value, after=f"status.eq.{RowStatus.QUEUED.value}")
        queued = await supabase.jobs.change_some(values, which, doing=doing)
    except SupabaseError as error:
        if not (error.retryable or error.refuses_row):
            raise
        # The answer may be lost, or the table refuses one of them: each is read again.
        await _one_by_one(supabase, batch, result, only_sop=only_sop)
        return
    result.changed += len(queued)
    # An app wrote to them since they were read, or a person queued them: each is read again.
    left = [one for one in batch if one.job_id not in queued]
    await _one_by_one(supabase, left, result, only_sop=only_sop)


async def _one_by_one(supabase: Supabase, rows: Iterable[ShownRow], result: ManyResult, *, only_sop: bool) -> None:
    for row in rows:
        try:
            ended = await run_again(supabase, row.job_id, from_statuses=_ENDED, only_if=row.is_still, only_sop=only_sop)
        except SupabaseError as error:
            if not (error.unreadable or error.refuses_row):
                raise
            result.refused.append((row.job_id, error.message))
        else:
            # A row that is queued already is one whose answer was lost.
            if ended.outcome in {Outcome.DONE, Outcome.ALREADY}:
                result.changed += 1
            else:
                result.left += 1


def _values(row: JobRow, *, only_sop: bool) -> dict[str, Any]:
    return queued_afresh(row.metadata, only_sop=only_sop)


def _of_same_metadata(rows: Iterable[JobRow], *, only_sop: bool) -> list[list[JobRow]]:
    """Return the rows in batches that get the same values. Pure."""
    same: defaultdict[str, list[JobRow]] = defaultdict(list)
    for row in rows:
        same[json.dumps(_values(row, only_sop=only_sop), sort_keys=True)].append(row)
    return list(same.values())
