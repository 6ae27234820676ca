"""Rows that the table refuses to write, such as by a CHECK constraint, wait alone: no other row waits for them."""

from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from runops.failures import Reason
from runops.job_row import Claim, stamped_metadata
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.videojob import videojob_name
from tests.operator.world import CONFIG, World

ONE_SLOT = CONFIG.model_copy(update={"max_concurrent": 1})


async def _claimed(world: World) -> UUID:
    job_id = world.jobs.add()
    await world.take_in()
    await world.settle()
    return job_id


async def _settled(world: World, name: str) -> None:
    """Reconcile; the refusal is an error of this one row, which is tried again later."""
    try:
        await world.look(name)
    except SupabaseError:
        await world.queue.failed(name)


async def test_a_row_whose_writes_are_refused_gives_its_slot_back_with_the_reason_shown() -> None:
    world = World(ONE_SLOT)
    job_id = await _claimed(world)
    name = videojob_name(job_id)
    world.cluster.run_pod(name)
    world.jobs.database.refusing.add(job_id)
    world.cluster.end_pod(name, 66)
    await _settled(world, name)
    await world.settle()
    status = world.status(job_id)
    assert (status["phase"], status["reason"]) == ("Failed", Reason.DATABASE_REFUSED)
    assert status["message"].startswith("The file is not a video recording. Supabase refused setting the row")
    assert world.jobs.rows[job_id].status == "processing"
    other = await _claimed(world)
    assert videojob_name(other) in world.cluster.jobs, "the slot is free"
    world.jobs.database.refusing.clear()
    await world.rows.once()
    await world.settle()
    assert world.jobs.rows[job_id].status == "error", "the row ends as soon as the table takes it"


async def test_the_videojob_of_a_refused_row_does_not_expire_before_the_row_ended() -> None:
    world = World(ONE_SLOT)
    job_id = await _claimed(world)
    name = videojob_name(job_id)
    world.cluster.run_pod(name)
    world.jobs.database.refusing.add(job_id)
    world.cluster.end_pod(name, 66)
    await _settled(world, name)
    await world.settle()
    world.wait(CONFIG.ttl_seconds_after_finished + 1)
    await _settled(world, name)
    assert name in world.cluster.videojobs, "without it the row would run again"
    world.jobs.database.refusing.clear()
    await world.look(name)
    await world.look(name)
    assert world.jobs.rows[job_id].status == "error"
    assert name not in world.cluster.videojobs


async def test_a_refused_row_keeps_no_other_row_from_being_refreshed(caplog: pytest.LogCaptureFixture) -> None:
    world = World(CONFIG.model_copy(update={"max_concurrent": 5}))
    ids = [world.jobs.add() for _ in range(5)]
    await world.take_in()
    await world.settle()
    before = {job_id: world.jobs.rows[job_id].updated_at for job_id in ids}
    world.jobs.database.refusing.add(ids[2])
    for _ in range(10):
        world.wait(CONFIG.rows_seconds)
        await world.rows.once()
    assert [world.jobs.rows[job_id].updated_at != before[job_id] for job_id in ids] == [True, True, False, True, True]
    assert any(message.startswith("row not refreshed: Supabase refused") for message in caplog.messages)


async def test_while_the_table_does_not_answer_no_row_is_refreshed_one_by_one() -> None:
    world = World()
    requests: list[int] = []

    async def away(_: str, job_ids: list[UUID]) -> None:
        requests.append(len(job_ids))
        raise SupabaseError(ErrorKind.UNAVAILABLE, "away")

    world.jobs.keep_alive = away  # type: ignore[assignment,method-assign]
    with pytest.raises(SupabaseError):
        await world.rows.once()
    assert len(requests) == 1


def _held(world: World, metadata: dict[str, str]) -> UUID:
    claim = Claim(claim=str(uuid4()), by=CONFIG.installation)
    return world.jobs.add(status="processing", metadata=stamped_metadata(metadata, claim))


async def test_a_claimed_row_that_cannot_be_run_nor_ended_keeps_no_other_from_being_adopted() -> None:
    world = World()
    bad, good = _held(world, {"user_id": "somebody"}), _held(world, {})
    world.jobs.database.refusing.add(bad)
    await world.rows.once()
    assert videojob_name(good) in world.cluster.videojobs
    assert videojob_name(bad) not in world.cluster.videojobs
    queued = world.jobs.add()
    await world.take_in()
    assert videojob_name(queued) in world.cluster.videojobs, "the intake goes on"


async def test_a_row_whose_claim_is_refused_leaves_the_only_slot_to_others_and_is_tried_with_growing_pauses() -> None:
    world = World(ONE_SLOT)
    refused = world.jobs.add()
    world.jobs.database.refusing.add(refused)
    other = world.jobs.add()
    assert await world.take_in() == 0
    assert await world.take_in() == 1
    await world.settle()
    assert videojob_name(other) in world.cluster.jobs
    assert world.intake.status.trouble is None, "one row is no trouble of the installation"
    world.jobs.set(other, status="completed")
    await world.compare()
    await world.settle()
    tries = []
    for second in range(1200):
        world.wait(1)
        before = world.metrics.text()
        await world.intake.claim_what_fits()
        if world.metrics.text() != before:
            tries.append(second)
    pauses = [late - early for early, late in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert 5 <= len(tries) <= 10
    world.jobs.database.refusing.clear()
    world.wait(1200)
    assert await world.take_in() == 1
    assert world.jobs.rows[refused].status == "processing"
