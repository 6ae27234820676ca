"""Lists the cluster from time to time, to find what lost events and silent watches missed."""

import asyncio
import logging
from collections.abc import Callable

from runops.logs import error_text
from runops.polling import backoff
from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.informer.pod_listing import groups_by_job, owners_of
from runops_operator.informer.store import HistoryWentBack, Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, NotFound

__all__ = ["Resync", "pause_after", "resync_is_due"]

_log = logging.getLogger(__name__)
_SHARE_OF_TIME = 0.005
"""Listing 10,000 VideoJobs takes seconds: it is then done less often, to take at most this share of the time.

The reconciliations that follow it cost about as much again.
"""
_MOST_INTERVALS = 4
"""A listing that took long since the API server was slow must not keep the next one away for hours."""
_CHECK_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 10.0
_SHORT_QUEUE = 100
"""Keys in the work queue."""


def resync_is_due(*, since: float, pause: float, waiting: int) -> bool:
    """Tell whether to list the cluster now. Pure.

    A resync has every VideoJob reconciled. In a burst these reconciliations would delay those of new videos, so the
    resync is postponed, at most for a second pause.

    Parameters
    ----------
    since, pause
        Seconds since the last one, and between two.
    waiting
        How many VideoJobs wait to be reconciled.
    """
    return since >= pause and (waiting <= _SHORT_QUEUE or since >= 2 * pause)


def pause_after(took: float, *, resync_seconds: float) -> float:
    """Return the seconds until the next resync. Pure.

    Parameters
    ----------
    took
        Seconds that the last one took.
    resync_seconds
        The least pause.
    """
    return min(max(resync_seconds, took / _SHARE_OF_TIME), _MOST_INTERVALS * resync_seconds)


class Resync:
    """Corrects the store by listing the cluster.

    Parameters
    ----------
    cluster
        What is listed.
    store, queue
        Corrected, and filled with the names to reconcile.
    config
        Settings of this installation.
    on_pod_without_job
        Receives the name and the uid of each Job that has a pod and was not listed.
    """

    def __init__(
        self,
        *,
        cluster: Cluster,
        store: Store,
        queue: WorkQueue,
        config: OperatorConfig,
        on_pod_without_job: Callable[[str, str], None],
    ) -> None:
        self._cluster = cluster
        self._on_pod_without_job = on_pod_without_job
        self._store = store
        self._queue = queue
        self._config = config
        self._asked_for = asyncio.Event()
        self._beat = UNHEARD

    def ask(self) -> None:
        """Have the cluster listed soon: watches started again, and may have missed something before."""
        self._asked_for.set()

    async def first(self, beat: Heartbeat) -> None:
        """List the cluster for the first time; repeat that until it works.

        Raises
        ------
        HistoryWentBack
            Between two tries.
        """
        self._beat = beat
        failures = 0
        while True:
            beat.moves()
            try:
                await self.once()
            except NotFound:
                trouble = "The API server does not know VideoJobs: install the CustomResourceDefinition."
            except ClusterError as error:
                trouble = str(error)
            except HistoryWentBack:
                raise
            except Exception as error:  # noqa: BLE001 - one unexpected object must never end the operator
                trouble = f"Unexpected error in the first listing: {error_text(error)}"
                _log.exception("Unexpected error in the first listing.")
            else:
                beat.turned()
                return
            failures += 1
            if failures == 1:
                _log.error("%s", trouble)
            pause = backoff(failures, base=1.0, longest=_FIRST_PAUSE_SECONDS)
            beat.failed(trouble, next_within=pause)
            await asyncio.sleep(pause)

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """List at every interval until cancelled; after a failure sooner. The first listing is `first`.

        It returns only when the cluster's history went back: then nothing in the store is valid any more.
        """
        self._beat = beat
        failures, loop = 0, asyncio.get_running_loop()
        pause = self._config.resync_seconds
        while True:
            if failures:
                await asyncio.sleep(pause)
            else:
                # A burst postpones it for a second pause.
                beat.turned(next_within=2 * pause)
                await self._until_due(pause)
            self._asked_for.clear()
            began = loop.time()
            beat.moves()
            try:
                await self.once()
            except HistoryWentBack:
                _log.error("The cluster's history went back, as after a restore of etcd. The operator starts again.")
                return
            except ClusterError as error:
                failures, trouble = failures + 1, str(error)
                _log.warning("Resync: %s", error)
            except Exception as error:  # noqa: BLE001 - one unexpected object must never end the operator
                failures, trouble = failures + 1, error_text(error)
                _log.exception("Unexpected error in the resync.")
            else:
                failures = 0
                pause = pause_after(loop.time() - began, resync_seconds=self._config.resync_seconds)
                continue
            pause = backoff(failures, base=1.0)
            beat.failed(trouble, next_within=pause)

    async def _until_due(self, pause: float) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        try:
            async with asyncio.timeout(pause):
                await self._asked_for.wait()
                return
        except TimeoutError:
            """Nobody asked: its time has come."""
        while not resync_is_due(  # noqa: ASYNC110 - no event reports the length of the queue
            since=loop.time() - last, pause=pause, waiting=len(self._queue)
        ):
            await asyncio.sleep(_CHECK_SECONDS)

    async def once(self) -> None:
        """List everything, remove ghosts and have every VideoJob reconciled.

        Raises
        ------
        ClusterError
            Something could not be listed.
        HistoryWentBack
            The cluster is older than the store. Nothing was removed as a ghost.
        """
        self._store.begin_listing()
        async for body in self._cluster.list_videojobs():
            self._beat.moves()
            self._store.see_listed_videojob(body)
        async for body in self._cluster.list_jobs():
            self._beat.moves()
            self._store.see_job(body)
        for name in self._store.end_listing():
            await self._queue.add(name)
        pods, queued = self._store.pods, set[str]()
        pods.begin([videojob.name for videojob in self._store.unfinished()])
        async for job, group in groups_by_job(self._cluster.list_all_pods()):
            self._beat.moves()
            known = self._store.job(job)
            for uid in owners_of(group):
                if known is None or known.uid != uid:
                    self._on_pod_without_job(job, uid)
            if pods.add(job, group):
                # Reconciled while the listing goes on, so that the pods of thousands of Jobs need not be kept.
                queued.add(job)
                await self._queue.add(job)
        pods.end()
        for name in self._store.names():
            if name not in queued:
                await self._queue.add(name)
