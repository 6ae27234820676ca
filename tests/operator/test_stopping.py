"""Pods of deleted Jobs are followed to their end."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from runops_operator.informer.store import Store
from runops_operator.observability.metrics import Metrics
from runops_operator.reconcile import stopping
from runops_operator.reconcile.stopping import Stopping
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


async def test_a_job_whose_pods_are_gone_before_its_turn_comes_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_CHECK_SECONDS", 0.0)
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
    running.cancel()
