"""Every loop tells whether it works, within two minutes, and what only shows the work ends nothing."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.assembly import assemble
from runops_operator.heartbeats import Heartbeat, Heartbeats
from runops_operator.intake import rows as rows_module
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.loops import LONG_TURN_SECONDS, Loops
from runops_operator.observability.metrics import Metrics
from runops_operator.task_set import TaskSet
from tests.operator.world import CONFIG, World

pytestmark = pytest.mark.virtual_time

_TIMEOUT = SupabaseError(ErrorKind.TIMEOUT, "Supabase failed while reading the rows (500, 57014).")
_BROKEN = ClusterError("POST /apis/runops.dev/v1alpha1/namespaces/runops/videojobs: 500 etcd is away", status=500)
_FORBIDDEN = ClusterError("GET /apis/batch/v1/namespaces/runops/jobs: 403 forbidden", status=403)


class Sometimes:
    """Something whose methods fail while a test says so."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.failure: Exception | None = None
        self.hangs = False

    def __getattr__(self, name: str) -> Any:
        there = getattr(self.inner, name)
        if not callable(there):
            return there

        def called(*arguments: Any, **named: Any) -> Any:
            if self.failure is not None:
                raise self.failure
            result = there(*arguments, **named)
            return self._hanging(result) if inspect.iscoroutine(result) else result

        return called

    async def _hanging(self, result: Any) -> Any:
        if self.hangs:
            result.close()
            await asyncio.sleep(1e9)
        return await result


class Site:
    """All loops of an operator in memory."""

    def __init__(self) -> None:
        self.world = World()
        self.cluster, self.tables = Sometimes(self.world.cluster), Sometimes(self.world.jobs)
        self.heartbeats = Heartbeats(asyncio.get_running_loop().time)
        supabase: Any = SimpleNamespace(
            jobs=self.tables, results=self.tables, storage=self.tables, clock_skew_seconds=0.0
        )
        cluster: Any = self.cluster
        config = CONFIG.model_copy(
            update={"cost": CONFIG.cost.model_validate({"maxPerDayUsd": 1000}), "pace_config_map": "pace"}
        )
        self.operator = assemble(
            config,
            cluster,
            supabase,
            Metrics(),
            now=lambda: self.world.now,
            clock=asyncio.get_running_loop().time,
        )
        self.tasks = TaskSet()
        self.loops = Loops(self.tasks, self.heartbeats)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        resync = self.loops.beat("resync")
        await self.world.cluster.create_configmap("pace", {})
        await self.operator.resync.first(resync)
        self.tasks.start("resync", self.operator.resync.run(resync))
        for name in ("intake", "confirmation", "rows", "stopping", "pace", "spending"):
            self.loops.start(name, getattr(self.operator, name).run, turn_seconds=LONG_TURN_SECONDS)
        self.loops.start(
            "reconciler", lambda beat: self.operator.reconciler.run(beat=beat), turn_seconds=LONG_TURN_SECONDS
        )
        self.loops.start_beside("backlog", self.operator.backlog.run)
        try:
            yield
        finally:
            await self.tasks.end()
            self.loops.end()

    async def until(self, condition: Callable[[], bool], *, within: float) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not condition():
            await asyncio.sleep(1)
            assert loop.time() - began <= within, self.heartbeats.trouble()

    def fails(self, name: str, cause: str) -> bool:
        return f"The loop {name!r} fails: {cause}" in str(self.heartbeats.trouble())


@pytest.fixture
async def site() -> Site:
    return Site()


async def test_no_loop_that_works_ever_seems_to_stand_still(site: Site) -> None:
    for _ in range(5):
        site.world.jobs.add()
    async with site.running():
        for _ in range(1000):
            await asyncio.sleep(4)
            assert site.heartbeats.trouble() is None
            assert all(site.heartbeats.working().values()), site.heartbeats.working()
        assert site.world.cluster.jobs, "there was work to do"
    assert site.heartbeats.working() == {}


