"""The VideoJob of a job, read through kubectl."""

from uuid import UUID

from runops.videojob import GROUP, PLURAL, videojob_name
from runops.videojob_view import VideoJobView, parse_videojob
from runops_cli.cluster.kubectl import Kubectl

__all__ = ["RESOURCE", "no_videojob", "read_videojob"]

RESOURCE = f"{PLURAL}.{GROUP}"


async def read_videojob(kubectl: Kubectl, job_id: UUID) -> VideoJobView | None:
    """Return a job's VideoJob; None where there is none.

    Raises
    ------
    KubectlFailed
        The VideoJob could not be read.
    """
    found = await kubectl.get(RESOURCE, videojob_name(job_id))
    return None if found is None else parse_videojob(found)


def no_videojob(kubectl: Kubectl) -> str:
    """Return the sentence for a job that has no VideoJob."""
    return (
        f"has no VideoJob in {kubectl.place}: the job is still queued, `runops work` runs it, or it ended days ago. "
        "Check its status with `runops list`, or name another namespace with -n."
    )
