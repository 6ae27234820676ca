"""Holds VideoJobs and lets them go on, for `runops pause` and `runops resume`."""

import json
from uuid import UUID

from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.videojobs import RESOURCE, SeenVideoJob, no_videojob, read_videojob
from runops_cli.terminal.each_job import Told
from runops_cli.terminal.exit_codes import Exit

__all__ = ["nothing_to_do", "suspend"]


async def suspend(kubectl: Kubectl, job_id: UUID, *, held: bool) -> Told:
    """Set `spec.suspend` of a job's VideoJob, where it is not so already.

    Raises
    ------
    KubectlFailed
        The cluster could not be asked, or refused the change.
    """
    videojob = await read_videojob(kubectl, job_id)
    if videojob is None:
        return Told(no_videojob(kubectl), Exit.NOT_THERE)
    return nothing_to_do(videojob, held=held) or await _patch(kubectl, videojob, held=held)


def nothing_to_do(videojob: SeenVideoJob, *, held: bool) -> Told | None:
    """Return what a person is told where nothing is to be changed; None where something is."""
    if videojob.finished:
        phase = videojob.status.phase or "finished"
        return Told(f"has ended ({phase}); there is nothing to {'pause' if held else 'resume'}.", Exit.FAILED)
    if videojob.suspended == held:
        return Told("is paused already." if held else "is not paused; nothing was done.")
    return None


async def _patch(kubectl: Kubectl, videojob: SeenVideoJob, *, held: bool) -> Told:
    patch = json.dumps({"spec": {"suspend": held}})
    said = await kubectl.run("patch", RESOURCE, videojob.name, "--type=merge", f"--patch={patch}")
    if said.code != 0:
        raise KubectlFailed(f"The VideoJob could not be changed: {said.complaint or 'kubectl gave no reason'}")
    if held:
        return Told("is paused: its worker stops, its row stays as it is. `runops resume` lets it go on.")
    return Told("goes on.")
