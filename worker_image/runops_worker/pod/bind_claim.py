"""Takes the attempt's seat, for Kubernetes may start the pod of a Job twice."""

from dataclasses import replace

from runops.failures import Failed, Reason
from runops.supabase.jobs import JobsTable
from runops_worker.task import Task

__all__ = ["in_its_seat"]


async def in_its_seat(task: Task, jobs: JobsTable, *, pod_uid: str) -> Task:
    """Return the task under the token of this pod alone; whoever sat there before loses the claim by it.

    Raises
    ------
    Failed
        `ClaimLost` where the attempt is over.
    SupabaseError
        The row could not be read or written.
    """
    token = await jobs.bind_pod(task.job_id, task.claim, pod_uid)
    if token is None:
        raise Failed(Reason.CLAIM_LOST)
    return replace(task, claim=token)
