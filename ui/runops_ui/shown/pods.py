"""The pods of a video, by their manifests. Pure.

Manifests are anybody's: each part is read for itself, and one that cannot be read is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runops.failures import by_exit_code
from runops_ui.shown.moments import time_or_none
from runops_ui.shown.row_view import Moment

__all__ = ["PodLine", "pods_of"]

_WORKER = "worker"


@dataclass(frozen=True, slots=True)
class PodLine:
    """A worker's pod."""

    name: str
    state: str
    node: str
    began: Moment | None


def pods_of(manifests: Sequence[Mapping[str, Any]], *, now: datetime) -> list[PodLine]:
    """Return the pods of a job, the oldest first."""
    lines = [(str(_part(pod, "metadata").get("creationTimestamp") or ""), _pod(pod, now)) for pod in manifests]
    return [line for _, line in sorted(lines, key=lambda one: (one[0], one[1].name))]


def _pod(pod: Mapping[str, Any], now: datetime) -> PodLine:
    meta, status = _part(pod, "metadata"), _part(pod, "status")
    containers = status.get("containerStatuses")
    worker: Mapping[str, Any] = {}
    for one in containers if isinstance(containers, list) else []:
        if isinstance(one, Mapping) and one.get("name") == _WORKER:
            worker = _part(one, "state")
    return PodLine(
        name=str(meta.get("name") or ""),
        state=_pod_state(status, worker),
        node=str(_part(pod, "spec").get("nodeName") or ""),
        began=Moment.of(time_or_none(meta.get("creationTimestamp")), now),
    )


def _pod_state(status: Mapping[str, Any], worker: Mapping[str, Any]) -> str:
    if "running" in worker:
        return "is running"
    ended, waiting = _part(worker, "terminated"), _part(worker, "waiting")
    if ended:
        code = ended.get("exitCode")
        failure = by_exit_code(code) if isinstance(code, int) else None
        reason = failure.reason if failure is not None else ended.get("reason")
        return f"ended with exit code {code}" + (f", {reason}" if code and reason else "")
    reason = waiting.get("reason") or status.get("reason") or status.get("phase") or "Pending"
    message = waiting.get("message") or status.get("message")
    return f"has not started ({reason}{f': {message}' if message else ''})"


def _part(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = manifest.get(name)
    return found if isinstance(found, Mapping) else {}
