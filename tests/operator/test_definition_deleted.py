"""The definition of VideoJobs is deleted, and every VideoJob with it: nobody cancelled a video."""

import asyncio

import pytest

from runops.failures import TABLE, Reason
from runops.videojob import videojob_name
from runops_operator.kubernetes_api.cluster import ClusterError
from tests.operator.world import World


async def _two_at_work(world: World) -> list[str]:
    names = [videojob_name(world.jobs.add()) for _ in range(2)]
    await world.take_in()
    await world.settle()
    for name in names:
        world.cluster.run_pod(name)
    await world.settle()
    return names


async def test_rows_keep_their_claim_and_get_a_videojob_again(world: World) -> None:
    names = await _two_at_work(world)
    claims = {row.job_id: row.claim for row in world.jobs.rows.values()}
    world.cluster.delete_definition()
    await world.settle()
    with pytest.raises(ClusterError):
        await world.compare()
    assert {row.job_id: row.claim for row in world.jobs.rows.values()} == claims
    world.cluster.defined = True
    await world.compare()
    await world.settle()
    assert sorted(world.cluster.videojobs) == sorted(names)
    assert sorted(world.cluster.jobs) == sorted(names)
    assert {row.job_id: row.claim for row in world.jobs.rows.values()} == claims, "no attempt was used"


async def test_a_definition_that_is_back_soon_cancels_none_whose_deletion_was_not_looked_at_yet(world: World) -> None:
    names = await _two_at_work(world)
    world.cluster.delete_definition()
    for kind, word, body in world.events:
        if word == "videojob":
            world.store.see_videojob(body, deleted=kind == "DELETED")
    world.events.clear()
    await world.reconciler.reconcile(names[0])
    world.cluster.defined = True
    await world.look(names[1])
    await world.compare()
    await world.settle()
    assert {row.status for row in world.jobs.rows.values()} == {"processing"}
    assert sorted(world.cluster.videojobs) == sorted(names)


async def test_a_videojob_that_is_deleted_while_there_is_a_definition_is_cancelled(world: World) -> None:
    names = await _two_at_work(world)
    world.cluster.remove_videojob(names[0], uid=world.cluster.videojobs[names[0]]["metadata"]["uid"])
    await world.settle()
    errors = [row.error for row in world.jobs.rows.values() if row.status == "error"]
    assert errors == [TABLE[Reason.CANCELLED].sentence]


@pytest.mark.virtual_time
async def test_a_definition_that_goes_a_moment_later_cancels_no_video(world: World) -> None:
    names = await _two_at_work(world)
    world.reconciler.deletions.grace_seconds = 1.0
    world.cluster.delete_definition()
    # As the real API server: the VideoJobs are gone, and for half a second more it would take others.
    world.cluster.defined = True
    asyncio.get_running_loop().call_later(0.5, setattr, world.cluster, "defined", False)
    began = asyncio.get_running_loop().time()
    await world.settle()
    assert asyncio.get_running_loop().time() - began < 1.0
    world.cluster.defined = True
    await world.compare()
    await world.settle()
    assert {row.status for row in world.jobs.rows.values()} == {"processing"}
    assert sorted(world.cluster.videojobs) == sorted(names)


@pytest.mark.virtual_time
async def test_a_slow_answer_holds_for_when_it_was_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await _two_at_work(world)
    world.reconciler.deletions.grace_seconds = 1.0
    world.cluster.delete_definition()
    world.cluster.defined = True
    asyncio.get_running_loop().call_later(0.5, setattr, world.cluster, "defined", False)

    async def slow(_name: str) -> bool:
        was_there = world.cluster.defined
        await asyncio.sleep(3)
        return was_there

    monkeypatch.setattr(world.cluster, "serves_videojobs", slow)
    await world.settle()
    assert {row.status for row in world.jobs.rows.values()} == {"processing"}


@pytest.mark.virtual_time
async def test_a_burst_of_cancels_waits_once_for_the_definition(world: World) -> None:
    names = await _two_at_work(world)
    world.reconciler.deletions.grace_seconds = 1.0
    for name in names:
        world.cluster.remove_videojob(name, uid=world.cluster.videojobs[name]["metadata"]["uid"])
    began = asyncio.get_running_loop().time()
    await world.settle()
    assert 1.0 <= asyncio.get_running_loop().time() - began < 1.5
    assert {row.status for row in world.jobs.rows.values()} == {"error"}
