"""Takes keys from the work queue, observes, plans and acts: the level-triggered loop."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.logs import error_text, job_id_in_logs
from runops.supabase.errors import SupabaseError
from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, NotFound
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.metrics import Metrics
from runops_operator.planning.actions import Action, CheckResults, ReadRow
from runops_operator.planning.observation import Observation
from runops_operator.planning.plan import plan, plan_row_refused, plan_unreadable
from runops_operator.planning.plan_waits import plan_refused
from runops_operator.reconcile.deletions import Deletions
from runops_operator.reconcile.execute import Executor, JobRefused, Overtaken
from runops_operator.reconcile.observe import ObservationReader

__all__ = ["Reconciler"]

_log = logging.getLogger(__name__)
_MOST_PLANS = 5
_MOST_READS = 2
"""For one plan: the row and the results."""


class Reconciler:
    """Reconciles VideoJobs, several at a time, each by one worker only.

    Parameters
    ----------
    queue, store
        The names to reconcile, and what is known of them.
    cluster, reader, executor
        What VideoJobs are read from, what makes observations, and what carries plans out.
    config
        Settings of this installation.
    metrics
        Counts the reconciliations.
    now
        The clock; it gives times with their zone.

    Attributes
    ----------
    deletions
        What is done about deleted VideoJobs.
    """

    def __init__(
        self,
        *,
        queue: WorkQueue,
        store: Store,
        cluster: Cluster,
        reader: ObservationReader,
        executor: Executor,
        config: OperatorConfig,
        metrics: Metrics,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.deletions = Deletions(cluster, store, executor)
        self._queue = queue
        self._store = store
        self._cluster = cluster
        self._reader = reader
        self._executor = executor
        self._config = config
        self._metrics = metrics
        self._now = now
        self._busy = 0
        self._stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Start no further reconciliation, and wait at most so long for those under way."""
        self._stopping = True
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("stopping during %d reconciliations; they are repeated after the start", self._busy)

    async def run(self, workers: int = 20, beat: Heartbeat = UNHEARD) -> None:
        """Work until cancelled."""
        beat.waits()
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(beat))

    async def _work(self, beat: Heartbeat) -> None:
        while not self._stopping:
            name = await self._queue.get()
            if self._stopping:
                return
            self._busy += 1
            self._idle.clear()
            try:
                with beat.during():
                    await self._attempt(name)
            finally:
                self._busy -= 1
                if not self._busy:
                    self._idle.set()

    async def _attempt(self, name: str) -> None:
        """Reconcile a VideoJob, and give its key back. No error of one VideoJob stops the others."""
        job_id_in_logs.set(name.removeprefix("vj-"))
        loop = asyncio.get_running_loop()
        began, result = loop.time(), "again"
        try:
            await self.reconcile(name)
        except (ClusterError, SupabaseError, JobRefused) as error:
            if isinstance(error, SupabaseError):
                self._metrics.supabase_error(error.kind)
            pause = await self._queue.failed(name)
            _log.warning("%s Retrying in %.0f s.", error_text(error), pause)
        except Exception:  # noqa: BLE001 - an unexpected error in one VideoJob must not stop the others
            result, pause = "failed", await self._queue.failed(name)
            _log.exception("Unexpected error. Retrying in %.0f s.", pause)
        else:
            result = "done"
            await self._queue.done(name)
        self._metrics.reconciled(result, loop.time() - began)

    async def reconcile(self, name: str) -> None:
        """Observe one VideoJob and carry out its plan.

        Raises
        ------
        ClusterError, SupabaseError, JobRefused
            A service did not answer or refused a request; nothing is lost by trying again later.
        """
        job_id = _job_id(name)
        await self.deletions.end(name, job_id)
        if job_id is None:
            return
        for _ in range(_MOST_PLANS):
            videojob = self._store.videojob(name)
            if videojob is None:
                self._reader.forget(name)
                return
            if await self._carry_out(job_id, *await self._plan(videojob, job_id)):
                return
            self._store.rows_to_read.mark(name)
            await self._read_again(name)
        await self._queue.add_after(name, 1.0)

    async def _plan(self, videojob: VideoJobView, job_id: UUID) -> tuple[Observation, list[Action]]:
        """Return a plan that asks for no further reads, and the observation that it is made of."""
        seen = await self._reader.observe(videojob, job_id)
        seen = replace(seen, never_attempted=self._store.fresh_claims.take(videojob.name, videojob.claim))
        try:
            if self._store.rows_to_read.take(videojob.name):
                seen = await self._with_marked_row(seen, job_id)
            return await self._plan_with_reads(seen, job_id)
        except SupabaseError as error:
            if not error.unreadable:
                raise
            seen = Observation(videojob=videojob, job=seen.job)
            return seen, plan_unreadable(seen, str(error), self._config, self._now())

    async def _plan_with_reads(self, seen: Observation, job_id: UUID) -> tuple[Observation, list[Action]]:
        actions = plan(seen, self._config, self._now())
        for _ in range(_MOST_READS):
            if ReadRow() in actions:
                seen = await self._with_row(seen, job_id)
            elif CheckResults() in actions:
                seen = await self._reader.with_results(seen, job_id)
            else:
                break
            actions = plan(seen, self._config, self._now())
        return seen, actions

    async def _with_marked_row(self, seen: Observation, job_id: UUID) -> Observation:
        try:
            return await self._with_row(seen, job_id)
        except SupabaseError:
            self._store.rows_to_read.mark(seen.videojob.name)
            raise

    async def _with_row(self, seen: Observation, job_id: UUID) -> Observation:
        seen = await self._reader.with_row(seen, job_id)
        completed = isinstance(seen.row, JobRow) and seen.row.status == RowStatus.COMPLETED
        if completed and not seen.videojob.finished:
            # The plan may wait for the worker's final report. The row must be read again each time until it ends.
            self._store.rows_to_read.mark(seen.videojob.name)
        return seen

    async def _carry_out(self, job_id: UUID, seen: Observation, actions: list[Action]) -> bool:
        """Carry out a plan. Return False where an action found something changed: then another plan is due."""
        try:
            return await self._run_all(job_id, seen, actions)
        except JobRefused as error:
            await self._run_all(job_id, seen, plan_refused(seen, str(error), self._config, self._now()))
            raise
        except SupabaseError as error:
            if not error.refuses_row:
                raise
            await self._run_all(job_id, seen, plan_row_refused(seen, actions, str(error), self._now()))
            raise

    async def _run_all(self, job_id: UUID, seen: Observation, actions: Iterable[Action]) -> bool:
        name = seen.videojob.name
        for action in actions:
            current = self._store.videojob(name)
            if current is not None and current.uid != seen.videojob.uid:
                # Deleted and made again: what was planned for the earlier VideoJob must not reach this one.
                return False
            try:
                await self._executor.run(name, job_id, action)
            except Overtaken:
                return False
        return True

    async def _read_again(self, name: str) -> None:
        try:
            self._store.see_videojob(await self._cluster.get_videojob(name))
        except NotFound:
            self._store.drop_videojob(name)
            # Its row is ended by the next reconciliation, also where the event of the deletion is lost.
            await self._queue.add(name)


def _job_id(name: str) -> UUID | None:
    try:
        return UUID(name.removeprefix("vj-"))
    except ValueError:
        return None
