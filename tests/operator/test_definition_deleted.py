"""The definition of VideoJobs is deleted, and every VideoJob with it: nobody cancelled a video."""

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
