"""Checks that come before any cost: the row, its user, the tables."""

import logging
from uuid import UUID

from runops.failures import Failed, Reason
from runops.job_row import no_such_user, user_of
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.kept_claim import KeptClaim
from runops_worker.task import Task

__all__ = ["check_row"]

_LOG = logging.getLogger(__name__)


async def check_row(task: Task, supabase: Supabase) -> None:
    """Check what would make all work futile.

    Raises
    ------
    Failed
        `RowMissing`, `ClaimLost`, `InvalidUser` or `DuplicateResults`.
    SupabaseError
        The row, the tables or the users could not be read.
    """
    row = await supabase.jobs.get(task.job_id)
    if row is None:
        raise Failed(Reason.ROW_MISSING, f"There is no row in `jobs` with job_id {task.job_id}.")
    if not row.is_held_by(task.claim) and not await KeptClaim(supabase.jobs, task.job_id, task.claim).is_back():
        raise Failed(Reason.CLAIM_LOST)
    check_user(of_row=user_of(row), of_task=task.user_id)
    await supabase.results.look_at_columns()
    await supabase.results.refuse_duplicates(task.job_id)
    if task.user_id is not None:
        await _check_user_exists(task.user_id, supabase)


async def _check_user_exists(user_id: UUID, supabase: Supabase) -> None:
    try:
        exists = await supabase.users.exists(user_id)
    except SupabaseError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        # A project without the Auth service: the table itself may still refuse the user.
        _LOG.warning("it is not known whether the user exists: %s", error)
        return
    if not exists:
        raise Failed(Reason.INVALID_USER, no_such_user(user_id))


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
