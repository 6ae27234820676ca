"""Shows in the operator's own pod why no rows are claimed: a condition, and an event every hour."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from runops.logs import error_text
from runops.standstill import CONDITION, Standstill
from runops.timestamps import rfc3339
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, Manifest, NotFound

__all__ = ["ClaimingCondition"]

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 5.0
_FAILED_SECONDS = 60.0
_LASTS = timedelta(seconds=10)
"""What is over sooner, such as one read that failed, is not shown."""
_FORBIDDEN = 403
_REMEDY = "Its role needs `patch` on `pods/status`. Its log, metrics and readiness say it all the same."
_REPEAT = timedelta(hours=1)
_COMPONENT = "runops-operator"
_LONGEST_EVENT = 1024
_CLAIMED = "RowsAreClaimed"


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
        self._written: dict[str, Any] | None = None
        self._told: tuple[str, datetime] | None = None
        """Reason and time of the last event."""

    async def run(self, why: Callable[[], Standstill | None], beat: Heartbeat = UNHEARD) -> None:
        """Show why no rows are claimed, until cancelled.

        Parameters
        ----------
        why
            Returns it; None where rows are claimed.
        beat
            Hears of each look.
        """
        if self._pod is None:
            beat.waits()
            await asyncio.Event().wait()
        while True:
            beat.moves()
            try:
                await self.show(why())
            except ClusterError as error:
                if error.status == _FORBIDDEN:
                    # In a namespace whose admin installed the chart: nobody there could give the right.
                    _log.warning("The operator may not show in its pod why rows are not claimed. %s", _REMEDY)
                    break
                trouble = f"The condition {CONDITION} of the pod could not be written: {error_text(error)}"
                _log.warning("%s", trouble)
                beat.ended(trouble, next_within=_FAILED_SECONDS)
                await asyncio.sleep(_FAILED_SECONDS)
            else:
                beat.ended(None, next_within=_LOOK_SECONDS)
                await asyncio.sleep(_LOOK_SECONDS)
        beat.waits()
        await asyncio.Event().wait()

    async def show(self, standstill: Standstill | None) -> None:
        """Show why no rows are claimed; None where they are.

        Raises
        ------
        ClusterError
            The pod's status could not be written.
        """
        now = self._now()
        if self._pod is None or (standstill is not None and now - standstill.since < _LASTS):
            return
        condition = self._condition(standstill, now=now)
        told = self._event_is_due(condition, now=now)
        if condition == self._written and not told:
            return
        try:
            pod = await self._cluster.patch_pod_condition(self._pod, condition)
            if told:
                await self._cluster.create_event(self._event(pod, condition, now=now))
        except NotFound:
            _log.info("there is no pod %s that could have the condition %s", self._pod, CONDITION)
        except Conflict:
            """The event exists already."""
        self._written = condition
        if told:
            self._told = (condition["reason"], now)

    async def stand_by(self) -> None:
        """Show that this replica claims nothing: what its pod showed while it led would stay. A failure is logged."""
        if self._pod is None:
            return
        condition = {
            "type": CONDITION,
            "status": "Unknown",
            "reason": "StandsBy",
            "message": "The replica that holds the Lease claims rows, or shows why it does not.",
            "lastTransitionTime": rfc3339(self._now()),
        }
        try:
            await self._cluster.patch_pod_condition(self._pod, condition)
        except NotFound:
            """A process outside the cluster has no pod."""
        except ClusterError as error:
            if error.status == _FORBIDDEN:
                # Then it has shown nothing either.
                return
            _log.warning("the condition %s could not be written: %s", CONDITION, error_text(error))

    def _condition(self, standstill: Standstill | None, *, now: datetime) -> dict[str, Any]:
        status = "True" if standstill is None else "False"
        since = now if standstill is None else standstill.since
        kept = self._written is not None and self._written["status"] == status
        return {
            "type": CONDITION,
            "status": status,
            "reason": _CLAIMED if standstill is None else standstill.condition_reason,
            "message": "Rows are claimed when a slot is free." if standstill is None else standstill.message,
            "lastTransitionTime": self._written["lastTransitionTime"] if self._written and kept else rfc3339(since),
        }

    def _event_is_due(self, condition: Mapping[str, Any], *, now: datetime) -> bool:
        stopped, reason = condition["status"] == "False", condition["reason"]
        if self._told is None:
            return bool(stopped)
        told, at = self._told
        return bool(reason != told or (stopped and now - at >= _REPEAT))

    def _event(self, pod: Manifest, condition: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
        claimed = condition["status"] == "True"
        reason = "ClaimsResumed" if claimed else condition["reason"]
        content = f"{pod['metadata'].get('uid')}\0{reason}\0{rfc3339(now)}"
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
            "message": "Rows are claimed again." if claimed else condition["message"][:_LONGEST_EVENT],
            "type": "Normal" if claimed else "Warning",
            "source": {"component": _COMPONENT},
            "reportingComponent": _COMPONENT,
            "reportingInstance": str(self._pod)[:128],
            "firstTimestamp": rfc3339(now),
            "lastTimestamp": rfc3339(now),
            "count": 1,
        }
