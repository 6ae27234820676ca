"""The worker pods of a job, read through kubectl."""

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
    """The pod of one attempt.

    Attributes
    ----------
    name, created
        From its metadata.
    started
        Whether its worker runs or ran, so that there is a log.
    ended
        Whether its worker has ended.
    state
        Its state in words.
    """

    name: str
    created: str
    started: bool
    ended: bool
    state: str


async def read_pods(kubectl: Kubectl, job_id: UUID) -> list[Pod]:
    """Return the existing pods of a job, oldest first.

    Raises
    ------
    KubectlFailed
        The pods could not be read.
    """
    found = await kubectl.get("pods", f"--selector={JOB_ID_LABEL}={job_id}")
    pods = [parse_pod(item) for item in (found or {}).get("items") or []]
    return sorted(pods, key=lambda pod: (pod.created, pod.name))


def parse_pod(manifest: dict[str, Any]) -> Pod:
    """Return the pod that a manifest describes."""
    meta, status = manifest["metadata"], manifest.get("status") or {}
    containers = {one["name"]: one.get("state") or {} for one in status.get("containerStatuses") or []}
    worker = containers.get(CONTAINER, {})
    ended = "terminated" in worker
    started = ended or "running" in worker
    return Pod(meta["name"], meta.get("creationTimestamp") or "", started, ended, _state(status, worker))


def _state(status: dict[str, Any], worker: dict[str, Any]) -> str:
    if "running" in worker:
        return "is running"
    if (ended := worker.get("terminated")) is not None:
        return _ended(ended)
    return _not_started(status, worker.get("waiting") or {})


def _ended(ended: dict[str, Any]) -> str:
    code = ended.get("exitCode")
    if not code:
        return f"ended with exit code {code}"
    failure = by_exit_code(code)
    reason = failure.reason if failure else ended.get("reason")
    return f"ended with exit code {code}" + (f", {reason}" if reason else "")


def _not_started(status: dict[str, Any], waiting: dict[str, Any]) -> str:
    sources = [waiting, status, _unscheduled(status)]
    reason = next((one["reason"] for one in sources if one.get("reason")), status.get("phase") or "Pending")
    message = next((one["message"] for one in sources if one.get("message")), None)
    return f"has not started ({reason}{f': {message}' if message else ''})"


def _unscheduled(status: dict[str, Any]) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = status.get("conditions") or []
    return next((one for one in conditions if one.get("type") == "PodScheduled" and one["status"] != "True"), {})
