"""The pods that work or worked on a job, as kubectl shows them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from runops.failures import by_exit_code
from runops.videojob import JOB_ID_LABEL
from runops_cli.cluster.kubectl import Kubectl

__all__ = ["CONTAINER", "Pod", "parse_pod", "read_pods"]

CONTAINER = "worker"


@dataclass(frozen=True, slots=True)
class Pod:
    """One attempt's pod.

    Attributes
    ----------
    name, created
        Of the pod.
    started
        Whether its worker runs or ran, so that there is a log.
    words
        What a person is told of its state.
    """

    name: str
    created: str
    started: bool
    words: str


async def read_pods(kubectl: Kubectl, job_id: UUID) -> list[Pod]:
    """Return the pods of a job that are still there, oldest first.

    Raises
    ------
    KubectlFailed
        The cluster could not be asked.
    """
    found = await kubectl.get("pods", f"--selector={JOB_ID_LABEL}={job_id}")
    pods = [parse_pod(item) for item in (found or {}).get("items") or []]
    return sorted(pods, key=lambda pod: (pod.created, pod.name))


def parse_pod(manifest: dict[str, Any]) -> Pod:
    """Return what matters of a pod's manifest."""
    meta, status = manifest["metadata"], manifest.get("status") or {}
    containers = {one["name"]: one.get("state") or {} for one in status.get("containerStatuses") or []}
    state = containers.get(CONTAINER, {})
    started = "running" in state or "terminated" in state
    return Pod(meta["name"], meta.get("creationTimestamp") or "", started, _words(status, state))


def _words(status: dict[str, Any], state: dict[str, Any]) -> str:
    if "running" in state:
        return "runs"
    if (ended := state.get("terminated")) is not None:
        code = ended.get("exitCode")
        failure = by_exit_code(code) if code else None
        why = f", {failure.reason}" if failure else f", {ended['reason']}" if code and ended.get("reason") else ""
        return f"ended with exit code {code}{why}"
    waits = state.get("waiting") or {}
    unscheduled: dict[str, Any] = next(
        (
            one
            for one in status.get("conditions") or []
            if one.get("type") == "PodScheduled" and one["status"] != "True"
        ),
        {},
    )
    reason = (
        waits.get("reason") or status.get("reason") or unscheduled.get("reason") or status.get("phase") or "Pending"
    )
    message = waits.get("message") or status.get("message") or unscheduled.get("message")
    return f"has not started ({reason}{f': {message}' if message else ''})"