@pytest.mark.parametrize("name", ["rows", "intake"])
async def test_a_table_that_cannot_be_read_is_told_of_within_two_minutes_and_no_longer_than_it_lasts(
    site: Site, name: str
) -> None:
    async with site.running():
        await asyncio.sleep(100)
        site.tables.failure = _TIMEOUT
        await site.until(lambda: site.fails(name, str(_TIMEOUT)), within=120)
        assert site.heartbeats.needs_a_restart() is None
        await site.until(lambda: not site.heartbeats.working()["backlog"], within=120)
        site.tables.failure = None
        await site.until(lambda: all(site.heartbeats.working().values()), within=120)


@pytest.mark.parametrize("name", ["resync", "spending"])
async def test_a_cluster_that_refuses_is_told_of(site: Site, name: str) -> None:
    async with site.running():
        await asyncio.sleep(100)
        site.cluster.failure = _FORBIDDEN
        site.operator.resync.ask()
        site.world.jobs.add()
        await site.until(lambda: site.fails(name, str(_FORBIDDEN)), within=120)
        site.cluster.failure = None
        await site.until(lambda: all(site.heartbeats.working().values()), within=120)


async def test_claimed_rows_that_get_no_videojobs_are_told_of(site: Site) -> None:
    async with site.running():
        await asyncio.sleep(100)
        site.cluster.failure = _BROKEN
        site.world.jobs.add()
        await site.until(lambda: site.fails("confirmation", str(_BROKEN)), within=120)
        site.cluster.failure = None
        await site.until(lambda: all(site.heartbeats.working().values()), within=120)


@pytest.mark.parametrize(("name", "where"), [("rows", "tables"), ("intake", "tables"), ("resync", "cluster")])
async def test_a_request_that_never_ends_is_told_of_and_ends_the_process_in_the_end(
    site: Site, name: str, where: str
) -> None:
    async with site.running():
        await asyncio.sleep(100)
        if where == "tables":
            site.tables.failure = None
            site.tables.hangs = True
        else:
            site.operator.resync._cluster = _Hanging()  # type: ignore[assignment]
            site.operator.resync.ask()
        sentence = f"The loop {name!r} stands still"
        await site.until(lambda: sentence in str(site.heartbeats.trouble()), within=LONG_TURN_SECONDS + 120)
        await site.until(lambda: sentence in str(site.heartbeats.needs_a_restart()), within=700)


class _Hanging:
    """A cluster whose listings never end."""

    async def list_videojobs(self) -> AsyncIterator[Any]:
        await asyncio.sleep(1e9)
        yield {}


async def test_a_reconciliation_that_never_ends_is_told_of(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_name: str) -> None:
        await asyncio.sleep(1e9)

    async with site.running():
        monkeypatch.setattr(site.operator.reconciler, "reconcile", never)
        await site.operator.queue.add("vj-1")
        await asyncio.sleep(LONG_TURN_SECONDS - 1)
        assert site.heartbeats.trouble() is None
        await site.until(lambda: "'reconciler' stands still" in str(site.heartbeats.trouble()), within=5)


async def test_a_listing_of_many_objects_that_gets_on_is_no_trouble(site: Site) -> None:
    class Slow:
        async def list_videojobs(self) -> AsyncIterator[Any]:
            for number in range(50):
                await asyncio.sleep(20)
                yield {"metadata": {"name": f"vj-{number}", "uid": f"u-{number}", "resourceVersion": "1"}}

        async def list_jobs(self) -> AsyncIterator[Any]:
            for number in range(50):
                await asyncio.sleep(20)
                yield {"metadata": {"name": f"vj-{number}", "uid": f"j-{number}", "resourceVersion": "1"}}

        async def list_all_pods(self) -> AsyncIterator[Any]:
            for number in range(50):
                await asyncio.sleep(20)
                labels = {"batch.kubernetes.io/job-name": f"vj-{number}"}
                yield {"metadata": {"name": f"vj-{number}-x", "labels": labels}}

    site.operator.resync._cluster = Slow()  # type: ignore[assignment]
    beat = site.heartbeats.begin("resync")
    listing = asyncio.create_task(site.operator.resync.first(beat))
    while not listing.done():
        await asyncio.sleep(5)
        assert beat.trouble is None


