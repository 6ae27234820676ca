"""One of several replicas works: which one, when it renews, and that losing the Lease is no end."""

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runops_operator.config import LeaderElection
from runops_operator.heartbeats import Heartbeats
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.leader import Elector, Seen, Standing, Stop, Try, Wait, identity, may_take, next_step
from tests.simulation.cluster import MemoryCluster
from tests.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.virtual_time

SETTINGS = LeaderElection(enabled=True, lease_seconds=1, retry_seconds=0.02)
USUAL = LeaderElection(enabled=True)
MINE, THEIRS = Seen("me", "1", 100.0), Seen("other", "1", 100.0)


@given(st.sampled_from([None, "", "me", "other"]), st.floats(0, 100), st.floats(0, 100))
def test_a_lease_of_another_is_respected_for_as_long_as_it_was_seen_unchanged(
    holder: str | None, since: float, now: float
) -> None:
    taken = may_take(Seen(holder, "1", since), me="me", now=now, lease_seconds=15)
    assert taken == (holder != "other" or now >= since + 15)


@pytest.mark.parametrize(
    ("standing", "step"),
    [
        pytest.param(Standing(), Try(6.0), id="nothing is known yet"),
        pytest.param(Standing(THEIRS, tried=99.5), Wait(1.5), id="another leads, and was just asked about"),
        pytest.param(Standing(THEIRS, tried=98.0), Try(6.0), id="another leads, and it is time to look again"),
        pytest.param(
            Standing(Seen("other", "1", 85.5), tried=99.5), Wait(0.5), id="its Lease is over in half a second"
        ),
        pytest.param(Standing(Seen("other", "1", 85.0), tried=99.5), Try(6.0), id="its Lease is over now"),
        pytest.param(Standing(Seen("other", "1", 80.0), tried=99.5), Wait(1.5), id="it was over at the last try, too"),
        pytest.param(Standing(MINE, renewed=99.0, tried=99.0), Wait(1.0), id="renewed a second ago"),
        pytest.param(Standing(MINE, renewed=98.0, tried=98.0), Try(6.0), id="renewed two seconds ago"),
        pytest.param(Standing(MINE, renewed=90.0, tried=98.0), Try(2.0), id="only what is left may be used"),
        pytest.param(Standing(MINE, renewed=89.0, tried=99.5), Wait(1.0), id="and no pause goes beyond it"),
        pytest.param(
            Standing(MINE, renewed=88.0, tried=99.5), Stop("The Lease could not be renewed in time."), id="too late"
        ),
        pytest.param(Standing(THEIRS, renewed=99.0, tried=99.0), Stop("other leads now."), id="overtaken"),
        pytest.param(Standing(Seen("", "1", 100.0), renewed=99.0, tried=98.0), Try(6.0), id="taken by nobody"),
    ],
)
def test_what_a_replica_does_next(standing: Standing, step: Wait | Try | Stop) -> None:
    assert next_step(standing, me="me", now=100.0, settings=USUAL) == step


_times = st.one_of(st.none(), st.floats(0, 100))


@given(st.sampled_from([None, MINE, THEIRS]), _times, _times)
def test_every_step_leads_on_and_none_leaves_a_leader_beyond_its_time(
    seen: Seen | None, renewed: float | None, tried: float | None
) -> None:
    step = next_step(Standing(seen, renewed, tried), me="me", now=100.0, settings=USUAL)
    if isinstance(step, Stop):
        assert renewed is not None
        return
    assert step.seconds > 0
    if renewed is not None:
        assert 100.0 + step.seconds <= renewed + USUAL.lease_seconds


def test_a_replica_has_the_name_of_its_pod_or_one_that_tells_processes_of_a_host_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUNOPS_POD_NAME", "operator-1")
    assert identity() == "operator-1"
    monkeypatch.delenv("RUNOPS_POD_NAME")
    assert identity() == f"{socket.gethostname()}-{os.getpid()}"


