"""Checks that come before any cost: the row, its user, the tables."""

from uuid import UUID

from runops.failures import Failed, Reason
from runops.job_row import user_of
from runops.supabase.connection import Supabase
from runops_worker.task import Task

__all__ = ["check_row"]


async def check_row(task: Task, supabase: Supabase) -> None:
    """Check what would make all work futile.

    Raises
    ------
    Failed
        `RowMissing`, `ClaimLost`, `InvalidUser` or `DuplicateResults`.
    """
    row = await supabase.jobs.get(task.job_id)
    if row is None:
        raise Failed(Reason.ROW_MISSING, f"There is no row in `jobs` with job_id {task.job_id}.")
    if not row.is_held_by(task.claim):
        raise Failed(Reason.CLAIM_LOST)
    check_user(of_row=user_of(row), of_task=task.user_id)
    await supabase.results.look_at_columns()
    for table, count in (
        ("transcripts", await supabase.results.transcript_count(task.job_id)),
        ("sops", await supabase.results.sop_count(task.job_id)),
    ):
        if count > 1:
            raise Failed(
                Reason.DUPLICATE_RESULTS,
                f"The table {table} holds {count} rows for job {task.job_id}. "
                "Keep one of them and set the job back to queued.",
            )


def check_user(*, of_row: UUID | None, of_task: UUID | None) -> None:
    """Refuse a task whose SOP would go to another user than the row's, or to everybody.

    Raises
    ------
    Failed
        `InvalidUser`.
    """
    if of_row is not None and of_row != of_task:
        named = "no user" if of_task is None else "another user"
        raise Failed(
            Reason.INVALID_USER,
            f"The row names a user in metadata.user_id, but the VideoJob names {named}. "
            "Give the VideoJob the row's user as spec.userId.",
        )
