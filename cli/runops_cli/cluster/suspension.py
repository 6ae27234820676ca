"""Pauses and resumes the VideoJob of a job."""

import json
from uuid import UUID

from runops.videojob_view import VideoJobView
from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.videojobs import RESOURCE, no_videojob, read_videojob
from runops_cli.terminal.each_job import JobResult
from runops_cli.terminal.exit_codes import Exit

__all__ = ["nothing_to_do", "set_suspended"]


async def set_suspended(kubectl: Kubectl, job_id: UUID, *, suspended: bool) -> JobResult:
    """Set `spec.suspend` of a job's VideoJob, if it has another value.

    Raises
    ------
    KubectlFailed
        The VideoJob could not be read or changed.
    """
    videojob = await read_videojob(kubectl, job_id)
    if videojob is None:
        return JobResult(no_videojob(kubectl), Exit.NOT_FOUND)
    return nothing_to_do(job_id, videojob, suspended=suspended) or await _patch(
        kubectl, job_id, videojob, suspended=suspended
    )


def nothing_to_do(job_id: UUID, videojob: VideoJobView, *, suspended: bool) -> JobResult | None:
    """Return the result where the VideoJob needs no change; None where it does."""
    if videojob.finished:
        phase = videojob.status.phase or "finished"
        command = "pause" if suspended else "resume"
        return JobResult(
            f"has ended ({phase}): there is nothing to {command}. `runops retry {job_id}` runs it again.", Exit.FAILED
        )
    if videojob.suspended == suspended:
        if suspended:
            return JobResult(f"is already paused. `runops resume {job_id}` continues it.")
        return JobResult(f"is not paused: nothing was changed. `runops why {job_id}` says what it does.")
    return None


async def _patch(kubectl: Kubectl, job_id: UUID, videojob: VideoJobView, *, suspended: bool) -> JobResult:
    patch = json.dumps({"spec": {"suspend": suspended}})
    result = await kubectl.run("patch", RESOURCE, videojob.name, "--type=merge", f"--patch={patch}")
    if result.code != 0:
        raise KubectlFailed(
            f"The VideoJob could not be changed: {result.complaint or 'kubectl gave no reason'}. "
            f"Check your rights with `kubectl auth can-i patch {RESOURCE}`."
        )
    if suspended:
        return JobResult(f"is paused: its worker stops, its row stays as it is. `runops resume {job_id}` continues it.")
    return JobResult(f"continues. `runops watch {job_id}` follows it.")
