"""Checks that come before any cost: the row, its user, the tables."""

import logging
from dataclasses import dataclass
from uuid import UUID

from runops.failures import Failed, Reason
from runops.job_row import begins_with_sop, no_such_user, user_of
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.kept_claim import KeptClaim
from runops_worker.task import Task

__all__ = ["Found", "check_row"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the row and the tables say of the run.

    Attributes
    ----------
    only_sop
        Whether only the SOP is to be made, of the transcript that is there.
    has_sop
        Whether a SOP of ours is in the table: people may have edited it and answered its questions.
    """

    only_sop: bool
    has_sop: bool


async def check_row(task: Task, supabase: Supabase) -> Found:
    """Check what would make all work futile, and return what the run begins with.

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
    if not row.is_held_by(task.claim):
        # An app may have written over the claim, and over what the run begins with: both are in the row again then.
        back = await KeptClaim(supabase.jobs, task.job_id, task.claim).is_back()
        row = await supabase.jobs.get(task.job_id) if back else None
        if row is None or not row.is_held_by(task.claim):
            raise Failed(Reason.CLAIM_LOST)
    check_user(of_row=user_of(row), of_task=task.user_id)
    await supabase.results.look_at_columns()
    there = await supabase.results.refuse_duplicates(task.job_id)
    if task.user_id is not None:
        await _check_user_exists(task.user_id, supabase)
    return Found(only_sop=begins_with_sop(row.metadata), has_sop="sops" in there)


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
