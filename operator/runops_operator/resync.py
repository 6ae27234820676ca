"""Compares memory, cluster and table from time to time: what a lost event or a crash left undone is found here."""

import asyncio
import logging
from uuid import UUID

from runops.logs import job_id_in_logs
from runops.polling import backoff
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops.videojob import videojob_name
from runops_operator.adopt import Adopter
from runops_operator.cluster import Cluster, ClusterError
from runops_operator.config import OperatorConfig
from runops_operator.store import Store
from runops_operator.workqueue import WorkQueue

__all__ = ["Resync"]

_log = logging.getLogger(__name__)


class Resync:
    """The comparison.

    Parameters
    ----------
    cluster, jobs
        What is compared.
    store, queue
        What is put right, and told.
    adopter
        Makes VideoJobs for rows that were claimed and then forgotten by a crash.
    config
        Settings of this installation.
    """

    def __init__(
        self,
        *,
        cluster: Cluster,
        jobs: JobsTable,
        store: Store,
        queue: WorkQueue,
        adopter: Adopter,
        config: OperatorConfig,
    ) -> None:
        self._cluster = cluster
        self._jobs = jobs
        self._store = store
        self._queue = queue
        self._adopter = adopter
        self._config = config

    async def run(self) -> None:
        """Compare at once, then at every interval until cancelled; after a failure sooner."""
        failures = 0
        while True:
            try:
                await self.once()
                failures = 0
            except (ClusterError, SupabaseError) as error:
                failures += 1
                _log.warning("Resync: %s", error)
            await asyncio.sleep(backoff(failures, base=1.0) if failures else self._config.resync_seconds)

    async def once(self) -> None:
        """Compare once.

        Raises
        ------
        ClusterError, SupabaseError
            Something could not be read; what was read before it counts.
        """
        await self.cluster_once()
        await self.rows_once()

    async def cluster_once(self) -> None:
        """List VideoJobs and Jobs, drop ghosts and have every VideoJob looked at."""
        mark = self._store.begin_listing()
        async for body in self._cluster.list_videojobs():
            self._store.see_videojob(body)
        async for body in self._cluster.list_jobs():
            self._store.see_job(body)
        for name in (*self._store.prune(mark), *self._store.names()):
            await self._queue.add(name)

    async def rows_once(self) -> None:
        """Read the rows of unfinished VideoJobs, and adopt the rows claimed by us that have none.

        Raises
        ------
        ClusterError, SupabaseError
            Something could not be read or made.
        """
        claims = {
            UUID(view.spec.job_id): view.claim
            for view in self._store.unfinished()
            if view.spec is not None and view.claim is not None
        }
        rows = await self._jobs.get_many(list(claims))
        for job_id, claim in claims.items():
            self._store.note_row(videojob_name(job_id), claim, rows.get(job_id))
            await self._queue.add(videojob_name(job_id))
        for row in await self._jobs.claimed_by(self._config.installation):
            name = videojob_name(row.job_id)
            if row.claim is None or self._store.gone(name) is not None:
                continue
            known = self._store.videojob(name)
            if known is None or (known.claim != row.claim.claim and known.finished):
                job_id_in_logs.set(str(row.job_id))
                _log.info("a row claimed earlier is taken up again")
                await self._adopter.adopt(row, row.claim)
        job_id_in_logs.set(None)
