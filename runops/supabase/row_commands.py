"""Commands of a person on one row: cancel, run again. The row's status fences these writes, not a claim."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError, ever_changing
from runops.supabase.job_values import failed, queued_afresh
from runops.supabase.jobs_requests import seen
from runops.supabase.retry import may_pass
from runops.supabase.shown_row import ShownRow, still_among

__all__ = ["OPEN", "CommandResult", "Outcome", "cancel", "run_again"]

OPEN = (RowStatus.QUEUED, RowStatus.PROCESSING)
"""Statuses of rows that have not ended."""


class Outcome(Enum):
    """The result of a command."""

    DONE = auto()
    ALREADY = auto()
    """Nothing was written: the row had the wanted state already."""
    REFUSED = auto()
    """Nothing was written: the row's status does not allow it."""
    MISSING = auto()
    """There is no such row."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """An outcome, and the row as it was read when nothing was written."""

    outcome: Outcome
    row: JobRow | None = None


async def cancel(supabase: Supabase, job_id: UUID, sentence: str, *, shown: ShownRow | None = None) -> CommandResult:
    """Set a row that is queued or worked on to `error`; its worker loses the claim and stops.

    One write decides and changes at once, so that a row that ends at the same moment keeps its end.

    Parameters
    ----------
    supabase
        The project.
    job_id
        The row.
    sentence
        Written to the row's `error` column.
    shown
        The state in which a person saw it: only that is cancelled. Without it, whatever has not ended.

    Raises
    ------
    SupabaseError
        The row could not be written, or the result of the write is unknown.
    """
    body = failed(sentence)

    def still_open(query: Any) -> Any:
        query = query.eq("job_id", str(job_id)).in_("status", [status.value for status in OPEN])
        return (
            query
            if shown is None
            else still_among([shown], RowStatus(shown.status or ""), after=RowStatus.ERROR)(query)
        )

    doubt = False
    attempts = supabase.rest.retries.begin(may_pass)
    for _round in attempts:
        failure: SupabaseError | None = None
        try:
            if await supabase.jobs.change_some(
                body, still_open, doing=f"cancelling the row {job_id} of the table jobs"
            ):
                return CommandResult(Outcome.DONE)
        except SupabaseError as error:
            if not error.retryable:
                raise
            # The write may have arrived without its answer; the row tells.
            doubt, failure = True, error
        row = await supabase.jobs.get(job_id)
        if row is None:
            return CommandResult(Outcome.MISSING)
        written = body["error"] if (await supabase.jobs.columns()).error else None
        if row.status == RowStatus.ERROR and row.error == written:
            return CommandResult(Outcome.DONE if doubt else Outcome.ALREADY, row)
        if row.status not in OPEN or not (shown is None or shown.is_still(row)):
            return CommandResult(Outcome.REFUSED, row)
        if failure is not None:
            await attempts.failed(failure)
    raise ever_changing(job_id, "it was to be cancelled")


def _any_row(_row: JobRow) -> bool:
    return True


async def run_again(
    supabase: Supabase,
    job_id: UUID,
    *,
    from_statuses: Collection[RowStatus],
    only_if: Callable[[JobRow], bool] = _any_row,
    only_sop: bool = False,
) -> CommandResult:
    """Put a row back into the queue and remove its attempts; a running worker loses its claim.

    A row that changed since it was read is read again.

    Parameters
    ----------
    supabase
        The project.
    job_id
        The row.
    from_statuses
        Which statuses it may have.
    only_if
        Whether the row, as it was just read, is meant at all.
    only_sop
        Whether only the SOP is to be made again, of the transcript that is there.

    Raises
    ------
    SupabaseError
        The row could not be written, or the result of the write is unknown.
    """
    doubt = False
    attempts = supabase.rest.retries.begin(may_pass)
    for _round in attempts:
        row = await supabase.jobs.get(job_id)
        if row is None:
            return CommandResult(Outcome.MISSING)
        if row.status == RowStatus.QUEUED:
            return CommandResult(Outcome.DONE if doubt else Outcome.ALREADY, row)
        if row.status not in from_statuses or not only_if(row):
            # After a write whose answer was lost: it arrived, and the row was taken up since.
            taken_up = doubt and row.status == RowStatus.PROCESSING
            return CommandResult(Outcome.DONE if taken_up else Outcome.REFUSED, row)
        try:
            if await supabase.jobs.change(
                queued_afresh(row.metadata, only_sop=only_sop),
                seen(row, str(row.status)),
                doing=f"queueing the row {job_id} of the table jobs again",
            ):
                return CommandResult(Outcome.DONE)
        except SupabaseError as error:
            doubt = True
            await attempts.failed(error)
    raise ever_changing(job_id, "it was to be queued again")
