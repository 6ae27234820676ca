"""Stops the pods of deleted Jobs: deletes them at once, and by force after a deadline.

Kubernetes' garbage collector deletes them as well, but may take half a minute to begin, and never uses force.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from runops.failures import Reason
from runops.logs import error_text
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, NotFound
from runops_operator.observability.metrics import Metrics
from runops_operator.planning import status

__all__ = ["Stopping"]

_log = logging.getLogger(__name__)
_CHECK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Deleted:
    """A Job whose pods are followed.

    Attributes
    ----------
    since
        When that began, in seconds of the event loop's clock.
    known
        Whether the Job is known to be deleted; otherwise only its pods were listed without it.
    """

    name: str
    since: float
    known: bool = True


class Stopping:
    """Follows the pods of deleted Jobs until they are gone.

    Parameters
    ----------
    cluster
        Where they are.
    store
        Has the VideoJob whose status shows that a pod did not stop.
    now
        The clock; it gives times with their zone.
    deadline_seconds
        After which a pod is deleted by force.
    metrics
        Counts these.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        store: Store,
        now: Callable[[], datetime],
        deadline_seconds: float,
        metrics: Metrics,
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._now = now
        self._deadline = deadline_seconds
        self._metrics = metrics
        self._jobs: dict[str, _Deleted] = {}

    def __len__(self) -> int:
        """Return how many deleted Jobs may still have pods."""
        return len(self._jobs)

    async def begin(self, name: str, uid: str) -> None:
        """Delete the pods of a Job that was deleted just now, and follow them.

        Raises
        ------
        ClusterError
            The pods cannot be listed or deleted now; `run` tries again.
        """
        self._jobs.setdefault(uid, _Deleted(name, asyncio.get_running_loop().time()))
        await self._check(uid, first=True)

    def follow(self, name: str, uid: str) -> None:
        """Follow the pods of a Job that was not listed, such as one that was deleted before this process started."""
        self._jobs.setdefault(uid, _Deleted(name, asyncio.get_running_loop().time(), known=False))

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Check the followed pods until cancelled."""
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            await self._check_all(beat)
            # A pod that cannot be stopped is no trouble of this loop: it is logged, and the others are stopped.
            beat.turned(next_within=_CHECK_SECONDS)

    async def _check_all(self, beat: Heartbeat = UNHEARD) -> None:
        failures: list[ClusterError] = []
        for uid in list(self._jobs):
            beat.moves()
            try:
                await self._check(uid)
            except ClusterError as error:
                # The pods of other Jobs must stop all the same.
                failures.append(error)
            except Exception:  # noqa: BLE001 - an unexpected error about one pod must not end the operator
                _log.exception("Unexpected error while a deleted Job's pods were stopped.")
        if failures:
            # One line a round: while the API server is away, every Job fails.
            _log.warning(
                "pods of deleted Jobs could not be stopped (%d Jobs); trying again: %s",
                len(failures),
                error_text(failures[0]),
            )

    async def _check(self, uid: str, *, first: bool = False) -> None:
        deleted = self._jobs.get(uid)
        if deleted is None:
            # `begin`, which runs beside `run`, found that its pods are gone.
            return
        if not deleted.known:
            if await self._exists(deleted.name, uid):
                # It was created after the Jobs were listed.
                self._jobs.pop(uid, None)
                return
            self._jobs[uid] = deleted = replace(deleted, known=True)
        late = asyncio.get_running_loop().time() - deleted.since > self._deadline
        pods = [pod for pod in await self._cluster.list_pods([deleted.name]) if _belongs(pod, uid)]
        for pod in pods:
            metadata = pod["metadata"]
            if late:
                _log.warning("a pod did not stop in time and is deleted by force", extra={"pod": metadata["name"]})
                self._metrics.repaired(Reason.STILL_STOPPING)
                await self._cluster.delete_pod(metadata["name"], uid=metadata["uid"], force=True)
                await self._show(deleted.name)
            elif first or "deletionTimestamp" not in metadata:
                await self._cluster.delete_pod(metadata["name"], uid=metadata["uid"])
        if not pods:
            self._jobs.pop(uid, None)

    async def _exists(self, name: str, uid: str) -> bool:
        try:
            job = await self._cluster.get_job(name)
        except NotFound:
            return False
        return bool(job["metadata"]["uid"] == uid)

    async def _show(self, name: str) -> None:
        videojob = self._store.videojob(name)
        if videojob is not None:
            shown = status.still_stopping(videojob, self._now())
            version = videojob.version
            self._store.see_videojob(await self._cluster.patch_videojob_status(name, shown, version=version))


def _belongs(pod: object, uid: str) -> bool:
    owners = pod["metadata"].get("ownerReferences") or ()  # type: ignore[index]
    return any(owner.get("uid") == uid for owner in owners)
