"""Shows in the operator's own pod why a cap stops the claims: a condition, and an event every hour."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from runops.failures import Reason
from runops.logs import error_text
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, Manifest

__all__ = ["CONDITION", "ClaimingCondition"]

_log = logging.getLogger(__name__)
CONDITION = "runops.dev/Claiming"
_REPEAT = timedelta(hours=1)
_COMPONENT = "runops-operator"


class _PodStatus(Protocol):
    async def patch_pod_condition(self, pod: str, condition: Mapping[str, Any]) -> Manifest: ...

    async def create_event(self, manifest: Mapping[str, Any]) -> None: ...


class ClaimingCondition:
    """Writes condition and event.

    Parameters
    ----------
    cluster
        Has the pod.
    pod, namespace
        The operator's own pod. Without a pod nothing is written.
    now
        The time, with its zone.
    """

    def __init__(self, cluster: _PodStatus, *, pod: str | None, namespace: str, now: Callable[[], datetime]) -> None:
        self._cluster = cluster
        self._pod = pod
        self._namespace = namespace
        self._now = now
        self._stopped: bool | None = None
        self._since: datetime | None = None
        self._told_at: datetime | None = None

    async def announce(self, reached: str | None) -> None:
        """Show why nothing is claimed; None where no cap stops the claims. A failure is logged, and tried again."""
        now, stopped = self._now(), reached is not None
        due = self._told_at is None or now - self._told_at >= _REPEAT
        if self._pod is None or (stopped == self._stopped and not (stopped and due)):
            return
        if stopped != self._stopped or self._since is None:
            self._since = now
        try:
            pod = await self._cluster.patch_pod_condition(self._pod, self._condition(reached))
            if stopped or self._stopped:
                await self._cluster.create_event(self._event(pod, reached, now=now))
        except Conflict:
            """The event exists already."""
        except ClusterError as error:
            _log.warning("the condition %s could not be written: %s", CONDITION, error_text(error))
            return
        self._stopped, self._told_at = stopped, now

    async def stand_by(self) -> None:
        """Show that this replica claims nothing: what its pod showed while it led would stay. A failure is logged."""
        if self._pod is None:
            return
        condition = {
            "type": CONDITION,
            "status": "Unknown",
            "reason": "StandsBy",
            "message": "The replica that holds the Lease claims rows, or shows why it does not.",
            "lastTransitionTime": _time(self._now()),
        }
        try:
            await self._cluster.patch_pod_condition(self._pod, condition)
        except ClusterError as error:
            _log.warning("the condition %s could not be written: %s", CONDITION, error_text(error))

    def _condition(self, reached: str | None) -> dict[str, Any]:
        assert self._since is not None
        return {
            "type": CONDITION,
            "status": "True" if reached is None else "False",
            "reason": "WithinCaps" if reached is None else Reason.SPENDING_CAP_REACHED,
            "message": reached or "No cap on spending stops the claims.",
            "lastTransitionTime": _time(self._since),
        }

    def _event(self, pod: Manifest, reached: str | None, *, now: datetime) -> dict[str, Any]:
        reason = "ClaimsResumed" if reached is None else Reason.SPENDING_CAP_REACHED
        content = f"{pod['metadata'].get('uid')}\0{reason}\0{_time(now)}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{self._pod}.{hashlib.sha256(content.encode()).hexdigest()[:16]}",
                "namespace": self._namespace,
            },
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": self._pod,
                "namespace": self._namespace,
                "uid": str(pod["metadata"].get("uid") or ""),
            },
            "reason": str(reason),
            "message": reached or "No cap on spending stops the claims any more.",
            "type": "Normal" if reached is None else "Warning",
            "source": {"component": _COMPONENT},
            "reportingComponent": _COMPONENT,
            "reportingInstance": (self._pod or "")[:128],
            "firstTimestamp": _time(now),
            "lastTimestamp": _time(now),
            "count": 1,
        }


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
