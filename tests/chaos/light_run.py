"""The setting of every scenario with light workers: a namespace, a stand-in kubelet, replicas of the operator, rows."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from devstack.fake_kubelet import Api, FakeKubelet
from devstack.light_worker import Fate, Ledger, LightWorker, Pace
from devstack.operator_runs.operator_process import Replica
from devstack.operator_runs.queued_rows import Row, fill_queue, rows_of
from devstack.operator_runs.videojob_definition import know_videojobs
from runops.supabase.connection import Supabase
from runops.supabase.retry import PATIENT
from tests.chaos.orphans import cluster_orphans, storage_orphans
from tests.chaos.record import Record
from tests.chaos.replicas import operator_settings, running_replicas
from tests.chaos.site import Site
from tests.chaos.verdict import Ends, Extra, record_of

__all__ = ["LightRun", "Load", "light_run", "new_namespace"]

_SETTLE_SECONDS = 240.0
_LOOK_SECONDS = 0.5
_TELL_SECONDS = 10.0
_RESTART_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much, and how fast.

    Attributes
    ----------
    rows, max_concurrent
        How many rows in all, and at one time.
    fates
        Share of the rows that suffers each.
    pace
        Of the light workers.
    replicas
        Of the operator.
    no_progress_seconds
        After which silence of a worker its attempt ends; it must outlast the scenario's outage.
    stale_after_seconds
        When a row that another installation left behind is taken over.
    longest_seconds
        After so long every row must have ended.
    """

    rows: int
    max_concurrent: int
    fates: Mapping[Fate, float] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    replicas: int = 1
    no_progress_seconds: float = 20.0
    stale_after_seconds: float = 3600.0
    longest_seconds: float = 600.0


@dataclass
class LightRun:
    """A run that goes on.

    Attributes
    ----------
    rows
        What was queued.
    replicas, kubelet
        What can be killed.
    worker
        What pods run; it writes into the ledger.
    """

    scenario: str
    site: Site
    load: Load
    api: Api
    namespace: str
    rows: list[Row]
    replicas: list[Replica]
    kubelet: FakeKubelet
    worker: LightWorker
    ledger: Ledger
    begun: float
    details: list[str] = field(default_factory=list)

    def ended(self) -> bool:
        """Whether every row has ended, as far as can be seen now."""
        statuses = self.site.database.statuses()
        return statuses["completed"] + statuses["error"] == len(self.rows)

    async def in_flight(self, *, least: int) -> None:
        """Wait until so many light workers run at the same time."""
        deadline = time.monotonic() + self.load.longest_seconds
        while len(self.kubelet.working()) < least and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)

    async def until_ended(self) -> None:
        """Wait until every row has ended, or time is up: the record tells."""
        deadline = self.begun + self.load.longest_seconds
        told = time.monotonic()
        while not self.ended() and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
            if time.monotonic() - told > _TELL_SECONDS:
                told = time.monotonic()
                self.site.progress(f"{self.scenario}: {dict(self.site.database.statuses())}")

    async def judged(self, *, attempts_used: int | None = None) -> Record:
        """Wait for the cluster to come to rest, and say what became of everything.

        Parameters
        ----------
        attempts_used
            As in `Record`.
        """
        seconds = time.monotonic() - self.begun
        unsettled = await self._settled()
        database, ids = self.site.database, [row.job_id for row in self.rows]
        outcomes = database.outcomes(ids)
        ends = sum((replica.ends for replica in self.replicas), Counter[int]())
        self.details += [f"operators ended by themselves with {code}: {times} times" for code, times in ends.items()]
        if unsettled:
            self.details.append(f"not at rest after {_SETTLE_SECONDS:.0f} s: {', '.join(unsettled[:5])}")
        self.details.append(
            f"{self.ledger.calls} paid calls and {self.ledger.transcodes} transcodes in all; "
            f"operators killed {sum(replica.kills for replica in self.replicas)} times"
        )
        orphans = [*await cluster_orphans(self.api, self.namespace), *storage_orphans(self.site.stack, ids)]
        extra = Extra(
            calls_again=self.ledger.repeated_calls,
            transcodes_again=self.ledger.repeated_transcodes,
            orphans=orphans,
            attempts_used=attempts_used,
            details=self.details,
        )
        stories = {job_id: database.story(job_id) for job_id in Ends.of(self.rows, outcomes).all[:20]}
        return record_of(self.scenario, self.rows, outcomes, stories=stories, extra=extra, seconds=seconds)

    async def _settled(self) -> list[str]:
        """Return what is still under way when time is up."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        path = f"/apis/runops.dev/v1alpha1/namespaces/{self.namespace}/videojobs"
        while True:
            unfinished = [pod.name for pod in self.kubelet.working()]
            unfinished += [
                body["metadata"]["name"]
                for body in await self.api.items(path)
                if (body.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}
            ]
            if not unfinished or time.monotonic() > deadline:
                return unfinished
            await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def light_run(site: Site, scenario: str, load: Load, *, seed: int) -> AsyncIterator[LightRun]:
    """Give a run that has begun: rows queued, replicas and kubelet up. All of it goes with the block.

    Parameters
    ----------
    site
        Where.
    scenario
        Its name.
    load
        How much.
    seed
        Of rows and sleeps.
    """
    know_videojobs(site.cluster)
    namespace = f"chaos-{uuid4().hex[:8]}"
    rows = rows_of(scenario, load.rows, seed=seed, fates=load.fates)
    site.database.begin()
    ledger = Ledger()
    supabase = Supabase(site.stack.url, site.stack.secret_key, retries=PATIENT)
    worker = LightWorker(supabase, ledger, pace=load.pace, seed=seed)
    async with (
        Api(site.cluster.kubeconfig) as api,
        supabase,
        new_namespace(api, namespace),
        FakeKubelet(api, worker) as kubelet,
    ):
        settings = operator_settings(
            namespace,
            kubelet,
            replicas=load.replicas,
            max_concurrent=load.max_concurrent,
            no_progress_seconds=load.no_progress_seconds,
            stale_after_seconds=load.stale_after_seconds,
        )
        fill_queue(site.database, rows)
        with running_replicas(
            load.replicas,
            settings=settings,
            environment=site.stack.environment(),
            kubeconfig=site.cluster.kubeconfig,
            folder=site.folder / namespace,
        ) as replicas:
            site.progress(f"{scenario}: {len(rows)} rows, {load.replicas} replicas, logs in {site.folder / namespace}")
            keeping = asyncio.create_task(_keep_running(replicas))
            try:
                yield LightRun(
                    scenario=scenario,
                    site=site,
                    load=load,
                    api=api,
                    namespace=namespace,
                    rows=rows,
                    replicas=replicas,
                    kubelet=kubelet,
                    worker=worker,
                    ledger=ledger,
                    begun=time.monotonic(),
                )
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)


async def _keep_running(replicas: list[Replica]) -> None:
    while True:
        await asyncio.sleep(_RESTART_SECONDS)
        for replica in replicas:
            replica.restart_if_ended()


@asynccontextmanager
async def new_namespace(api: Api, name: str) -> AsyncIterator[None]:
    """Make a namespace for the time of the block."""
    await api.patiently("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        yield
    finally:
        await api.patiently("DELETE", f"/api/v1/namespaces/{name}", seconds=120)
