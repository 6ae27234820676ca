"""Pods of many Jobs are read with few requests, and every caller gets the pods of its Job."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.reconcile import pod_reads
from runops_operator.reconcile.pod_reads import PodReads
from tests.simulation.cluster import START, MemoryCluster

pytestmark = pytest.mark.virtual_time


class Counting(MemoryCluster):
    """Every Job but `podless` has one pod; requests are answered when the test lets them."""

    def __init__(self) -> None:
        super().__init__(lambda: START)
        self.requests: list[set[str]] = []
        self.may_answer = asyncio.Event()
        self.error: ClusterError | None = None

    async def list_pods(self, jobs: Collection[str]) -> list[Any]:
        self.requests.append(set(jobs))
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return [
            {"metadata": {"name": f"{job}-a", "labels": {"batch.kubernetes.io/job-name": job}}}
            for job in jobs
            if job != "podless"
        ]


class OneByOne(Counting):
    """Answers one more request each time that the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer.set()
        self.may_go = asyncio.Semaphore(0)

    async def list_pods(self, jobs: Collection[str]) -> list[Any]:
        found = await super().list_pods(jobs)
        await self.may_go.acquire()
        return found


async def asked(reads: PodReads, *jobs: str) -> list["asyncio.Task[list[Any]]"]:
    tasks = [asyncio.create_task(reads.of(job)) for job in jobs]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


def names(found: list[list[Any]]) -> list[list[str]]:
    return [[pod["metadata"]["name"] for pod in pods] for pods in found]


async def test_calls_made_during_requests_share_the_next_one() -> None:
    cluster = Counting()
    reads = PodReads(cluster)
    tasks = await asked(reads, "one")
    tasks += await asked(reads, "two")
    tasks += await asked(reads, "three", "podless", "four")
    cluster.may_answer.set()

    assert names(await asyncio.gather(*tasks)) == [["one-a"], ["two-a"], ["three-a"], [], ["four-a"]]
    assert cluster.requests == [{"one"}, {"two"}, {"three", "podless", "four"}]


async def test_no_more_than_two_requests_run_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pod_reads, "_MOST_JOBS", 1)
    cluster = Counting()
    tasks = await asked(PodReads(cluster), "a", "b", "c", "d")
    await asyncio.sleep(0.01)
    assert len(cluster.requests) == 2
    cluster.may_answer.set()
    await asyncio.gather(*tasks)


async def test_a_request_names_only_so_many_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pod_reads, "_MOST_JOBS", 2)
    cluster = Counting()
    tasks = await asked(PodReads(cluster), "a", "b", "c", "d", "e")
    cluster.may_answer.set()

    found = await asyncio.gather(*tasks)

    assert names(found) == [["a-a"], ["b-a"], ["c-a"], ["d-a"], ["e-a"]]
    assert [len(jobs) for jobs in cluster.requests] == [2, 2, 1]


async def test_a_request_that_starts_leaves_the_next_one_open_for_more_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pod_reads, "_MOST_JOBS", 2)
    cluster = OneByOne()
    reads = PodReads(cluster)
    # Two requests run. One that is full and one with room wait for them.
    tasks = [*await asked(reads, "a"), *await asked(reads, "b"), *await asked(reads, "c", "d", "e")]
    cluster.may_go.release()
    await asyncio.sleep(0.01)
    assert len(cluster.requests) == 3, "the full one runs now"
    tasks += await asked(reads, "f")
    for _ in range(3):
        cluster.may_go.release()
    await asyncio.gather(*tasks)
    assert cluster.requests == [{"a"}, {"b"}, {"c", "d"}, {"e", "f"}]


async def test_a_second_call_reads_again() -> None:
    cluster = Counting()
    cluster.may_answer.set()
    reads = PodReads(cluster)
    await reads.of("one")
    await reads.of("one")

    assert cluster.requests == [{"one"}, {"one"}]


async def test_an_error_reaches_all_callers_of_the_request_and_the_next_request_works() -> None:
    cluster = Counting()
    reads = PodReads(cluster)
    cluster.error = ClusterError("away")
    cluster.may_answer.set()
    found = await asyncio.gather(*await asked(reads, "one", "two"), return_exceptions=True)
    assert found == [cluster.error, cluster.error]

    cluster.error = None
    assert names([await reads.of("one")]) == [["one-a"]]


@pytest.mark.parametrize("cancelled", range(3))
async def test_a_cancelled_caller_cancels_no_request_of_others(cancelled: int) -> None:
    cluster = Counting()
    reads = PodReads(cluster)
    callers = await asked(reads, "one", "two", "three")
    callers.pop(cancelled).cancel()
    await asyncio.sleep(0)
    cluster.may_answer.set()

    rest = [f"{job}-a" for index, job in enumerate(["one", "two", "three"]) if index != cancelled]
    assert names(await asyncio.gather(*callers)) == [[name] for name in rest]
    assert len(cluster.requests) == 1
