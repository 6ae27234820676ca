"""Reads what a plan depends on: the store and the pods, then the row and the results where a plan asks for them."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from runops.job_row import JobRow, RowStatus
from runops.supabase.jobs import JobsTable
from runops.supabase.results import ResultsTables
from runops_operator.breakers.breakers import Breakers
from runops_operator.informer.pod_listing import pods_of
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import Cluster, NotFound
from runops_operator.manifests.observed import JobView, VideoJobView
from runops_operator.manifests.observed_pod import PodView
from runops_operator.planning.observation import Observation
from runops_operator.planning.waiting import Wait, wait_of
from runops_operator.reconcile.hand_made import HandMadeSlots
from runops_operator.reconcile.pod_reads import PodReads
from runops_operator.reconcile.pod_refusals import PodRefusals
from runops_operator.stopwatch import Stopwatch

__all__ = ["ObservationReader"]

_POD_IS_CREATED_WITHIN_SECONDS = 4.0
"""The Job controller needs about one second; later, its events are read for the cause."""


class ObservationReader:
    """Makes observations, and remembers since when each VideoJob has waited.

    Parameters
    ----------
    store
        The known VideoJobs and Jobs.
    cluster, jobs, results
        What is read.
    breakers
        Know the faults that videos share.
    slots
        Of VideoJobs made by hand.
    quiet_seconds
        Returns how long nothing has updated a row; by the row itself, where it was just read.
    now
        The clock; it gives times with their zone.
    """

    def __init__(
        self,
        *,
        store: Store,
        cluster: Cluster,
        jobs: JobsTable,
        results: ResultsTables,
        breakers: Breakers,
        slots: HandMadeSlots,
        quiet_seconds: Callable[[UUID, JobRow | None], float],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._jobs = jobs
        self._results = results
        self._breakers = breakers
        self._slots = slots
        self._quiet_seconds = quiet_seconds
        self._waits = Stopwatch(lambda: now().timestamp())
        self._without_pod = Stopwatch(lambda: now().timestamp())
        self._completed = Stopwatch(lambda: now().timestamp())
        self._refusals = PodRefusals(cluster, now)
        self._pod_reads = PodReads(cluster)

    def forget(self, name: str) -> None:
        """Drop what is remembered of a VideoJob that is gone."""
        for stopwatch in (self._waits, self._without_pod, self._completed):
            stopwatch.forget(name)

    async def observe(self, videojob: VideoJobView, job_id: UUID) -> Observation:
        """Return what is known without the row and the results.

        Raises
        ------
        ClusterError
            The pods cannot be read.
        """
        pods = await self._pods(videojob)
        job = self._store.job(videojob.name)
        refused = await self._pod_refused(videojob, job, pods)
        return Observation(
            videojob=videojob,
            job=job,
            pods=pods,
            pod_refused=refused,
            faults=self._breakers.seen_by(videojob.name),
            slot_free=videojob.claim is not None or self._slots.is_free(videojob),
            drained=self._slots.drained,
            capped=self._slots.capped(videojob) if videojob.claim is None else None,
            hold=self._breakers.hold(videojob.name),
            waited_seconds=self._waited(videojob.name, wait_of(videojob, job, pods, pod_refused=refused)),
            quiet_seconds=self._quiet_seconds(job_id, None),
        )

    async def with_row(self, seen: Observation, job_id: UUID) -> Observation:
        """Read the row, and add it.

        Raises
        ------
        SupabaseError
            The row cannot be read.
        """
        row = await self._jobs.get(job_id)
        return replace(
            seen,
            row=row,
            quiet_seconds=self._quiet_seconds(job_id, row),
            completed_seconds=self._completed_seconds(seen.videojob, row),
        )

    async def with_results(self, seen: Observation, job_id: UUID) -> Observation:
        """Check whether the tables hold the results, and add that.

        Raises
        ------
        SupabaseError
            The tables cannot be read.
        """
        present = await self._results.transcript_count(job_id) > 0 and await self._results.sop_count(job_id) > 0
        return replace(seen, results=present)

    def _completed_seconds(self, videojob: VideoJobView, row: JobRow | None) -> float:
        if row is None or row.status != RowStatus.COMPLETED or videojob.finished:
            self._completed.forget(videojob.name)
            return 0.0
        return self._completed.seconds(videojob.name, row.job_id)

    def _waited(self, name: str, wait: Wait | None) -> float:
        if wait is None:
            # Running VideoJobs need no entry, so memory stays flat.
            self._waits.forget(name)
            return 0.0
        return self._waits.seconds(name, wait.reason)

    async def _pod_refused(self, videojob: VideoJobView, job: JobView | None, pods: Sequence[PodView]) -> str | None:
        if job is None or job.over or job.suspended or videojob.finished or pods:
            self._without_pod.forget(videojob.name)
            return None
        if self._without_pod.seconds(videojob.name, job.uid) < _POD_IS_CREATED_WITHIN_SECONDS:
            return None
        return await self._refusals.words(job)

    async def _pods(self, videojob: VideoJobView) -> list[PodView]:
        name, job = videojob.name, self._store.job(videojob.name)
        if job is None or videojob.finished:
            return []
        pods = None if job.over else self._store.pods.take(name, job.uid)
        if pods is None:
            pods = pods_of(await self._pod_reads.of(name), job.uid)
        if not job.over and any(pod.exit_code is not None for pod in pods):
            # The Job is about to end, and its own event may be late.
            with contextlib.suppress(NotFound):
                self._store.see_job(await self._cluster.get_job(name))
        return pods
