"""Puts many rows that have ended back into the queue, in few requests: each only while it is as it was read."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.job_values import queued_afresh
from runops.supabase.jobs_requests import ended_among
from runops.supabase.many_result import ManyResult
from runops.supabase.row_commands import Outcome, run_again

__all__ = ["run_many_again"]

_ENDED = frozenset({RowStatus.ERROR, RowStatus.COMPLETED})


async def run_many_again(
    supabase: Supabase, job_ids: Sequence[UUID], result: ManyResult, *, only_sop: bool = False
) -> None:
    """Put rows in `error` or `completed` back into the queue and remove their attempts. To repeat it is safe.

    Parameters
    ----------
    supabase
        The project.
    job_ids
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
    try:
        there = await supabase.jobs.get_many(job_ids)
    except SupabaseError as error:
        if not error.unreadable:
            raise
        # One of them cannot be read; the others can.
        await _one_by_one(supabase, job_ids, result, only_sop=only_sop)
        return
    rows = [row for row in there.values() if row.status in _ENDED]
    result.left += len(job_ids) - len(rows)
    for batch in _of_same_metadata(rows, only_sop=only_sop):
        await _run_batch(supabase, batch, result, only_sop=only_sop)


async def _run_batch(supabase: Supabase, rows: list[JobRow], result: ManyResult, *, only_sop: bool) -> None:
    doing, values = f"queueing {len(rows)} rows of the table jobs again", _values(rows[0], only_sop=only_sop)
    try:
        queued = await supabase.jobs.change_some(values, ended_among(rows), doing=doing)
    except SupabaseError as error:
        if not (error.retryable or error.refuses_row):
            raise
        # The answer may be lost, or the table refuses one of them: each is read again.
        await _one_by_one(supabase, [row.job_id for row in rows], result, only_sop=only_sop)
        return
    result.changed += queued
    result.left += len(rows) - queued


async def _one_by_one(supabase: Supabase, job_ids: Iterable[UUID], result: ManyResult, *, only_sop: bool) -> None:
    for job_id in job_ids:
        try:
            outcome = (await run_again(supabase, job_id, from_statuses=_ENDED, only_sop=only_sop)).outcome
        except SupabaseError as error:
            if not (error.unreadable or error.refuses_row):
                raise
            result.refused.append((job_id, error.message))
        else:
            # A row that is queued already is one whose answer was lost.
            if outcome in {Outcome.DONE, Outcome.ALREADY}:
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
