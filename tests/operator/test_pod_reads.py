"""Pods of many Jobs are read with few requests, and everybody gets his own."""

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


async def asked(reads: PodReads, *jobs: str) -> list["asyncio.Task[list[Any]]"]:
    tasks = [asyncio.create_task(reads.of(job)) for job in jobs]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


def names(found: list[list[Any]]) -> list[list[str]]:
    return [[pod["metadata"]["name"] for pod in pods] for pods in found]


async def test_those_who_ask_while_requests_are_under_way_share_the_next_one() -> None:
    cluster = Counting()
    reads = PodReads(cluster)
    tasks = await asked(reads, "one")
    tasks += await asked(reads, "two")
    tasks += await asked(reads, "three", "podless", "four")
    cluster.may_answer.set()

    assert names(await asyncio.gather(*tasks)) == [["one-a"], ["two-a"], ["three-a"], [], ["four-a"]]
    assert cluster.requests == [{"one"}, {"two"}, {"three", "podless", "four"}]


async def test_a_request_names_only_so_many_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pod_reads, "_MOST_JOBS", 2)
    cluster = Counting()
    tasks = await asked(PodReads(cluster), "a", "b", "c", "d", "e")
    cluster.may_answer.set()

    found = await asyncio.gather(*tasks)

    assert names(found) == [["a-a"], ["b-a"], ["c-a"], ["d-a"], ["e-a"]]
    assert max(map(len, cluster.requests)) == 2


async def test_who_asks_again_gets_what_is_true_then() -> None:
    cluster = Counting()
    cluster.may_answer.set()
    reads = PodReads(cluster)
    await reads.of("one")
    await reads.of("one")

    assert cluster.requests == [{"one"}, {"one"}]


async def test_a_refusal_is_told_to_all_who_asked_and_those_after_are_served() -> None:
    cluster = Counting()
    reads = PodReads(cluster)
    cluster.error = ClusterError("away")
    cluster.may_answer.set()
    found = await asyncio.gather(*await asked(reads, "one", "two"), return_exceptions=True)
    assert found == [cluster.error, cluster.error]

    cluster.error = None
    assert names([await reads.of("one")]) == [["one-a"]]


async def test_one_who_gives_up_disturbs_nobody() -> None:
    cluster = Counting()
    reads = PodReads(cluster)
    first, second, third = await asked(reads, "one", "two", "three")
    third.cancel()
    cluster.may_answer.set()

    assert names([await first, await second]) == [["one-a"], ["two-a"]]
    assert names([await reads.of("three")]) == [["three-a"]]


async def test_when_the_one_who_reads_gives_up_the_others_are_told_and_may_ask_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pod_reads, "_AT_ONCE", 1)
    cluster = Counting()
    reads = PodReads(cluster)
    first, reader, other = await asked(reads, "one", "two", "three")
    first.cancel()
    await asyncio.wait([first])
    await asyncio.sleep(0.01)
    assert cluster.requests[1:] == [{"two", "three"}]
    reader.cancel()

    with pytest.raises(ClusterError, match="broken off"):
        await other
    cluster.may_answer.set()
    assert names([await reads.of("three")]) == [["three-a"]]
