"""When memory and cluster are compared, and how what is seen is looked at."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest

from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import Heartbeat
from runops_operator.informer import resync
from runops_operator.informer.resync import Resync, pause_after, resync_is_due
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.kubernetes_api.cluster import ClusterError, NotFound
from tests.operator.world import CONFIG
from tests.simulation.cluster import START, MemoryCluster


@pytest.mark.parametrize(
    ("since", "waiting", "due"),
    [
        pytest.param(299.0, 0, False, id="its time has not come"),
        pytest.param(300.0, 0, True, id="its time has come"),
        pytest.param(300.0, 100, True, id="a hundred that wait are no burst"),
        pytest.param(300.0, 5000, False, id="a burst comes first"),
        pytest.param(599.0, 101, False, id="a burst still comes first"),
        pytest.param(600.0, 5000, True, id="a burst that lasts does not keep it off for ever"),
    ],
)
def test_comparison_waits_for_its_time_and_for_a_burst_but_not_for_ever(since: float, waiting: int, due: bool) -> None:
    assert resync_is_due(since=since, pause=300.0, waiting=waiting) is due


def _resync(
    cluster: MemoryCluster,
    store: Store,
    queue: WorkQueue,
    config: OperatorConfig = CONFIG,
    *,
    on_pod_without_job: Callable[[str, str], None] = lambda _name, _uid: None,
) -> Resync:
    return Resync(cluster=cluster, store=store, queue=queue, config=config, on_pod_without_job=on_pod_without_job)


class Listing(MemoryCluster):
    """Notes how many looks wait when the last pod is listed."""

    def __init__(self, queue: WorkQueue) -> None:
        super().__init__(lambda: START)
        self.queue = queue
        self.waiting_at_the_last_pod = 0

    async def list_all_pods(self) -> AsyncIterator[Any]:
        for name in sorted(self.videojobs):
            self.waiting_at_the_last_pod = len(self.queue)
            yield {"metadata": {"name": f"{name}-a", "labels": {"batch.kubernetes.io/job-name": name}}}


async def test_looks_begin_while_pods_are_listed_and_each_videojob_is_looked_at_once() -> None:
    queue, store = WorkQueue(), Store()
    cluster = Listing(queue)
    for number in range(3):
        cluster.videojobs[f"vj-{number}"] = {"metadata": {"name": f"vj-{number}", "uid": f"u-{number}"}}

    await _resync(cluster, store, queue).once()

    assert cluster.waiting_at_the_last_pod == 1, "the pods of the second are known only now"
    assert [await queue.get() for _ in range(len(queue))] == ["vj-0", "vj-1", "vj-2"]


async def test_a_videojob_without_a_pod_is_reconciled_after_the_listing() -> None:
    queue, store, cluster = WorkQueue(), Store(), MemoryCluster(lambda: START)
    cluster.videojobs["vj-1"] = {"metadata": {"name": "vj-1", "uid": "u-1"}}
    await _resync(cluster, store, queue).once()
    assert len(queue) == 1
    assert await queue.get() == "vj-1"


class Listed(MemoryCluster):
    """Notes when it is listed; `failures` are raised by the next listings, `takes` is how long one takes."""

    def __init__(self) -> None:
        super().__init__(lambda: START)
        self.at: list[float] = []
        self.failures: list[Exception] = []
        self.takes = 0.0

    async def list_videojobs(self) -> AsyncIterator[Any]:
        self.at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes)
        if self.failures:
            raise self.failures.pop(0)
        for body in self.videojobs.values():
            yield body


async def _pauses(
    cluster: Listed, queue: WorkQueue, *, for_seconds: float, resync_seconds: float = 300.0
) -> list[float]:
    """Return the seconds from the start to the first listing, and from each to the next one."""
    begun = asyncio.get_running_loop().time()
    config = CONFIG.model_copy(update={"resync_seconds": resync_seconds})
    running = asyncio.create_task(_resync(cluster, Store(), queue, config).run())
    await asyncio.sleep(for_seconds)
    running.cancel()
    await asyncio.wait([running])
    return [round(later - earlier, 1) for earlier, later in pairwise([begun, *cluster.at])]


@pytest.mark.virtual_time
async def test_the_cluster_is_listed_at_each_interval_and_later_where_a_listing_takes_long() -> None:
    assert await _pauses(Listed(), WorkQueue(), for_seconds=250, resync_seconds=100) == [100, 100]
    quick = Listed()
    quick.takes = 1.0
    assert await _pauses(quick, WorkQueue(), for_seconds=1000) == [300, 301, 301]
    slow = Listed()
    slow.takes = 3.0
    assert await _pauses(slow, WorkQueue(), for_seconds=1000) == [300, 603]


@pytest.mark.virtual_time
async def test_a_burst_that_lasts_postpones_the_resync_for_a_second_interval_only() -> None:
    queue = WorkQueue()
    for number in range(101):
        await queue.add(f"vj-{number}")
    assert await _pauses(Listed(), queue, for_seconds=1300) == [600, 600]


@pytest.mark.virtual_time
async def test_the_resync_is_postponed_while_a_burst_waits() -> None:
    queue, cluster = WorkQueue(), Listed()
    for number in range(101):
        await queue.add(f"vj-{number}")
    running = asyncio.create_task(_resync(cluster, Store(), queue).run())
    await asyncio.sleep(400)
    assert cluster.at == []
    await queue.get()
    await asyncio.sleep(1.1)
    assert len(cluster.at) == 1
    running.cancel()
    await asyncio.wait([running])


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (ClusterError("away"), "Resync: away"),
        (RuntimeError("an odd object"), "Unexpected error in the resync."),
    ],
)
async def test_after_a_failure_the_cluster_is_listed_sooner_with_growing_pauses(
    failure: Exception, line: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[int] = []

    def backoff(failures: int, *, base: float) -> float:
        asked.append(failures)
        return 7.0 * failures * base

    monkeypatch.setattr(resync, "backoff", backoff)
    cluster = Listed()
    cluster.failures = [failure, failure]
    assert await _pauses(cluster, WorkQueue(), for_seconds=700) == [300, 7, 14, 300]
    assert asked == [1, 2]
    assert caplog.messages == [line, line]


def _videojob(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"u-{name}", "resourceVersion": str(version)}}


async def test_after_a_restore_of_the_cluster_nothing_is_taken_for_deleted_and_all_begins_anew() -> None:
    queue, store, cluster = WorkQueue(), Store(), MemoryCluster(lambda: START)
    store.see_videojob(_videojob("vj-made-since", 21))
    store.see_videojob(_videojob("vj-made-before", 20))
    cluster.videojobs["vj-made-before"] = _videojob("vj-made-before", 7)
    config = CONFIG.model_copy(update={"resync_seconds": 0.01})
    async with asyncio.timeout(5):
        await _resync(cluster, store, queue, config).run()
    assert store.names() == ["vj-made-since", "vj-made-before"]
    assert store.deleted("vj-made-since") is None
    assert not len(queue)


async def test_what_changes_while_it_is_listed_is_no_step_back() -> None:
    queue, store, cluster = WorkQueue(), Store(), MemoryCluster(lambda: START)
    store.see_videojob(_videojob("vj-1", 7))
    store.begin_listing()
    store.see_videojob(_videojob("vj-1", 9))
    store.see_listed_videojob(_videojob("vj-1", 8))
    view = store.videojob("vj-1")
    assert view is not None
    assert view.version == 9
    cluster.videojobs["vj-1"] = _videojob("vj-1", 9)
    await _resync(cluster, store, queue).once()
    assert store.names() == ["vj-1"]


@pytest.mark.parametrize(("took", "pause"), [(0.0, 300.0), (1.5, 300.0), (3.0, 600.0), (60.0, 1200.0)])
def test_a_listing_that_took_long_postpones_the_next_one_but_not_for_hours(took: float, pause: float) -> None:
    assert pause_after(took, resync_seconds=300.0) == pytest.approx(pause)


async def test_a_pod_whose_job_is_not_listed_is_reported() -> None:
    queue, store, cluster = WorkQueue(), Store(), MemoryCluster(lambda: START)
    labels = {"batch.kubernetes.io/job-name": "vj-1"}
    for number, uid in enumerate(("uid-of-the-job", "uid-of-an-earlier-job")):
        metadata = {"name": f"vj-1-{number}", "labels": labels, "ownerReferences": [{"uid": uid}]}
        cluster.pods[f"vj-1-{number}"] = {"metadata": metadata}
    alone = {"name": "vj-2-0", "labels": {"batch.kubernetes.io/job-name": "vj-2"}, "ownerReferences": [{"uid": "gone"}]}
    cluster.pods["vj-2-0"] = {"metadata": alone}
    cluster.jobs["vj-1"] = {"metadata": {"name": "vj-1", "uid": "uid-of-the-job", "resourceVersion": "1"}}
    reported: list[tuple[str, str]] = []
    await _resync(cluster, store, queue, on_pod_without_job=lambda name, uid: reported.append((name, uid))).once()
    assert reported == [("vj-1", "uid-of-an-earlier-job"), ("vj-2", "gone")]


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("failure", "trouble", "lines"),
    [
        (NotFound("no such path", status=404), "The API server does not know VideoJobs: install the", 1),
        (ClusterError("The API server is away."), "The API server is away.", 1),
        (RuntimeError("an odd object"), "Unexpected error in the first listing: RuntimeError: an odd object", 8),
    ],
)
async def test_the_first_listing_is_repeated_with_growing_pauses_and_its_trouble_is_logged_once(
    failure: Exception, trouble: str, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = Listed()
    cluster.failures = [failure] * 7
    cluster.videojobs["vj-1"] = _videojob("vj-1", 7)
    queue, clock = WorkQueue(), asyncio.get_running_loop().time
    beat = Heartbeat("first listing", clock)
    listing = asyncio.create_task(_resync(cluster, Store(), queue).first(beat))
    await asyncio.sleep(0.1)
    assert [trouble in line for line in caplog.messages].count(True) == 1, "at once"
    await asyncio.sleep(2)
    assert beat.trouble is not None
    assert trouble in beat.trouble
    await asyncio.sleep(20)
    assert beat.stands_still == 0.0
    await listing
    # Half a second, then twice as long each time, five seconds at most.
    assert [later - earlier for earlier, later in pairwise(cluster.at)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert len(queue) == 1
    assert [trouble in line for line in caplog.messages].count(True) == 1
    assert len(caplog.messages) == lines


@pytest.mark.virtual_time
async def test_a_first_listing_that_takes_minutes_does_not_stand_still() -> None:
    cluster = _Slow()
    for number in range(10):
        cluster.videojobs[f"vj-{number}"] = _videojob(f"vj-{number}", number + 1)
    beat = Heartbeat("first listing", asyncio.get_running_loop().time)
    listing = asyncio.create_task(_resync(cluster, Store(), WorkQueue()).first(beat))
    for _ in range(30):
        await asyncio.sleep(10)
        assert beat.stands_still == 0.0
    await listing


class _Slow(MemoryCluster):
    """Takes 30 s for each VideoJob that it lists."""

    def __init__(self) -> None:
        super().__init__(lambda: START)

    async def list_videojobs(self) -> AsyncIterator[Any]:
        for body in self.videojobs.values():
            await asyncio.sleep(30)
            yield body


@pytest.mark.virtual_time
async def test_a_listing_that_fails_is_told_with_its_cause_and_the_loop_does_not_stand_still() -> None:
    cluster, queue = Listed(), WorkQueue()
    for number in range(101):
        await queue.add(f"vj-{number}")
    beat = Heartbeat("resync", asyncio.get_running_loop().time)
    running = asyncio.create_task(_resync(cluster, Store(), queue).run(beat))
    await asyncio.sleep(590)
    assert beat.stands_still == 0.0, "a burst postpones a listing for a second interval"
    cluster.failures = [ClusterError("The API server is away.")] * 20
    await asyncio.sleep(150)
    assert beat.trouble == "The loop 'resync' fails: The API server is away."
    assert beat.stands_still == 0.0
    cluster.failures.clear()
    await asyncio.sleep(60)
    assert beat.trouble is None
    running.cancel()
    await asyncio.wait([running])


@pytest.mark.virtual_time
async def test_a_resync_that_never_comes_is_noticed_after_two_intervals() -> None:
    beat = Heartbeat("resync", asyncio.get_running_loop().time)
    resync_of = _resync(Listed(), Store(), WorkQueue())
    running = asyncio.create_task(resync_of.run(beat))
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait([running])
    await asyncio.sleep(600 + 45)
    assert beat.stands_still == pytest.approx(1.0)
