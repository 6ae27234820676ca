"""The VideoJob of a claimed row, also where the row's earlier run has left one."""

import logging
from typing import Any
from uuid import UUID

import pytest

from runops.failures import Reason
from runops.job_row import JobRow, Lane, metadata_saying
from runops.report import Report
from runops.videojob import videojob_name
from runops_operator.informer.store import Store
from runops_operator.intake.adopt import Adopter
from runops_operator.manifests.build_videojob import Arrival
from tests.operator import journey
from tests.operator.world import CONFIG, World


def adopter_of(world: World) -> Adopter:
    return Adopter(cluster=world.cluster, jobs=world.jobs, store=world.store, queue=world.queue, config=CONFIG)


async def claimed_again(world: World, job_id: UUID) -> JobRow:
    """Queue a row again and claim it, without making its VideoJob."""
    world.jobs.set(job_id, status="queued")
    await world.intake.claim_what_fits()
    return world.jobs.rows[job_id]


async def adopt(adopter: Adopter, row: JobRow) -> bool:
    assert row.claim is not None
    return await adopter.adopt(row, row.claim)


async def ended(world: World) -> tuple[UUID, str]:
    """Return a row whose VideoJob has ended."""
    job_id, name = await journey.claimed(world)
    world.cluster.run_pod(name)
    world.cluster.end_pod(name, 66, Report(reason=Reason.NOT_A_VIDEO))
    await world.settle()
    return job_id, name


async def test_a_claimed_row_gets_its_videojob_which_is_reconciled_first(world: World) -> None:
    row = await claimed_again(world, world.jobs.add())
    await world.queue.add("vj-another")
    assert await adopt(adopter_of(world), row)
    assert await world.queue.get() == videojob_name(row.job_id)


async def test_only_a_claim_that_was_taken_just_now_is_known_to_have_no_history(world: World) -> None:
    row = await claimed_again(world, world.jobs.add())
    assert row.claim is not None
    name = videojob_name(row.job_id)
    assert await adopt(adopter_of(world), row)
    assert not world.store.fresh_claims.take(name, row.claim.token)
    del world.cluster.videojobs[name]
    arrival = Arrival(queued_at="2026-11-24T09:00:00+00:00")
    assert await adopter_of(world).adopt(row, row.claim, fresh=True, arrival=arrival)
    assert world.store.fresh_claims.take(name, row.claim.token)
    assert world.cluster.videojobs[name]["metadata"]["annotations"]["runops.dev/queued-at"] == arrival.queued_at


async def test_a_row_that_cannot_be_run_is_set_to_error_and_waits_for_nothing(world: World) -> None:
    row = await claimed_again(world, world.jobs.add())
    bad = row.model_copy(update={"metadata": {**row.metadata, "user_id": "ann"}})
    assert await adopt(adopter_of(world), bad)
    assert world.jobs.rows[row.job_id].status == "error"
    assert videojob_name(row.job_id) not in world.cluster.videojobs


async def test_a_row_that_cannot_be_run_is_left_to_the_pod_that_was_bound_to_it_meanwhile(world: World) -> None:
    row = await claimed_again(world, world.jobs.add())
    assert row.claim is not None
    read = row.model_copy(
        update={"metadata": {**metadata_saying(row.metadata, {"claim": row.claim.bound_to("pod-1")}), "user_id": "ann"}}
    )
    world.jobs.set(row.job_id, metadata=metadata_saying(row.metadata, {"claim": row.claim.bound_to("pod-2")}))
    assert await adopt(adopter_of(world), read)
    assert world.jobs.rows[row.job_id].status == "processing"


async def test_an_earlier_videojob_that_has_not_ended_goes_on_under_the_new_claim(world: World) -> None:
    job_id, name = await journey.claimed(world)
    uid = world.cluster.videojobs[name]["metadata"]["uid"]
    row = await claimed_again(world, job_id)
    await world.queue.add("vj-another")
    assert await adopt(adopter_of(world), row)
    assert world.cluster.videojobs[name]["metadata"]["uid"] == uid
    assert world.store.rows_to_read.take(name), "its reconciliation finds the new claim in the row"
    assert [await world.queue.get() for _ in range(2)] == ["vj-another", name], "it has its Job, so it is not urgent"


