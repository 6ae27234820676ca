"""One burst: rows are queued, workers run on nodes that are made for them, and the nodes go."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from benchmarks.autoscaling.case import Case
from benchmarks.autoscaling.node_times import NodeTimes
from benchmarks.autoscaling.record import Record
from benchmarks.autoscaling.table_of_rows import queue, results_twice
from devstack.autoscaler import INSTANCE_TYPES, NodePool
from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api, Exit, FakeNodeGroup, Pod
from devstack.light_worker import Ledger, LightWorker
from devstack.operator_runs.observed_tables import Database
from devstack.stack import StackInfo
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT

__all__ = ["Place", "burst"]

_LOOK_SECONDS = 1.0
_REASONS_EVERY = 5
_TELL_EVERY = 15
_ENDED = frozenset({"Succeeded", "Failed"})
_GIB = {"": 2**-30, "Ki": 2**-20, "Mi": 2**-10, "Gi": 1.0}


@dataclass(frozen=True)
class Place:
    """Where a burst takes place.

    Attributes
    ----------
    namespace
        Of the operator and its workers.
    pool
        Where workers land.
    progress
        Told what goes on.
    """

    cluster: ClusterInfo
    stack: StackInfo
    namespace: str
    pool: NodePool
    progress: Callable[[str], None] = field(repr=False)


async def burst(place: Place, case: Case, job_ids: list[UUID]) -> Record:
    """Queue the rows and look on until all have ended and all nodes are gone.

    Raises
    ------
    RuntimeError
        That took longer than the case may.
    """
    supabase = Supabase(place.stack.url, place.stack.secret_key, retries=PATIENT)
    ledger = Ledger()
    worker = LightWorker(supabase, ledger, pace=case.pace)
    patient = LightWorker(supabase, ledger, pace=case.long_pace)
    started: Counter[str] = Counter()

    async def program(pod: Pod, sigterm: asyncio.Event) -> Exit:
        started[pod.uid] += 1
        long = case.is_long(UUID(pod.environment["RUNOPS_JOB_ID"]))
        return await (patient if long else worker)(pod, sigterm)

    ((label, value),) = place.pool.node_selector.items()
    async with (
        Api(place.cluster.kubeconfig) as api,
        supabase,
        FakeNodeGroup(api, program, label=label, value=value) as nodes,
    ):
        onlooker = _Onlooker(place, case, api, nodes)
        await asyncio.to_thread(queue, onlooker.database, job_ids)
        await onlooker.look_on()
        return await onlooker.record(ledger, pods_started=len(started))


class _Onlooker:
    """Looks at tables, nodes and VideoJobs, once a second."""

    def __init__(self, place: Place, case: Case, api: Api, nodes: FakeNodeGroup) -> None:
        self.database = Database(place.stack.database_url)
        self._place = place
        self._case = case
        self._api = api
        self._nodes = nodes
        self._begun = time.monotonic()
        self._times = NodeTimes(INSTANCE_TYPES)
        self._statuses: Counter[str] = Counter()
        self._last_row: float | None = None
        self._workers: tuple[int, float] = (0, 0.0)
        self._held: tuple[int, int] = (0, 0)
        self._reasons: dict[str, tuple[int, str]] = {}
        self._asked: list[float] = []

    def _now(self) -> float:
        return time.monotonic() - self._begun

    async def look_on(self) -> None:
        """Look until every row has ended and every node is gone."""
        self._begun = time.monotonic()
        looks = 0
        while self._last_row is None or self._times.there:
            if self._now() > self._case.longest_seconds:
                raise RuntimeError(
                    f"{self._case.name}: not over after {self._case.longest_seconds:.0f} s: {self._shown()}"
                )
            await self._look()
            if looks % _REASONS_EVERY == 0:
                await self._look_at_reasons()
            if looks % _TELL_EVERY == 0:
                self._place.progress(f"{self._case.name}: {self._shown()}")
            looks += 1
            await asyncio.sleep(_LOOK_SECONDS)

    def _shown(self) -> str:
        return (
            f"{self._now():.0f} s, {dict(self._statuses)}, {self._times.there} nodes, "
            f"{len(self._nodes.working())} workers, {len(self._nodes.stopped_at_work)} evicted at work"
        )

    async def _look(self) -> None:
        selector = "&".join(
            f"labelSelector={name.replace('/', '%2F')}%3D{value}"
            for name, value in self._place.pool.node_selector.items()
        )
        self._statuses = await asyncio.to_thread(self.database.statuses)
        self._times.look(await self._api.items("/api/v1/nodes", selector=selector), self._now())
        working = len(self._nodes.working())
        if working > self._workers[0]:
            self._workers = working, self._now()
        held = self._statuses["processing"] - working
        if self._times.first_came is not None and held > self._held[0]:
            self._held = held, self._statuses["queued"]
        ended = self._statuses["completed"] + self._statuses["error"]
        if self._last_row is None and ended == self._case.rows:
            self._last_row = self._now()

    async def _videojobs(self) -> list[Mapping[str, Any]]:
        return list(await self._api.items(f"/apis/runops.dev/v1alpha1/namespaces/{self._place.namespace}/videojobs"))

    async def _look_at_reasons(self) -> None:
        waiting: Counter[str] = Counter()
        messages: dict[str, str] = {}
        for videojob in await self._videojobs():
            status = videojob.get("status") or {}
            if status.get("phase") not in _ENDED and (reason := status.get("reason")):
                waiting[reason] += 1
                messages.setdefault(reason, str(status.get("message")))
        for reason, count in waiting.items():
            if count > self._reasons.get(reason, (0, ""))[0]:
                self._reasons[reason] = count, messages[reason]
        path = f"/api/v1/namespaces/{self._place.namespace}/pods"
        for pod in await self._api.items(path, selector="labelSelector=runops.dev%2Fjob-id"):
            self._asked.append(_gib(pod["spec"]["containers"][0]["resources"]["requests"]["ephemeral-storage"]))

    async def record(self, ledger: Ledger, *, pods_started: int) -> Record:
        """Say what became of it."""
        statuses = [videojob.get("status") or {} for videojob in await self._videojobs()]
        if twice := results_twice(self.database):
            raise RuntimeError(f"{self._case.name}: {twice} rows have not exactly one transcript and one SOP")
        times, last_row, last_node = self._times, self._last_row, self._times.last_went
        if times.first_came is None or last_row is None or last_node is None:
            raise RuntimeError(f"{self._case.name}: no node came, or not all went: {self._shown()}")
        return Record(
            case=self._case.name,
            says=self._case.says,
            rows=self._case.rows,
            completed=self._statuses["completed"],
            error=self._statuses["error"],
            most_attempts=max(status.get("attempts") or 0 for status in statuses),
            stopped_at_work=len(self._nodes.stopped_at_work),
            pods_started=pods_started,
            paid_calls=ledger.calls,
            transcodes=ledger.transcodes,
            nodes_most=times.most,
            nodes_made=times.made,
            first_node=times.first_came,
            workers_most=self._workers[0],
            workers_most_at=self._workers[1],
            last_row=last_row,
            last_node_after_last_row=last_node - last_row,
            cpu_hours=times.cpu_hours(last_node),
            dollars=times.dollars(last_node),
            held_without_worker=self._held[0],
            queued_then=self._held[1],
            disk_asked=(min(self._asked), max(self._asked)),
            reasons=self._reasons,
            nodes_over_time=[(round(at, 1), count) for at, count in times.changes()],
        )


def _gib(quantity: str) -> float:
    number = quantity.rstrip("KMGi")
    return float(number) * _GIB[quantity.removeprefix(number)]
