"""Kubernetes events about VideoJobs, as `kubectl describe videojob` shows them.

They are posted beside the work. Nothing waits for them, and an event that the API server refuses is dropped.
"""

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from runops.logs import error_text
from runops.timestamps import rfc3339
from runops.videojob import API_VERSION, KIND
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.kubernetes_api.cluster import ClusterError, Conflict
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.happenings import Happening, happenings

__all__ = ["EventPoster", "event_manifest"]

_log = logging.getLogger(__name__)
_COMPONENT = "runops-operator"
_MOST_WAITING = 1000
"""Events are posted at 20 a second, so none waits for longer than 50 s."""
_MESSAGE_LIMIT = 1024
"""Bytes that Kubernetes keeps of an event's message."""
_PAUSE_AFTER_FAILURE_SECONDS = 5.0


class _Recorder(Protocol):
    async def create_event(self, manifest: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class _About:
    """The VideoJob of an event. A whole view would stay in memory for as long as the event waits."""

    name: str
    uid: str
    claim: str | None


def event_manifest(
    videojob: VideoJobView | _About, happening: Happening, *, namespace: str, instance: str, now: datetime
) -> dict[str, Any]:
    """Return a core/v1 Event. Pure.

    Its name is a hash of its content, so two replicas that see the same change create the same event.

    Parameters
    ----------
    videojob
        The VideoJob after the change.
    happening
        What happened.
    namespace
        Of the VideoJob.
    instance
        The replica that posts it.
    now
        When the change was seen.
    """
    message = happening.message.encode()[:_MESSAGE_LIMIT].decode(errors="ignore")
    content = "\0".join((videojob.uid, str(videojob.claim), happening.reason, message))
    at = rfc3339(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{videojob.name}.{hashlib.sha256(content.encode()).hexdigest()[:16]}",
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
    """Posts events in their order.

    Parameters
    ----------
    recorder
        Takes the events.
    namespace, instance
        See `event_manifest`.
    now
        The clock; it gives times with their zone.
    dropped
        Called for each event that is dropped.
    pause_seconds
        Between two events, so that in a burst the API server has time for the VideoJobs and Jobs themselves.
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
        """Queue the events that follow from two views of a VideoJob, before and after a change."""
        for happening in happenings(before, after):
            if len(self._waiting) >= _MOST_WAITING:
                self._dropped()
                continue
            # The manifest is made when the event is posted: it takes ten times the memory.
            self._waiting.append((_About(after.name, after.uid, after.claim), happening, self._now()))
            self._some.set()

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Post until cancelled."""
        while True:
            beat.waits()
            await self._some.wait()
            while self._waiting:
                beat.moves()
                trouble = await self._post(*self._waiting.popleft())
                beat.ended(trouble, next_within=self._pause_seconds)
                await asyncio.sleep(self._pause_seconds)
            self._some.clear()

    async def _post(self, videojob: _About, happening: Happening, at: datetime) -> str | None:
        """Post an event; return why that failed."""
        try:
            manifest = event_manifest(videojob, happening, namespace=self._namespace, instance=self._instance, now=at)
            await self._recorder.create_event(manifest)
        except Conflict:
            return None
        except ClusterError as error:
            self._dropped()
            _log.debug("an event was not posted: %s", error_text(error))
            if error.status is None:
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_SECONDS)
            return str(error)
        except Exception as error:  # noqa: BLE001 - one odd event, whose words may be a worker's, must not keep the others
            self._dropped()
            _log.exception("Unexpected error about an event.")
            return error_text(error)
        return None
