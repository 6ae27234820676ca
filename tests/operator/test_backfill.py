"""Backfills have slots of their own: they never delay a fresh row, whatever their number, age and priority."""

from typing import Any
from uuid import UUID

from runops.job_row import Lane
from runops.report import Report
from runops.videojob import videojob_name
from runops_operator.config import Backfill
from tests.operator.world import CONFIG, World

BACKFILL = {"backfill": True, "priority": 100}
WITH_TWO = CONFIG.model_copy(update={"backfill": Backfill(max_concurrent=2)})


def _at_work(world: World) -> dict[str, int]:
    lanes = [row.lane.value for row in world.jobs.rows.values() if row.status == "processing"]
    return {lane: lanes.count(lane) for lane in ("fresh", "backfill")}


def _end(world: World, job_id: UUID) -> None:
    world.cluster.run_pod(videojob_name(job_id))
    world.jobs.set(job_id, status="completed")
    world.cluster.end_pod(videojob_name(job_id), 0, Report())


async def test_fresh_rows_that_come_after_many_backfills_start_at_once() -> None:
    world = World(WITH_TWO)
    for _ in range(120):
        world.jobs.add(metadata=BACKFILL)
    world.wait(86_400)
    await world.take_in()
    await world.settle()
    assert _at_work(world) == {"fresh": 0, "backfill": 2}
    fresh = [world.jobs.add() for _ in range(4)]
    assert await world.take_in() == 3
    assert [world.jobs.rows[job_id].status for job_id in fresh] == ["processing"] * 3 + ["queued"]
    await world.settle()
    for job_id, row in list(world.jobs.rows.items()):
        if row.status == "processing" and row.lane is Lane.BACKFILL:
            _end(world, job_id)
    await world.settle()
    assert await world.take_in() == 2
    assert _at_work(world) == {"fresh": 3, "backfill": 2}, "a slot of a backfill goes to the next backfill"


async def test_after_a_restart_each_video_takes_a_slot_of_its_lane_again() -> None:
    world = World(WITH_TWO)
    for metadata in (BACKFILL, {"backfill": "true"}, BACKFILL, None, None):
        world.jobs.add(metadata=metadata)
    await world.take_in()
    await world.settle()
    assert _at_work(world) == {"fresh": 2, "backfill": 2}
    labels = [body["metadata"]["labels"].get("runops.dev/lane") for body in world.cluster.videojobs.values()]
    assert sorted(map(str, labels)) == ["None", "None", "backfill", "backfill"]
    world.start_operator()
    await world.compare()
    await world.settle()
    for _ in range(3):
        world.jobs.add()
    await world.take_in()
    assert _at_work(world) == {"fresh": 3, "backfill": 2}
    assert b'runops_unfinished_videos{lane="backfill"} 2.0' in world.metrics.text()


async def test_without_slots_for_them_backfills_wait_and_fresh_rows_do_not() -> None:
    world = World(CONFIG.model_copy(update={"backfill": Backfill(max_concurrent=0)}))
    for metadata in (BACKFILL, BACKFILL, None):
        world.jobs.add(metadata=metadata)
    await world.take_in()
    assert _at_work(world) == {"fresh": 1, "backfill": 0}


async def test_what_only_looks_like_a_backfill_is_a_fresh_row() -> None:
    world = World(CONFIG.model_copy(update={"backfill": Backfill(max_concurrent=0)}))
    for value in (False, "false", 1, "True", None):
        world.jobs.add(metadata={"backfill": value})
    others: list[Any] = [[], "backfill"]
    for metadata in others:
        world.jobs.add(metadata=metadata)
    await world.take_in()
    assert _at_work(world)["fresh"] == CONFIG.max_concurrent


async def test_a_stale_backfill_takes_a_slot_of_backfills() -> None:
    world = World(WITH_TWO)
    for _ in range(5):
        world.jobs.add(status="processing", metadata=BACKFILL)
    world.wait(CONFIG.stale_after_seconds + 1)
    for _ in range(3):
        world.jobs.add()
    await world.take_in()
    taken = [row for row in world.jobs.rows.values() if row.claim is not None and row.claim.by == CONFIG.installation]
    assert sorted(row.lane.value for row in taken) == ["backfill"] * 2 + ["fresh"] * 3


async def test_a_videojob_made_by_hand_takes_a_slot_of_the_lane_that_it_names() -> None:
    world = World(WITH_TWO)
    for _ in range(3):
        world.jobs.add()
    await world.take_in()
    await world.settle()
    names = []
    for labels in ({"runops.dev/lane": "backfill"}, {}, {"runops.dev/lane": ["no", "label"]}):
        job_id = world.jobs.add(status="completed")
        metadata: dict[str, Any] = {"name": videojob_name(job_id), "labels": labels}
        await world.cluster.create_videojob({"metadata": metadata, "spec": {"jobId": str(job_id)}})
        names.append(metadata["name"])
    await world.settle()
    assert [name in world.cluster.jobs for name in names] == [True, False, False]
