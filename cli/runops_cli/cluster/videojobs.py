"""The VideoJob of a job, read through kubectl."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from runops.videojob import GROUP, PLURAL, VideoJobStatus, videojob_name
from runops_cli.cluster.kubectl import Kubectl

__all__ = ["RESOURCE", "VideoJobView", "no_videojob", "parse_videojob", "read_videojob"]

RESOURCE = f"{PLURAL}.{GROUP}"


@dataclass(frozen=True, slots=True)
class VideoJobView:
    """The parts of a VideoJob that the commands use.

    Attributes
    ----------
    name
        Its name.
    suspended
        Its `spec.suspend`.
    status
        Empty where the operator has not written one yet, or where it cannot be read.
    """

    name: str
    suspended: bool
    status: VideoJobStatus

    @property
    def finished(self) -> bool:
        """Whether it has succeeded or failed."""
        return any(one.type == "Finished" and one.status == "True" for one in self.status.conditions or ())


async def read_videojob(kubectl: Kubectl, job_id: UUID) -> VideoJobView | None:
    """Return a job's VideoJob; None where there is none.

    Raises
    ------
    KubectlFailed
        The VideoJob could not be read.
    """
    found = await kubectl.get(RESOURCE, videojob_name(job_id))
    return None if found is None else parse_videojob(found)


def parse_videojob(manifest: dict[str, Any]) -> VideoJobView:
    """Return the VideoJob that a manifest describes."""
    try:
        status = VideoJobStatus.model_validate(manifest.get("status") or {})
    except ValidationError:
        status = VideoJobStatus()
    return VideoJobView(manifest["metadata"]["name"], bool(manifest.get("spec", {}).get("suspend")), status)


def no_videojob(kubectl: Kubectl) -> str:
    """Return the sentence for a job that has no VideoJob."""
    return (
        f"has no VideoJob in {kubectl.place}: the job is still queued, `runops work` runs it, or it ended days ago. "
        "Check its status with `runops list`, or name another namespace with -n."
    )
