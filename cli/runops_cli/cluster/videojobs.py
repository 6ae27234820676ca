"""The VideoJob of a job, as kubectl shows it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from runops.videojob import GROUP, PLURAL, VideoJobStatus, videojob_name
from runops_cli.cluster.kubectl import Kubectl

__all__ = ["RESOURCE", "SeenVideoJob", "no_videojob", "parse_videojob", "read_videojob"]

RESOURCE = f"{PLURAL}.{GROUP}"


@dataclass(frozen=True, slots=True)
class SeenVideoJob:
    """What the commands ask of a VideoJob.

    Attributes
    ----------
    name
        Its name.
    suspended
        Whether it is to be held.
    status
        Empty where the operator has said nothing yet, or something that cannot be read.
    """

    name: str
    suspended: bool
    status: VideoJobStatus

    @property
    def finished(self) -> bool:
        """Whether it has ended, in success or in failure."""
        return any(one.type == "Finished" and one.status == "True" for one in self.status.conditions or ())


async def read_videojob(kubectl: Kubectl, job_id: UUID) -> SeenVideoJob | None:
    """Return a job's VideoJob; None where there is none.

    Raises
    ------
    KubectlFailed
        The cluster could not be asked.
    """
    found = await kubectl.get(RESOURCE, videojob_name(job_id))
    return None if found is None else parse_videojob(found)


def parse_videojob(manifest: dict[str, Any]) -> SeenVideoJob:
    """Return what matters of a manifest."""
    try:
        status = VideoJobStatus.model_validate(manifest.get("status") or {})
    except ValidationError:
        status = VideoJobStatus()
    return SeenVideoJob(manifest["metadata"]["name"], bool(manifest.get("spec", {}).get("suspend")), status)


def no_videojob(kubectl: Kubectl) -> str:
    """Return what a person is told of a job that has no VideoJob."""
    return (
        f"has no VideoJob in {kubectl.place}: it is not taken up yet, `runops work` has it, or it ended long ago. "
        "-n names another namespace."
    )
