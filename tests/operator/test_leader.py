"""One of several replicas works."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_operator.config import LeaderElection
from runops_operator.leader import Elector, Seen, may_take
from tests.simulation.cluster import MemoryCluster

pytestmark = pytest.mark.virtual_time

SETTINGS = LeaderElection(enabled=True, lease_seconds=1, retry_seconds=0.02)


@given(st.sampled_from([None, "", "me", "other"]), st.floats(0, 100), st.floats(0, 100))
def test_a_lease_of_another_is_respected_for_as_long_as_it_was_seen_unchanged(
    holder: str | None, since: float, now: float
) -> None:
    taken = may_take(Seen(holder, "1", since), me="me", now=now, lease_seconds=15)
    assert taken == (holder != "other" or now - since > 15)


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
