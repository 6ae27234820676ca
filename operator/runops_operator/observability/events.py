"""Kubernetes events about VideoJobs: what `kubectl describe videojob` tells at its end.

They are a courtesy: posted beside the work, never waited for, and given up where the API server does not take them.
"""

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from runops.videojob import API_VERSION, KIND
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.happenings import Happening, happenings
from runops_operator.planning.status import rfc3339

__all__ = ["EventPoster", "event_manifest"]

_log = logging.getLogger(__name__)
_COMPONENT = "runops-operator"
_MOST_WAITING = 1000
"""At the pace at which they are posted, what waits longer than a minute tells nobody anything any more."""
_MESSAGE_LIMIT = 1024
"""Bytes that Kubernetes keeps of an event's message."""
_PAUSE_AFTER_FAILURE_SECONDS = 5.0


class _Recorder(Protocol):
    async def create_event(self, manifest: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class _About:
    """What an event says of its VideoJob. Old views would be kept alive by events that wait."""

    name: str
    uid: str
    claim: str | None


def event_manifest(
    videojob: VideoJobView | _About, happening: Happening, *, namespace: str, instance: str, now: datetime
) -> dict[str, Any]:
    """Return a core/v1 Event. Pure.

    Its name follows from what it tells, so that two replicas that see the same thing tell it once.

    Parameters
    ----------
    videojob
        As it was seen when it happened.
    happening
        What happened.
    namespace
        Of the VideoJob.
    instance
        The replica that tells.
    now
        When it was seen.
    """
    message = happening.message.encode()[:_MESSAGE_LIMIT].decode(errors="ignore")
    told = "\0".join((videojob.uid, str(videojob.claim), happening.reason, message))
    at = rfc3339(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{videojob.name}.{hashlib.sha256(told.encode()).hexdigest()[:16]}",
            "namespace": namespace,
        },
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": videojob.name,
            "namespace": namespace,
            "uid": videojob.uid,
        },
        "reason": happening.reason,
        "message": message,
        "type": "Warning" if happening.warning else "Normal",
        "source": {"component": _COMPONENT},
        "reportingComponent": _COMPONENT,
        "reportingInstance": instance[:128],
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }


class EventPoster:
    """Posts what happens, in its order.

    Parameters
    ----------
    recorder
        Where to.
    namespace, instance
        See `event_manifest`.
    now
        The clock; it gives times with their zone.
    dropped
        Called for each event that is given up.
    pause_seconds
        Between two events: in a burst the API server has better things to do than to take thousands of them.
    """

    def __init__(
        self,
        recorder: _Recorder,
        *,
        namespace: str,
        instance: str,
        now: Callable[[], datetime],
        dropped: Callable[[], None],
        pause_seconds: float = 0.05,
    ) -> None:
        self._recorder = recorder
        self._namespace = namespace
        self._instance = instance
        self._now = now
        self._dropped = dropped
        self._pause_seconds = pause_seconds
        self._waiting: deque[tuple[_About, Happening, datetime]] = deque()
        self._some = asyncio.Event()

    def see(self, before: VideoJobView | None, after: VideoJobView) -> None:
        """Note what happened between two looks at a VideoJob."""
        for happening in happenings(before, after):
            if len(self._waiting) >= _MOST_WAITING:
                self._dropped()
                continue
            # As manifests, hundreds that wait in a burst would take ten times the memory.
            self._waiting.append((_About(after.name, after.uid, after.claim), happening, self._now()))
            self._some.set()

    async def run(self) -> None:
        """Post until cancelled."""
        while True:
            await self._some.wait()
            while self._waiting:
                videojob, happening, at = self._waiting.popleft()
                await self._post(
                    event_manifest(videojob, happening, namespace=self._namespace, instance=self._instance, now=at)
                )
                await asyncio.sleep(self._pause_seconds)
            self._some.clear()

    async def _post(self, manifest: dict[str, Any]) -> None:
        try:
            await self._recorder.create_event(manifest)
        except Conflict:
            return
        except ClusterError as error:
            self._dropped()
            _log.debug("an event was not taken: %s", error)
            if error.status is None:
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_SECONDS)