async def test_a_first_listing_that_fails_is_repeated_and_told_of(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    beat = site.heartbeats.begin("resync")
    site.cluster.failure = RuntimeError()
    listing = asyncio.create_task(site.operator.resync.first(beat))
    await asyncio.sleep(40)
    assert site.fails("resync", "Unexpected error in the first listing: RuntimeError")
    site.cluster.failure = _FORBIDDEN
    await asyncio.sleep(20)
    assert site.fails("resync", str(_FORBIDDEN))
    site.cluster.failure = None
    await asyncio.wait_for(listing, 15)
    assert site.heartbeats.trouble() is None
    assert caplog.messages.count("Unexpected error in the first listing.") > 1


async def test_the_cluster_is_listed_soon_when_that_is_asked_for(site: Site) -> None:
    async with site.running():
        await asyncio.sleep(10)
        before = site.world.cluster.pod_listings.count("*")
        site.operator.resync.ask()
        await asyncio.sleep(1)
        assert site.world.cluster.pod_listings.count("*") == before + 1
        await asyncio.sleep(200)
        assert site.world.cluster.pod_listings.count("*") == before + 1


async def test_an_outage_of_the_rows_is_counted(site: Site) -> None:
    jobs: Any = site.tables
    metrics = Metrics()
    site.tables.failure = _TIMEOUT
    watch = rows_module.RowWatch(
        jobs=jobs,
        store=site.operator.store,
        queue=site.operator.queue,
        adopter=site.operator.rows._adopter,
        refused=lambda _row, _claim: None,
        config=CONFIG,
        metrics=metrics,
        clock=lambda: 0.0,
    )
    running = asyncio.create_task(watch.run())
    await asyncio.sleep(1)
    running.cancel()
    assert 'runops_supabase_errors_total{kind="timeout"} 2.0' in metrics.text().decode()


class Beside:
    """A loop that ends as a test says."""

    def __init__(self, *ends: Exception | None) -> None:
        self.ends = list(ends)
        self.runs = 0

    async def run(self, beat: Heartbeat) -> None:
        self.runs += 1
        beat.turned(next_within=1e6)
        if not self.ends:
            await asyncio.sleep(1e9)
        if (error := self.ends.pop(0)) is not None:
            raise error


async def test_what_only_shows_the_work_begins_anew_when_it_ends_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heartbeats, tasks = Heartbeats(asyncio.get_running_loop().time), TaskSet()
    loops, beside = Loops(tasks, heartbeats), Beside(OverflowError("too large"), None)
    loops.start_beside("traces", beside.run)
    loops.start("rows", partial(asyncio.sleep, 1e6))
    ending = asyncio.create_task(tasks.until_one_ends())
    await asyncio.sleep(20)
    assert beside.runs == 3
    assert not ending.done()
    assert caplog.messages == ["Unexpected error in the loop 'traces'; it starts again."]
    assert heartbeats.working()["traces"]
    ending.cancel()
    await tasks.end()
    loops.end()
    assert heartbeats.working() == {}


async def test_a_loop_that_ends_again_and_again_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    heartbeats, tasks = Heartbeats(asyncio.get_running_loop().time), TaskSet()

    async def fails(_beat: Heartbeat) -> None:
        raise OverflowError

    Loops(tasks, heartbeats).start_beside("traces", fails)
    await asyncio.sleep(100)
    assert heartbeats.working() == {"traces": False}
    assert heartbeats.trouble() is None
    assert 5 < len(caplog.messages) < 20, "with growing pauses"
    await tasks.end()
