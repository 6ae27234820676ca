"""Lists the cluster from time to time: what a lost event or a silent watch left unknown is found here."""

import asyncio
import logging

from runops.polling import backoff
from runops_operator.config import OperatorConfig
from runops_operator.informer.store import HistoryWentBack, Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError

__all__ = ["Resync", "comparison_is_due"]

_log = logging.getLogger(__name__)
_SHARE_OF_TIME = 0.005
"""Of many thousands a listing takes seconds: it is then made less often, so that it costs no more than this.

The looks that follow it cost about as much again.
"""
_LOOK_SECONDS = 1.0
_LITTLE = 100
"""Keys in the work queue."""


def comparison_is_due(*, since: float, pause: float, waiting: int) -> bool:
    """Tell whether memory and cluster are to be compared now. Pure.

    A comparison has everything looked at. In a burst, these looks would come before those that new videos wait for, so
    that it is put off; but not for ever.

    Parameters
    ----------
    since, pause
        Seconds since the last one, and between two.
    waiting
        How many VideoJobs wait to be looked at.
    """
    return since >= pause and (waiting <= _LITTLE or since >= 2 * pause)


class Resync:
    """The comparison of memory and cluster.

    Parameters
    ----------
    cluster
        What is listed.
    store, queue
        What is put right, and told.
    config
        Settings of this installation.
    """

    def __init__(self, *, cluster: Cluster, store: Store, queue: WorkQueue, config: OperatorConfig) -> None:
        self._cluster = cluster
        self._store = store
        self._queue = queue
        self._config = config

    async def run(self) -> None:
        """List at every interval until cancelled; after a failure sooner. The first listing is `once`.

        It returns only where the cluster's history went back: then nothing that is remembered is of use any more.
        """
        failures, loop, took = 0, asyncio.get_running_loop(), 0.0
        while True:
            pause = max(self._config.resync_seconds, took / _SHARE_OF_TIME)
            if failures:
                await asyncio.sleep(backoff(failures, base=1.0))
            else:
                await self._until_due(pause)
            began = loop.time()
            try:
                await self.once()
                failures, took = 0, loop.time() - began
            except HistoryWentBack:
                _log.error("The cluster's history went back, as after a restore of etcd. Starting anew.")
                return
            except ClusterError as error:
                failures += 1
                _log.warning("Resync: %s", error)
            except Exception:  # noqa: BLE001 - one object nobody foresaw must never end the operator
                failures += 1
                _log.exception("Unforeseen fault in the comparison with the cluster.")

    async def _until_due(self, pause: float) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        await asyncio.sleep(pause)
        while not comparison_is_due(  # noqa: ASYNC110 - how long the queue is, no event tells
            since=loop.time() - last, pause=pause, waiting=len(self._queue)
        ):
            await asyncio.sleep(_LOOK_SECONDS)

    async def once(self) -> None:
        """List everything, drop ghosts and have every VideoJob looked at.

        Raises
        ------
        ClusterError
            Something could not be listed.
        HistoryWentBack
            The cluster is older than what is known of it. Nothing was taken for a ghost.
        """
        mark = self._store.begin_listing()
        async for body in self._cluster.list_videojobs():
            self._store.see_listed_videojob(body)
        async for body in self._cluster.list_jobs():
            self._store.see_job(body)
        for name in self._store.prune(mark):
            await self._queue.add(name)
        pods, looked_at = self._store.pods, set()
        pods.begin([videojob.name for videojob in self._store.unfinished()])
        async for body in self._cluster.list_all_pods():
            known = pods.see(body)
            if known is not None:
                # It is looked at while others are listed: what is known of thousands of pods need not be kept.
                looked_at.add(known)
                await self._queue.add(known)
        pods.end()
        for name in self._store.names():
            if name not in looked_at:
                await self._queue.add(name)
