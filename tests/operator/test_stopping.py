"""Pods of deleted Jobs are followed to their end."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import ClusterError, NotFound
from runops_operator.observability.metrics import Metrics
from runops_operator.reconcile import stopping
from runops_operator.reconcile.stopping import Stopping
from tests.operator.reconcile.recorder import Recorder, until
from tests.simulation.cluster import START, MemoryCluster

pytestmark = pytest.mark.virtual_time


class Slow(MemoryCluster):
    """Tells of a Job's pods when the test lets it. `first` has one that does not go, `second` has none."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = {"first": asyncio.Event(), "second": asyncio.Event()}
        self.asked = {"first": asyncio.Event(), "second": asyncio.Event()}

    async def list_pods(self, jobs: Collection[str]) -> list[Any]:
        (job,) = jobs
        self.asked[job].set()
        await self.may_answer[job].wait()
        pod = {"metadata": {"name": "pod", "uid": "pod", "ownerReferences": [{"uid": "uid-first"}]}}
        return [pod] if job == "first" else []


async def test_a_job_whose_pods_are_gone_before_its_turn_comes_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stopping, "_CHECK_SECONDS", 0.01)
    cluster = Slow()
    follower = Stopping(cluster, store=Store(), now=lambda: START, deadline_seconds=1000, metrics=Metrics())
    cluster.may_answer["first"].set()
    await follower.begin("first", "uid-first")
    cluster.may_answer["first"].clear()
    cluster.asked["first"].clear()
    async with asyncio.timeout(5):
        beginning = asyncio.create_task(follower.begin("second", "uid-second"))
        await cluster.asked["second"].wait()
        running = asyncio.create_task(follower.run())
        # It has listed both and looks at the first, while the second turns out to have no pod.
        await cluster.asked["first"].wait()
        cluster.may_answer["second"].set()
        await beginning
        cluster.asked["first"].clear()
        cluster.may_answer["first"].set()
        again = asyncio.create_task(cluster.asked["first"].wait())
        await asyncio.wait({again, running}, return_when=asyncio.FIRST_COMPLETED)
    assert not running.done(), f"the follower ended: {running.exception()}"
    assert len(follower) == 1, "the one that has a pod is followed on"
    assert caplog.messages == []
    running.cancel()


def _pod(name: str, uid: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"{name}-uid", "ownerReferences": [{"uid": uid}], **metadata}}


def _follower(cluster: Recorder, *, deadline: float = 1000.0) -> Stopping:
    service: Any = cluster
    return Stopping(service, store=Store(), now=lambda: START, deadline_seconds=deadline, metrics=Metrics())


async def test_only_the_pods_of_the_very_job_are_deleted_by_their_uid() -> None:
    orphan = {"metadata": {"name": "pod-3", "uid": "pod-3-uid"}}
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1"), _pod("pod-2", "uid-2"), orphan])
    follower = _follower(cluster)
    await follower.begin("vj-1", "uid-1")
    assert cluster.calls == [("list_pods", (["vj-1"],), {}), ("delete_pod", ("pod-1",), {"uid": "pod-1-uid"})]
    assert len(follower) == 1, "it is followed until it is gone"


async def test_a_pod_that_stops_is_deleted_at_once_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_CHECK_SECONDS", 0.01)
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1", deletionTimestamp="now")])
    follower = _follower(cluster)
    await follower.begin("vj-1", "uid-1")
    assert cluster.names() == ["list_pods", "delete_pod"], "somebody else's deletion may leave it more time"
    running = asyncio.create_task(follower.run())
    async with asyncio.timeout(5):
        await until(lambda: cluster.names().count("list_pods") >= 4)
        assert cluster.names().count("delete_pod") == 1, "it was asked already"
        cluster.answers["list_pods"] = []
        await until(lambda: not len(follower))
    running.cancel()


async def test_the_pods_of_one_job_that_cannot_be_listed_do_not_keep_those_of_others_alive(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stopping, "_CHECK_SECONDS", 0.01)
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1"), _pod("pod-2", "uid-2")])
    follower = _follower(cluster)
    await follower.begin("vj-1", "uid-1")
    await follower.begin("vj-2", "uid-2")

    class Failing(Recorder):
        async def list_pods(self, jobs: list[str]) -> list[Any]:
            if jobs == ["vj-1"]:
                raise ClusterError("it always fails")
            return []

    follower._cluster = Failing()  # type: ignore[assignment]
    running = asyncio.create_task(follower.run())
    await until(lambda: len(follower) == 1)
    running.cancel()
    expected = "pods of deleted Jobs could not be stopped (1 Jobs); trying again: ClusterError: it always fails"
    assert caplog.messages[0] == expected


async def test_while_the_api_server_is_away_each_round_logs_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stopping, "_CHECK_SECONDS", 1.0)
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1"), _pod("pod-2", "uid-2")])
    follower = _follower(cluster)
    await follower.begin("vj-1", "uid-1")
    await follower.begin("vj-2", "uid-2")
    cluster.answers["list_pods"] = ClusterError("away")
    running = asyncio.create_task(follower.run())
    await asyncio.sleep(2.5)
    running.cancel()
    line = "pods of deleted Jobs could not be stopped (2 Jobs); trying again: ClusterError: away"
    assert caplog.messages == [line, line]


