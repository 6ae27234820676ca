"""The end of a VideoJob that cannot be worked on. Pure."""

from datetime import datetime

from runops.failures import Reason
from runops_operator.planning import status
from runops_operator.planning.actions import Action, DeleteJob, FailRow, PatchStatus
from runops_operator.planning.observation import Observation

__all__ = ["refuse"]


def refuse(seen: Observation, reason: Reason, message: str, now: datetime) -> list[Action]:
    """Return the actions that end a VideoJob, its Job, and its row where it holds one."""
    videojob, job = seen.videojob, seen.own_job
    stop: list[Action] = [DeleteJob(job.name, job.uid)] if job is not None else []
    fail: list[Action] = [FailRow(videojob.claim, message, required=False)] if videojob.claim is not None else []
    patch = status.failed(videojob, reason, message, attempts=0, report=None, now=now)
    return [*stop, *fail, PatchStatus(patch)]