async def test_a_lease_tells_since_when_its_holder_leads() -> None:
    cluster = MemoryCluster()
    elector = Elector(cluster, SETTINGS, "a")
    await asyncio.wait_for(elector.lead(), 1)
    spec = cluster.leases["runops-operator"]["spec"]
    assert spec["acquireTime"] == spec["renewTime"]
    acquired = spec["acquireTime"]
    keeping = asyncio.create_task(elector.keep())
    await asyncio.sleep(0.5)
    keeping.cancel()
    spec = cluster.leases["runops-operator"]["spec"]
    assert (spec["holderIdentity"], spec["acquireTime"]) == ("a", acquired)
    assert spec["renewTime"] != acquired


async def test_the_first_leads_and_the_second_takes_over_when_it_is_killed() -> None:
    cluster = MemoryCluster()
    first, second = Elector(cluster, SETTINGS, "a"), Elector(cluster, SETTINGS, "b")
    await asyncio.wait_for(first.lead(), 1)
    keeping = asyncio.create_task(first.keep())
    waiting = asyncio.create_task(second.lead())
    await asyncio.sleep(1.5)
    assert first.leads
    assert not second.leads, "a Lease that is renewed is not over"
    keeping.cancel()
    await asyncio.wait_for(waiting, 3)
    assert second.leads
    assert cluster.leases["runops-operator"]["spec"]["leaseTransitions"] == 1


async def test_a_killed_leader_is_followed_by_the_other_one_within_the_lease_and_one_look() -> None:
    loop = asyncio.get_running_loop()
    for number in range(20):
        cluster = MemoryCluster()
        first, second = Elector(cluster, USUAL, "a"), Elector(cluster, USUAL, "b")
        await first.lead()
        keeping = asyncio.create_task(first.keep())
        await asyncio.sleep(0.37 * number)
        waiting = asyncio.create_task(second.lead())
        await asyncio.sleep(10 + 0.53 * number)
        keeping.cancel()
        began = loop.time()
        await waiting
        assert loop.time() - began <= USUAL.lease_seconds + USUAL.retry_seconds + 0.01


async def test_a_lease_that_is_given_back_is_taken_at_once() -> None:
    cluster = MemoryCluster()
    first, second = Elector(cluster, SETTINGS, "a"), Elector(cluster, SETTINGS, "b")
    await first.lead()
    await first.give_back()
    await asyncio.wait_for(second.lead(), 0.5)


async def test_a_replica_that_cannot_renew_stops_before_another_may_begin() -> None:
    cluster = MemoryCluster()
    elector = Elector(cluster, SETTINGS, "a")
    await elector.lead()
    cluster.broken = 10_000
    await asyncio.wait_for(elector.keep(), SETTINGS.lease_seconds)
    assert not elector.leads


async def test_a_replica_that_was_overtaken_stops() -> None:
    cluster = MemoryCluster()
    elector = Elector(cluster, SETTINGS, "a")
    await elector.lead()
    lease = await cluster.get_lease("runops-operator")
    await cluster.replace_lease(
        "runops-operator", {"holderIdentity": "b"}, version=lease["metadata"]["resourceVersion"]
    )
    await asyncio.wait_for(elector.keep(), 1)
    assert not elector.leads


async def test_two_that_try_at_once_do_not_both_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = MemoryCluster()
    read = cluster.get_lease

    async def slowly(name: str) -> object:
        try:
            return await read(name)
        finally:
            await asyncio.sleep(0.01)

    monkeypatch.setattr(cluster, "get_lease", slowly)
    electors = [Elector(cluster, SETTINGS, name) for name in "abc"]
    tasks = [asyncio.create_task(elector.lead()) for elector in electors]
    await asyncio.sleep(0.3)
    assert sum(elector.leads for elector in electors) == 1
    for task in tasks:
        task.cancel()


async def _stopped(elector: Elector) -> float:
    """Return after how many seconds a leader stops."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.wait_for(elector.keep(), 600)
    return loop.time() - began


class SlowCluster(MemoryCluster):
    """Its answers about the Lease take as long as a test says; `asked` counts the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.delay: Callable[[], Awaitable[None]] | None = None

    async def get_lease(self, name: str) -> Any:
        self.asked.append("get")
        return await self._late(await super().get_lease(name))

    async def replace_lease(self, name: str, spec: Mapping[str, Any], *, version: str) -> Any:
        self.asked.append("put")
        return await self._late(await super().replace_lease(name, spec, version=version))

    async def _late(self, answer: Any) -> Any:
        if self.delay is not None:
            await self.delay()
        return answer