async def test_an_earlier_videojob_whose_event_is_late_is_known_when_it_is_reconciled(world: World) -> None:
    job_id, name = await journey.claimed(world)
    row, late = await claimed_again(world, job_id), Store()
    adopter = Adopter(cluster=world.cluster, jobs=world.jobs, store=late, queue=world.queue, config=CONFIG)
    assert await adopt(adopter, row)
    assert late.videojob(name) is not None


async def test_a_fresh_claim_is_known_before_the_event_of_its_videojob_can_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await claimed_again(world, world.jobs.add())
    create, marked = world.cluster.create_videojob, list[bool]()
    assert row.claim is not None

    async def creating(manifest: dict[str, Any]) -> Any:
        assert row.claim is not None
        marked.append(world.store.fresh_claims.take(videojob_name(row.job_id), row.claim.token))
        return await create(manifest)

    monkeypatch.setattr(world.cluster, "create_videojob", creating)
    assert await adopter_of(world).adopt(row, row.claim, fresh=True)
    assert marked == [True]


async def test_an_earlier_videojob_that_has_ended_is_replaced(world: World) -> None:
    job_id, name = await ended(world)
    uid = world.cluster.videojobs[name]["metadata"]["uid"]
    assert await adopt(adopter_of(world), await claimed_again(world, job_id))
    assert world.cluster.videojobs[name]["metadata"]["uid"] != uid


async def test_a_row_whose_earlier_videojob_stays_waits_and_that_is_logged_once(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    job_id, name = await ended(world)
    row = await claimed_again(world, job_id)
    adopter = adopter_of(world)

    async def held_by_a_finalizer(_name: str, *, uid: str) -> None:
        assert uid

    monkeypatch.setattr(world.cluster, "delete_videojob", held_by_a_finalizer)
    assert [await adopt(adopter, row) for _ in range(3)] == [False] * 3
    monkeypatch.undo()
    assert await adopt(adopter, row)
    assert not adopter._blocked_by_earlier, "should it happen again, it is logged again"
    assert caplog.text.count(f"its earlier VideoJob {name} was deleted but does not go away") == 1


def test_a_row_is_in_hand_until_each_call_that_took_it_has_released_it(world: World) -> None:
    adopter, one, other = adopter_of(world), UUID(int=1), UUID(int=2)
    adopter.take_in_hand(one)
    with adopter.in_hand(one):
        assert (adopter.is_in_hand(one), adopter.is_in_hand(other)) == (True, False)
    assert adopter.is_in_hand(one)
    adopter.release(one)
    assert not adopter.is_in_hand(one)


def test_a_row_taken_three_times_is_in_hand_after_one_release(world: World) -> None:
    adopter, row = adopter_of(world), UUID(int=1)
    for _ in range(3):
        adopter.take_in_hand(row)
    for in_hand in (True, True, False):
        adopter.release(row)
        assert adopter.is_in_hand(row) is in_hand


def test_a_row_is_not_in_hand_after_an_error(world: World) -> None:
    adopter = adopter_of(world)
    with pytest.raises(RuntimeError), adopter.in_hand(UUID(int=1)):
        raise RuntimeError
    assert not adopter.is_in_hand(UUID(int=1))


def test_rows_in_hand_are_counted_by_lane_and_user(world: World) -> None:
    adopter = adopter_of(world)
    adopter.take_in_hand(UUID(int=5))
    assert adopter.users_in_hand(Lane.FRESH) == {"": 1}
    adopter.release(UUID(int=5))
    for number, lane, user in (
        (1, Lane.FRESH, "a"),
        (2, Lane.FRESH, "b"),
        (3, Lane.FRESH, "a"),
        (4, Lane.BACKFILL, "a"),
    ):
        adopter.take_in_hand(UUID(int=number), lane, user)
    assert adopter.users_in_hand(Lane.FRESH) == {"a": 2, "b": 1}
    adopter.release(UUID(int=3))
    assert adopter.users_in_hand(Lane.FRESH) == {"a": 1, "b": 1}
    assert (adopter.users_in_hand(Lane.BACKFILL), adopter.count_in_hand()) == ({"a": 1}, 3)


async def test_a_videojob_that_works_is_told_from_one_that_is_missing_or_has_ended(world: World) -> None:
    row = await claimed_again(world, world.jobs.add())
    adopter = adopter_of(world)
    assert not await adopter.is_made(row.job_id)
    assert await adopt(adopter, row)
    assert await adopter.is_made(row.job_id)
    job_id, _name = await ended(world)
    assert not await adopter.is_made(job_id)
