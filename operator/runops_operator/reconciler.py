"""Takes keys from the work queue, observes, plans and acts: the level-triggered loop."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from runops.logs import job_id_in_logs
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops_operator.actions import ReadRow
from runops_operator.cluster import Cluster, ClusterError, NotFound
from runops_operator.config import OperatorConfig
from runops_operator.execute import Executor
from runops_operator.observed import PodView, parse_pod
from runops_operator.plan import Observation, plan, plan_gone
from runops_operator.store import Store
from runops_operator.workqueue import WorkQueue

__all__ = ["Reconciler"]

_log = logging.getLogger(__name__)


class Reconciler:
    """Works on keys, several at a time, each by one worker only.

    Parameters
    ----------
    queue, store
        The names to look at, and what is known of them.
    cluster, jobs, executor
        What is read, and what acts.
    config
        Settings of this installation.
    now
        The clock; it gives times with their zone.
    """

    def __init__(
        self,
        *,
        queue: WorkQueue,
        store: Store,
        cluster: Cluster,
        jobs: JobsTable,
        executor: Executor,
        config: OperatorConfig,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._queue = queue
        self._store = store
        self._cluster = cluster
        self._jobs = jobs
        self._executor = executor
        self._config = config
        self._now = now
        self._busy = 0
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Hand out no further key, and wait at most so long for those at work."""
        self._stopping = True
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("stopping in the midst of %d reconciliations; they are repeated after the start", self._busy)

    async def run(self, workers: int = 10) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while not self._stopping:
            name = await self._queue.get()
            if self._stopping:
                return
            self._busy += 1
            self._idle.clear()
            try:
                await self._look_at(name)
            finally:
                self._busy -= 1
                if not self._busy:
                    self._idle.set()

    async def _look_at(self, name: str) -> None:
        job_id_in_logs.set(name.removeprefix("vj-"))
        try:
            await self.reconcile(name)
        except (ClusterError, SupabaseError) as error:
            pause = await self._queue.failed(name)
            _log.warning("%s Looking again in %.0f s.", error, pause)
        except Exception:  # noqa: BLE001 - one object nobody foresaw must never stop the queue for all others
            pause = await self._queue.failed(name)
            _log.exception("Unforeseen fault. Looking again in %.0f s.", pause)
        else:
            await self._queue.done(name)

    async def reconcile(self, name: str) -> None:
        """Look at one VideoJob and do what its plan says.

        Raises
        ------
        ClusterError, SupabaseError
            Something was away or refused; nothing is lost by trying again later.
        """
        job_id = _job_id(name)
        if (last := self._store.gone(name)) is not None:
            if job_id is not None:
                for action in plan_gone(last, self._store.job(name)):
                    await self._executor.run(name, job_id, action)
            self._store.forget_gone(last)
        videojob = self._store.videojob(name)
        if videojob is None or job_id is None:
            return
        pods = await self._pods(name)
        seen = Observation(
            videojob=videojob,
            job=self._store.job(name),
            pods=pods,
            row=self._store.take_row(name),
        )
        actions = plan(seen, self._config, self._now())
        if any(isinstance(action, ReadRow) for action in actions):
            seen = Observation(videojob, seen.job, seen.pods, await self._jobs.get(job_id))
            actions = plan(seen, self._config, self._now())
        for action in actions:
            await self._executor.run(name, job_id, action)

    async def _pods(self, name: str) -> list[PodView]:
        job, videojob = self._store.job(name), self._store.videojob(name)
        if job is None or (videojob is not None and videojob.finished):
            return []
        pods = [parse_pod(body) for body in await self._cluster.list_pods(name)]
        if not job.over and any(pod.exit_code is not None for pod in pods):
            # The Job is about to end: its own event may be late.
            with contextlib.suppress(NotFound):
                self._store.see_job(await self._cluster.get_job(name))
        return pods


def _job_id(name: str) -> UUID | None:
    try:
        return UUID(name.removeprefix("vj-"))
    except ValueError:
        return None