async def test_a_leader_renews_with_one_request_every_two_seconds() -> None:
    cluster = SlowCluster()
    elector = Elector(cluster, USUAL, "a")
    await elector.lead()
    cluster.asked.clear()
    keeping = asyncio.create_task(elector.keep())
    await asyncio.sleep(21)
    assert cluster.asked == ["put"] * 10
    keeping.cancel()


@pytest.mark.parametrize(("seconds", "keeps"), [(5.5, True), (7.0, False)])
async def test_a_slow_api_server_takes_the_lease_from_nobody_within_its_time(seconds: float, keeps: bool) -> None:
    cluster = SlowCluster()
    elector = Elector(cluster, USUAL, "a")
    await elector.lead()

    async def slowly() -> None:
        await asyncio.sleep(seconds)

    cluster.delay = slowly
    keeping = asyncio.create_task(elector.keep())
    await asyncio.sleep(300)
    assert keeping.done() is not keeps
    keeping.cancel()


async def test_a_request_that_hangs_leaves_time_for_another_one() -> None:
    cluster = SlowCluster()
    elector = Elector(cluster, USUAL, "a")
    await elector.lead()
    hangs = True

    async def once() -> None:
        nonlocal hangs
        if hangs:
            hangs = False
            await asyncio.sleep(1e6)

    cluster.delay = once
    keeping = asyncio.create_task(elector.keep())
    await asyncio.sleep(60)
    assert not hangs
    assert elector.leads
    keeping.cancel()


async def test_an_answer_that_came_while_the_process_got_no_processor_time_counts() -> None:
    cluster = SlowCluster()
    elector = Elector(cluster, USUAL, "a")
    await elector.lead()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)

    async def starved() -> None:
        # The answer is there, but the process is not: when it goes on, time-out and answer are due together.
        loop._virtual.now += 7
        for _ in range(20):
            await asyncio.sleep(0)

    cluster.delay = starved
    keeping = asyncio.create_task(elector.keep())
    await asyncio.sleep(300)
    assert not keeping.done()
    keeping.cancel()


async def test_a_leader_that_cannot_renew_stops_before_the_lease_is_over_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster = MemoryCluster()
    loops = Heartbeats(asyncio.get_running_loop().time)
    elector = Elector(cluster, USUAL, "a", beat=loops.begin("election"))
    await elector.lead()
    cluster.broken = 10_000
    assert 0.7 * USUAL.lease_seconds < await _stopped(elector) < 0.9 * USUAL.lease_seconds
    assert "why" in vars(caplog.records[-1])
    assert caplog.messages.count("the Lease could not be taken or renewed") == 1, "an outage is logged once"
    waiting = asyncio.create_task(elector.lead())
    await asyncio.sleep(60)
    assert loops.trouble() == "The loop 'election' fails: the API server is away"
    cluster.broken = 0
    await asyncio.wait_for(waiting, 5)
    assert loops.trouble() is None


async def test_the_time_of_a_leader_counts_from_the_begin_of_its_last_renewal() -> None:
    cluster = SlowCluster()
    elector = Elector(cluster, USUAL, "a")
    await elector.lead()
    renewed: list[float] = []

    async def slowly() -> None:
        renewed.append(asyncio.get_running_loop().time())
        await asyncio.sleep(5)
        cluster.broken = 10_000

    cluster.delay = slowly
    await elector.keep()
    assert asyncio.get_running_loop().time() - renewed[0] == pytest.approx(0.8 * USUAL.lease_seconds)


async def test_a_request_without_an_answer_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    cluster = SlowCluster()

    async def never() -> None:
        await asyncio.sleep(1e6)

    cluster.delay = never
    await cluster.create_lease("runops-operator", {"holderIdentity": "b"})
    waiting = asyncio.create_task(Elector(cluster, USUAL, "a").lead())
    await asyncio.sleep(10)
    waiting.cancel()
    assert [record.error for record in caplog.records] == ["no answer within 6.0 s"]  # type: ignore[attr-defined]


