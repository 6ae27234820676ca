"""When the Job of a video that has ended is deleted, and its pod with it. Pure.

What is known of the end is in the row and in the VideoJob by then. A Job that failed stays for a while: the log of its
pod is the only thing that is stored nowhere else.
"""

from datetime import datetime

from runops_operator.config import WorkerConfig
from runops_operator.manifests.observed import JobView, VideoJobView
from runops_operator.planning.actions import Action, DeleteJob
from runops_operator.times import moment

__all__ = ["delete_after_the_end", "delete_ended", "seconds_until_deletion"]

_JOB_ENDS_WITHIN_SECONDS = 15
"""The worker exits a second or two after its video has ended."""


def delete_after_the_end(job: JobView | None, worker: WorkerConfig, *, succeeded: bool) -> list[Action]:
    """Return what follows at once where the outcome is written to row and VideoJob by the actions before it."""
    return delete_ended(job) if job is not None and job.over and _ttl(worker, succeeded=succeeded) == 0 else []


def seconds_until_deletion(
    videojob: VideoJobView, job: JobView | None, worker: WorkerConfig, now: datetime
) -> float | None:
    """Return after how many seconds the Job of a finished VideoJob is due to be deleted; 0 where it is due now.

    None where there is none, or it is deleted already. A Job that does not end though its video has is deleted, too: a
    sidecar keeps its pod running, which keeps a CPU.
    """
    ended = moment(videojob.status.completion_time)
    if job is None or job.deleting or ended is None:
        return None
    ttl = _ttl(worker, succeeded=videojob.holds("Complete")) if job.over else _JOB_ENDS_WITHIN_SECONDS
    return max(0.0, ttl - (now - ended).total_seconds())


def delete_ended(job: JobView) -> list[Action]:
    """Return what deletes a Job that has ended."""
    # The pod of a Job that failed may hang on a node that is gone, and has to be stopped.
    return [DeleteJob(job.name, job.uid, pods_ended=job.complete)]


def _ttl(worker: WorkerConfig, *, succeeded: bool) -> int:
    return worker.succeeded_job_ttl_seconds if succeeded else worker.failed_job_ttl_seconds
