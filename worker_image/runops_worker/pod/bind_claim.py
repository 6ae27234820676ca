"""Binds the pod to the claim of its attempt, because Kubernetes may start the pod of a Job twice."""

from dataclasses import replace
from datetime import UTC, datetime

from runops.failures import Failed, Reason
from runops.supabase.jobs import JobsTable
from runops.supabase.kept_claim import KeptClaim
from runops_worker.task import Task

__all__ = ["bind_claim"]


async def bind_claim(task: Task, jobs: JobsTable, *, pod_uid: str) -> Task:
    """Return the task under a claim of this pod alone. A pod that was bound before loses its claim.

    Parameters
    ----------
    task
        Under the claim of the attempt.
    jobs
        The table.
    pod_uid
        Of this pod.

    Raises
    ------
    Failed
        `ClaimLost` where the attempt has ended.
    SupabaseError
        The row could not be read or written.
    """
    started = datetime.now(UTC)
    claim = await jobs.bind_pod(task.job_id, task.claim, pod_uid, started=started)
    if claim is None and await KeptClaim(jobs, task.job_id, task.claim).is_back():
        claim = await jobs.bind_pod(task.job_id, task.claim, pod_uid, started=started)
    if claim is None:
        raise Failed(Reason.CLAIM_LOST)
    return replace(task, claim=claim)
