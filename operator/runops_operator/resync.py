"""Lists the cluster from time to time: what a lost event or a silent watch left unknown is found here."""

import asyncio
import logging

from runops.polling import backoff
from runops_operator.cluster import Cluster, ClusterError
from runops_operator.config import OperatorConfig
from runops_operator.store import Store
from runops_operator.workqueue import WorkQueue

__all__ = ["Resync"]

_log = logging.getLogger(__name__)
_SHARE_OF_TIME = 0.005
"""Of many thousands a listing takes seconds: it is then made less often, so that it costs no more than this.

The looks that follow it cost about as much again.
"""


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
        """List at every interval until cancelled; after a failure sooner. The first listing is `once`."""
        failures, loop, took = 0, asyncio.get_running_loop(), 0.0
        while True:
            pause = max(self._config.resync_seconds, took / _SHARE_OF_TIME)
            await asyncio.sleep(backoff(failures, base=1.0) if failures else pause)
            began = loop.time()
            try:
                await self.once()
                failures, took = 0, loop.time() - began
            except ClusterError as error:
                failures += 1
                _log.warning("Resync: %s", error)
            except Exception:  # noqa: BLE001 - one object nobody foresaw must never end the operator
                failures += 1
                _log.exception("Unforeseen fault in the comparison with the cluster.")

    async def once(self) -> None:
        """List everything, drop ghosts and have every VideoJob looked at. ClusterError where that fails."""
        mark = self._store.begin_listing()
        async for body in self._cluster.list_videojobs():
            self._store.see_videojob(body)
        async for body in self._cluster.list_jobs():
            self._store.see_job(body)
        ghosts, names = self._store.prune(mark), self._store.names()
        pods = self._store.pods
        pods.begin([videojob.name for videojob in self._store.unfinished()])
        async for body in self._cluster.list_all_pods():
            pods.see(body)
        pods.end()
        for name in (*ghosts, *names):
            await self._queue.add(name)
