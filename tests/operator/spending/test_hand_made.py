"""The caps on spending hold for VideoJobs made by hand, too: those wait and say so."""

from uuid import UUID

import pytest

from runops.failures import Reason
from runops.spending_record import KEY_IN_RECORD, Record, write_record
from runops.videojob import videojob_name
from runops_operator.config import Cost
from tests.operator.world import CONFIG, World

DOLLAR = 1_000_000
ANN, BEN = (UUID(f"11111111-2222-4333-8444-{number:012}") for number in (1, 2))


def _world(caps: dict[str, int], spent: Record) -> World:
    world = World(CONFIG.model_copy(update={"cost": Cost.model_validate(caps)}))
    data = {KEY_IN_RECORD: write_record(spent)}
    world.cluster.configmaps[CONFIG.cost.record] = {
        "metadata": {"name": CONFIG.cost.record, "resourceVersion": "1"},
        "data": data,
    }
    return world


async def _by_hand(world: World, user: UUID) -> UUID:
    job_id = world.jobs.add(status="completed", user=str(user))
    spec = {"jobId": str(job_id), "userId": str(user)}
    await world.cluster.create_videojob({"metadata": {"name": videojob_name(job_id)}, "spec": spec})
    await world.settle()
    return job_id


def _spent(world: World) -> Record:
    day = world.now.date().isoformat()
    return Record(day[:7], day, 9 * DOLLAR, 9 * DOLLAR, {str(ANN): 5 * DOLLAR, str(BEN): 4 * DOLLAR})


@pytest.mark.parametrize(
    ("caps", "at_work"),
    [
        ({"maxPerDayUsd": 9}, []),
        ({"maxPerMonthUsd": 9}, []),
        ({"maxPerUserAndDayUsd": 5}, [BEN]),
        ({"maxPerDayUsd": 10}, [ANN, BEN]),
        ({}, [ANN, BEN]),
    ],
)
async def test_at_a_cap_no_video_made_by_hand_begins(caps: dict[str, int], at_work: list[UUID]) -> None:
    world = _world(caps, _spent(World()))
    await world.spending.once()
    rows = {user: await _by_hand(world, user) for user in (ANN, BEN)}
    assert [user for user, job_id in rows.items() if world.jobs.rows[job_id].status == "processing"] == at_work
    waiting = [world.status(job_id) for user, job_id in rows.items() if user not in at_work]
    assert {shown["reason"] for shown in waiting} <= {Reason.SPENDING_CAP_REACHED}
    assert all("cap" in shown["message"] for shown in waiting)


async def test_before_it_is_known_what_was_spent_no_video_made_by_hand_begins() -> None:
    world = _world({"maxPerDayUsd": 10}, _spent(World()))
    job_id = await _by_hand(world, ANN)
    assert world.jobs.rows[job_id].status == "completed"
    await world.spending.once()
    await world.look(videojob_name(job_id))
    assert world.jobs.rows[job_id].status == "processing"


async def test_videos_made_by_hand_that_wait_at_their_users_cap_keep_no_room_from_others() -> None:
    world = _world({"maxPerUserAndDayUsd": 5, "maxPerDayUsd": 20, "maxPerVideoUsd": 4}, _spent(World()))
    await world.spending.once()
    for _ in range(5):
        await _by_hand(world, ANN)
    job_id = world.jobs.add(user=str(BEN))
    assert await world.take_in() == 1
    assert world.jobs.rows[job_id].status == "processing"
