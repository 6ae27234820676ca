"""Takes keys from the work queue, observes, plans and acts: the level-triggered loop."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.logs import job_id_in_logs
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops.supabase.results import ResultsTables
from runops_operator.config import OperatorConfig
from runops_operator.informer.pod_listing import pods_of
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.cluster import Cluster, ClusterError, NotFound
from runops_operator.manifests.observed import UNREAD, JobView, Unread, VideoJobView
from runops_operator.manifests.observed_pod import PodView
from runops_operator.observability.metrics import Metrics
from runops_operator.planning.actions import Action, LookForResults, ReadRow
from runops_operator.planning.observation import Observation
from runops_operator.planning.plan import plan, plan_gone, plan_unreadable
from runops_operator.planning.plan_waits import plan_refused
from runops_operator.planning.waiting import Wait, wait_of
from runops_operator.reconcile.execute import Executor, JobRefused, Overtaken
from runops_operator.reconcile.pod_reads import PodReads
from runops_operator.reconcile.pod_refusals import PodRefusals
from runops_operator.stopwatch import Stopwatch

__all__ = ["Reconciler"]

_log = logging.getLogger(__name__)
_MOST_PLANS = 5
_POD_COMES_WITHIN_SECONDS = 4.0
"""Where it does not, it is asked why; the Job controller needs a second."""


class Reconciler:
    """Works on keys, several at a time, each by one worker only.

    Parameters
    ----------
    queue, store
        The names to look at, and what is known of them.
    cluster, jobs, results, executor
        What is read, and what acts.
    quiet_seconds
        Tells for how long a row has not been touched, by the row where it was read just now.
    config
        Settings of this installation.
    metrics
        Counts the looks.
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
        results: ResultsTables,
        executor: Executor,
        quiet_seconds: Callable[[UUID, JobRow | None], float],
        config: OperatorConfig,
        metrics: Metrics,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._queue = queue
        self._store = store
        self._cluster = cluster
        self._jobs = jobs
        self._results = results
        self._executor = executor
        self._quiet_seconds = quiet_seconds
        self._config = config
        self._metrics = metrics
        self._now = now
        self._waits = Stopwatch(lambda: now().timestamp())
        self._podless = Stopwatch(lambda: now().timestamp())
        self._completed = Stopwatch(lambda: now().timestamp())
        self._refusals = PodRefusals(cluster, now)
        self._pod_reads = PodReads(cluster)
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

    async def run(self, workers: int = 20) -> None:
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
        loop = asyncio.get_running_loop()
        began, result = loop.time(), "again"
        try:
            await self.reconcile(name)
        except (ClusterError, SupabaseError) as error:
            if isinstance(error, SupabaseError):
                self._metrics.supabase_error(error.kind)
            pause = await self._queue.failed(name)
            _log.warning("%s Looking again in %.0f s.", error, pause)
        except JobRefused as error:
            pause = await self._queue.failed(name)
            _log.warning("%s Trying again in %.0f s.", error, pause)
        except Exception:  # noqa: BLE001 - one object nobody foresaw must never stop the queue for all others
            result, pause = "failed", await self._queue.failed(name)
            _log.exception("Unforeseen fault. Looking again in %.0f s.", pause)
        else:
            result = "done"
            await self._queue.done(name)
        self._metrics.reconciled(result, loop.time() - began)

    async def reconcile(self, name: str) -> None:
        """Look at one VideoJob and do what its plan says.

        Raises
        ------
        ClusterError, SupabaseError, JobRefused
            Something was away or refused; nothing is lost by trying again later.
        """
        job_id = _job_id(name)
        if (last := self._store.deleted(name)) is not None:
            if job_id is not None:
                for action in plan_gone(last, self._store.job(name)):
                    await self._executor.run(name, job_id, action)
            self._store.forget_deleted(last)
        if job_id is None:
            return
        for _ in range(_MOST_PLANS):
            videojob = self._store.videojob(name)
            if videojob is None:
                self._waits.forget(name)
                self._podless.forget(name)
                self._completed.forget(name)
                return
            seen, actions = await self._planned(name, job_id, videojob)
            try:
                for action in actions:
                    await self._executor.run(name, job_id, action)
            except Overtaken:
                self._store.rows_to_read.mark(name)
                await self._refresh(name)
            except JobRefused as error:
                for action in plan_refused(seen, str(error), self._config, self._now()):
                    await self._executor.run(name, job_id, action)
                raise
            else:
                return
        await self._queue.add_after(name, 1.0)

    async def _planned(self, name: str, job_id: UUID, videojob: VideoJobView) -> tuple[Observation, list[Action]]:
        """Return a plan for which everything was read that it asked for, and what it is based on."""
        try:
            return await self._planned_by_all(name, job_id, videojob)
        except SupabaseError as error:
            if not error.unreadable:
                raise
            seen = Observation(videojob=videojob, job=self._store.job(name))
            return seen, plan_unreadable(seen, str(error), self._now())

    async def _planned_by_all(
        self, name: str, job_id: UUID, videojob: VideoJobView
    ) -> tuple[Observation, list[Action]]:
        seen = await self._observed(name, job_id, videojob)
        actions = plan(seen, self._config, self._now())
        if ReadRow() in actions:
            seen = self._with_row(seen, job_id, await self._jobs.get(job_id))
            actions = plan(seen, self._config, self._now())
        if LookForResults() in actions:
            seen = replace(seen, results=await self._results_there(job_id))
            actions = plan(seen, self._config, self._now())
        return seen, actions

    async def _observed(self, name: str, job_id: UUID, videojob: VideoJobView) -> Observation:
        pods = await self._pods(name)
        job = self._store.job(name)
        doubted = self._store.rows_to_read.take(name)
        try:
            row = await self._jobs.get(job_id) if doubted else UNREAD
        except SupabaseError:
            self._store.rows_to_read.mark(name)
            raise
        refused = await self._pod_refused(videojob, job, pods)
        wait = wait_of(videojob, job, pods, pod_refused=refused)
        seen = Observation(
            videojob=videojob,
            job=job,
            pods=pods,
            pod_refused=refused,
            first=self._store.fresh_claims.take(name),
            waited_seconds=self._waited(name, wait),
            quiet_seconds=self._quiet_seconds(job_id, None),
        )
        return seen if isinstance(row, Unread) else self._with_row(seen, job_id, row)

    def _with_row(self, seen: Observation, job_id: UUID, row: JobRow | None) -> Observation:
        """Add the row as it was read just now, and what that tells."""
        name, completed_seconds = seen.videojob.name, 0.0
        if row is not None and row.status == RowStatus.COMPLETED and not seen.videojob.finished:
            completed_seconds = self._completed.seconds(name, job_id)
            # Until the VideoJob has ended as well, each look is to see it.
            self._store.rows_to_read.mark(name)
        else:
            self._completed.forget(name)
        quiet_seconds = self._quiet_seconds(job_id, row)
        return replace(seen, row=row, quiet_seconds=quiet_seconds, completed_seconds=completed_seconds)

    def _waited(self, name: str, wait: Wait | None) -> float:
        """Return for how many seconds a VideoJob has waited for the same thing."""
        if wait is None:
            # Of thousands that run, nothing need be remembered.
            self._waits.forget(name)
            return 0.0
        return self._waits.seconds(name, wait.reason)

    async def _pod_refused(self, videojob: VideoJobView, job: JobView | None, pods: list[PodView]) -> str | None:
        if job is None or job.over or job.suspended or videojob.finished or pods:
            self._podless.forget(videojob.name)
            return None
        if self._podless.seconds(videojob.name, job.uid) < _POD_COMES_WITHIN_SECONDS:
            return None
        return await self._refusals.words(job)

    async def _results_there(self, job_id: UUID) -> bool:
        transcripts = await self._results.transcript_count(job_id)
        return transcripts > 0 and await self._results.sop_count(job_id) > 0

    async def _pods(self, name: str) -> list[PodView]:
        job, videojob = self._store.job(name), self._store.videojob(name)
        if job is None or (videojob is not None and videojob.finished):
            return []
        pods = None if job.over else self._store.pods.take(name, job.uid)
        if pods is None:
            pods = pods_of(await self._pod_reads.of(name), job.uid)
        if not job.over and any(pod.exit_code is not None for pod in pods):
            # The Job is about to end: its own event may be late.
            with contextlib.suppress(NotFound):
                self._store.see_job(await self._cluster.get_job(name))
        return pods

    async def _refresh(self, name: str) -> None:
        """Read the VideoJob anew: what was known of it led to a plan that no longer fits."""
        try:
            self._store.see_videojob(await self._cluster.get_videojob(name))
        except NotFound:
            self._store.drop_videojob(name)


def _job_id(name: str) -> UUID | None:
    try:
        return UUID(name.removeprefix("vj-"))
    except ValueError:
        return None