async def test_a_leader_whose_lease_was_deleted_or_annotated_goes_on() -> None:
    cluster = MemoryCluster()
    elector = Elector(cluster, SETTINGS, "a")
    await elector.lead()
    keeping = asyncio.create_task(elector.keep())
    cluster.leases.clear()
    await asyncio.sleep(0.1)
    lease = await cluster.get_lease("runops-operator")
    await cluster.replace_lease("runops-operator", lease["spec"], version=lease["metadata"]["resourceVersion"])
    await asyncio.sleep(5)
    assert not keeping.done()
    assert cluster.leases["runops-operator"]["spec"]["holderIdentity"] == "a"
    keeping.cancel()


async def test_an_answer_that_is_no_lease_is_a_failed_try(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = MemoryCluster()

    async def odd(_name: str) -> Any:
        return {"ok": True}

    monkeypatch.setattr(cluster, "get_lease", odd)
    waiting = asyncio.create_task(Elector(cluster, USUAL, "a").lead())
    await asyncio.sleep(10)
    assert not waiting.done()
    waiting.cancel()


async def test_a_replica_that_lost_the_lease_stands_by_and_leads_again() -> None:
    cluster = MemoryCluster()
    elector = Elector(cluster, USUAL, "a")
    await elector.lead()
    cluster.broken = 10_000
    await elector.keep()
    assert not elector.leads
    cluster.broken = 0
    await elector.give_back()
    await asyncio.wait_for(elector.lead(), 2 * USUAL.retry_seconds)
    assert elector.leads


async def test_who_lost_the_lease_lets_the_other_one_be_first() -> None:
    cluster = MemoryCluster()
    first, second = Elector(cluster, USUAL, "a"), Elector(cluster, USUAL, "b")
    await first.lead()
    waiting = asyncio.create_task(second.lead())
    await asyncio.sleep(1)
    await first.give_back()
    again = asyncio.create_task(first.lead())
    await asyncio.wait_for(waiting, 3)
    await asyncio.sleep(5)
    assert not again.done()
    again.cancel()


class Weather(MemoryCluster):
    """An API server that is slow, fails, and loses answers, at random."""

    def __init__(self, random_: random.Random) -> None:
        super().__init__()
        self._random = random_

    async def get_lease(self, name: str) -> Any:
        return await self._send(partial(super().get_lease, name))

    async def create_lease(self, name: str, spec: Mapping[str, Any]) -> Any:
        return await self._send(partial(super().create_lease, name, spec))

    async def replace_lease(self, name: str, spec: Mapping[str, Any], *, version: str) -> Any:
        return await self._send(partial(super().replace_lease, name, spec, version=version))

    async def _send(self, request: Callable[[], Awaitable[Any]]) -> Any:
        answer: Any = ClusterError("the request is lost")
        kind = self._random.choice(["well", "well", "well", "slow", "request lost", "answer lost"])
        await asyncio.sleep(self._random.uniform(0, 8) if kind == "slow" else 0.01)
        try:
            if kind != "request lost":
                answer = await request()
        except ClusterError as error:
            answer = error
        await asyncio.sleep(self._random.uniform(0, 8) if kind == "slow" else 0.01)
        if kind == "answer lost":
            answer = ClusterError("the answer is lost")
        if isinstance(answer, ClusterError):
            raise answer
        return answer


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_two_replicas_never_lead_at_once_and_neither_gives_up(seed: int) -> None:
    async def scenario() -> None:
        cluster = Weather(random.Random(seed))  # noqa: S311 - the same weather for the same seed
        electors = [Elector(cluster, USUAL, name) for name in "ab"]
        terms = 0

        async def live(elector: Elector) -> None:
            nonlocal terms
            while True:
                await elector.lead()
                terms += 1
                await elector.keep()
                await elector.give_back()

        tasks = [asyncio.create_task(live(elector)) for elector in electors]
        for _ in range(3000):
            await asyncio.sleep(0.1)
            assert sum(elector.leads for elector in electors) <= 1
        for task in tasks:
            assert not task.done()
            task.cancel()
        assert terms

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(scenario())
