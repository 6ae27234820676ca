"""Writes a claim into its row again where an app wrote over it: no operator does that for `runops work`."""

from uuid import UUID

from runops.job_row import Claim
from runops.supabase.jobs import JobsTable
from runops.supabase.kept_claim import ClaimState, claim_state

__all__ = ["released", "stamped_again"]


async def stamped_again(jobs: JobsTable, job_id: UUID, claim: Claim) -> bool:
    """Return whether the claim was written again into a row in processing that had none.

    Nobody else would take up such a row: it names no holder.

    Raises
    ------
    SupabaseError
        The row cannot be read or written.
    """
    row = await jobs.get(job_id)
    if row is None or claim_state(row, claim.claim) is not ClaimState.WRITTEN_OVER:
        return False
    return await jobs.restamp(row, claim)


async def released(jobs: JobsTable, job_id: UUID, claim: Claim) -> bool:
    """Put a row back into the queue, also where an app wrote over the claim; False where the claim was lost.

    Raises
    ------
    SupabaseError
        The row cannot be read or written.
    """
    if await jobs.release(job_id, claim.claim):
        return True
    return await stamped_again(jobs, job_id, claim) and await jobs.release(job_id, claim.claim)