@pytest.mark.parametrize(("waited", "forced"), [(9.0, False), (10.0, False), (10.1, True)])
async def test_a_pod_is_deleted_by_force_after_the_deadline(
    waited: float, forced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1", deletionTimestamp="now")])
    follower = _follower(cluster, deadline=10.0)
    await follower.begin("vj-1", "uid-1")
    began = follower._jobs["uid-1"].since
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: began + waited)
    await follower._check("uid-1")
    force = ("delete_pod", ("pod-1",), {"uid": "pod-1-uid", "force": True})
    assert (force in cluster.calls) is forced


async def test_a_job_that_is_deleted_again_gets_no_further_time() -> None:
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1", deletionTimestamp="now")])
    follower = _follower(cluster, deadline=10.0)
    await follower.begin("vj-1", "uid-1")
    await asyncio.sleep(9)
    await follower.begin("vj-1", "uid-1")
    await asyncio.sleep(2)
    await follower._check("uid-1")
    assert cluster.calls[-1] == ("delete_pod", ("pod-1",), {"uid": "pod-1-uid", "force": True})


async def test_an_unexpected_error_about_one_job_keeps_no_other_from_being_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Odd(Recorder):
        async def list_pods(self, jobs: list[str]) -> list[Any]:
            if jobs == ["vj-1"]:
                raise RuntimeError("a bug")
            return []

    follower = _follower(Odd())
    follower.follow("vj-1", "uid-1")
    follower.follow("vj-2", "uid-2")
    follower._cluster.answers["get_job"] = _gone()  # type: ignore[attr-defined]
    await follower._check_all()
    assert len(follower) == 1
    assert caplog.messages == ["Unexpected error while a deleted Job's pods were stopped."]


async def test_two_checks_of_one_job_that_both_find_no_pod_end_the_following_once() -> None:
    class Suspending(Recorder):
        async def list_pods(self, jobs: list[str]) -> list[Any]:
            assert jobs == ["vj-1"]
            await asyncio.sleep(0)
            return []

    follower = _follower(Suspending())
    follower._jobs["uid-1"] = stopping._Deleted("vj-1", 0.0)
    await asyncio.gather(follower._check("uid-1"), follower._check("uid-1"))
    assert len(follower) == 0


def _gone() -> NotFound:
    return NotFound("gone", status=404)


@pytest.mark.parametrize(
    "job",
    [pytest.param(_gone(), id="gone"), pytest.param({"metadata": {"uid": "uid-2"}}, id="replaced by a later one")],
)
async def test_a_pod_that_an_earlier_process_asked_to_stop_is_deleted_by_force_after_the_deadline(job: Any) -> None:
    hanging = _pod("pod-1", "uid-1", deletionTimestamp="now")
    cluster = Recorder(list_pods=[hanging, _pod("pod-2", "uid-2")], get_job=job)
    follower = _follower(cluster, deadline=10.0)
    follower.follow("vj-1", "uid-1")
    running = asyncio.create_task(follower.run())
    await asyncio.sleep(9.0)
    assert "delete_pod" not in cluster.names(), "it was asked already"
    await asyncio.sleep(5.0)
    running.cancel()
    assert ("delete_pod", ("pod-1",), {"uid": "pod-1-uid", "force": True}) in cluster.calls
    assert not any(arguments == ("pod-2",) for _, arguments, _ in cluster.calls)
    assert cluster.names().count("get_job") == 1


async def test_the_pods_of_a_job_that_exists_are_left_alone() -> None:
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1")], get_job={"metadata": {"uid": "uid-1"}})
    follower = _follower(cluster)
    follower.follow("vj-1", "uid-1")
    await follower._check("uid-1")
    assert cluster.names() == ["get_job"]
    assert len(follower) == 0


async def test_two_checks_of_one_job_that_both_find_it_existing_end_the_following_once() -> None:
    class Suspending(Recorder):
        async def get_job(self, name: str) -> Any:
            await asyncio.sleep(0)
            return {"metadata": {"name": name, "uid": "uid-1"}}

    follower = _follower(Suspending())
    follower.follow("vj-1", "uid-1")
    await asyncio.gather(follower._check("uid-1"), follower._check("uid-1"))
    assert len(follower) == 0


async def test_a_job_whose_state_cannot_be_read_is_followed_on() -> None:
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1")], get_job=ClusterError("away"))
    follower = _follower(cluster)
    follower.follow("vj-1", "uid-1")
    with pytest.raises(ClusterError):
        await follower._check("uid-1")
    assert (cluster.names(), len(follower)) == (["get_job"], 1)


async def test_a_job_that_this_process_deleted_keeps_its_deadline() -> None:
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1")])
    follower = _follower(cluster)
    await follower.begin("vj-1", "uid-1")
    began = follower._jobs["uid-1"]
    await asyncio.sleep(5.0)
    follower.follow("vj-1", "uid-1")
    assert follower._jobs["uid-1"] == began


async def test_a_pod_that_was_deleted_by_force_is_shown_on_the_version_that_is_known() -> None:
    videojob = {"metadata": {"name": "vj-1", "uid": "v", "resourceVersion": "7"}}
    cluster = Recorder(list_pods=[_pod("pod-1", "uid-1")], patch_videojob_status=videojob)
    follower = _follower(cluster, deadline=-1.0)
    follower._store.see_videojob(videojob)
    await follower.begin("vj-1", "uid-1")
    name, _, given = cluster.calls[-1]
    assert (name, given) == ("patch_videojob_status", {"version": 7})
