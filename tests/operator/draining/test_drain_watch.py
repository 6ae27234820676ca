"""The order to drain: read before the first claim, kept while it cannot be read, confirmed when it is kept."""

import asyncio
import logging
from typing import Any

import pytest

from runops.drain_order import END_OF_DRAIN, DrainOrder, drain_data
from runops.failures import Reason
from runops.videojob import videojob_name
from runops_operator.draining.drain_watch import DrainWatch
from runops_operator.kubernetes_api.cluster import ClusterError
from tests.operator.world import CONFIG, World
from tests.simulation.cluster import MemoryCluster, merged

DRAINABLE = CONFIG.model_copy(update={"drain_config_map": "drain"})
ORDER = DrainOrder("2026-11-30T19:00:00Z", by="ann", why="the database moves")


def write(cluster: MemoryCluster, data: Any) -> None:
    cluster.configmaps["drain"] = merged(cluster.configmaps.get("drain") or {"metadata": {}}, {"data": data})


def watch_of(cluster: MemoryCluster) -> tuple[DrainWatch, list[str]]:
    changes: list[str] = []
    watch = DrainWatch(cluster, DRAINABLE, changed=lambda: changes.append("changed"))
    return watch, changes


async def test_without_an_order_and_without_the_configmap_rows_are_claimed() -> None:
    cluster = MemoryCluster()
    watch, _ = watch_of(cluster)
    await watch.once()
    assert watch.why is None
    write(cluster, {})
    await watch.once()
    assert watch.why is None
    cluster.configmaps["drain"] = {"metadata": {}, "data": "not an object"}
    await watch.once()
    assert watch.why is None


async def test_an_order_is_told_with_who_gave_it_and_for_what() -> None:
    cluster = MemoryCluster()
    watch, changes = watch_of(cluster)
    write(cluster, drain_data(ORDER))
    await watch.once()
    assert watch.why == "Drained since 2026-11-30T19:00:00Z by ann: the database moves."
    await watch.once()
    assert changes == ["changed"]
    write(cluster, dict(END_OF_DRAIN))
    await watch.once()
    assert watch.why is None
    assert changes == ["changed", "changed"]


async def test_an_order_is_confirmed_once_nothing_is_claimed_any_more_and_only_this_one() -> None:
    cluster = MemoryCluster()
    watch, _ = watch_of(cluster)
    watch.claims_nothing()
    write(cluster, drain_data(ORDER))
    await watch.once()
    assert "confirmed" not in cluster.configmaps["drain"]["data"]
    watch.claims_nothing()
    await watch.once()
    assert cluster.configmaps["drain"]["data"]["confirmed"] == ORDER.since
    write(cluster, drain_data(DrainOrder("2026-11-30T20:00:00Z")))
    await watch.once()
    assert "confirmed" not in cluster.configmaps["drain"]["data"]


async def test_while_the_configmap_cannot_be_read_the_last_order_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = MemoryCluster()
    watch, _ = watch_of(cluster)
    write(cluster, drain_data(ORDER))
    await watch.once()

    async def refuse(name: str) -> Any:
        raise ClusterError(f"configmaps {name!r} is forbidden", status=403)

    monkeypatch.setattr(cluster, "get_configmap", refuse)
    with pytest.raises(ClusterError):
        await watch.once()
    assert watch.why is not None
    new, _ = watch_of(cluster)
    with pytest.raises(ClusterError, match="forbidden"):
        await new.know()


@pytest.mark.virtual_time
async def test_the_loop_goes_on_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = MemoryCluster()
    watch, changes = watch_of(cluster)
    answers = iter([ClusterError("away"), ValueError("odd")])
    read = cluster.get_configmap

    async def get(name: str) -> Any:
        if (error := next(answers, None)) is not None:
            raise error
        return await read(name)

    monkeypatch.setattr(cluster, "get_configmap", get)
    write(cluster, drain_data(ORDER))
    task = asyncio.ensure_future(watch.run())
    await asyncio.sleep(5)
    assert changes == ["changed"]
    task.cancel()


async def test_what_runs_goes_on_and_nothing_is_claimed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World(DRAINABLE)
    running = world.jobs.add()
    await world.take_in()
    await world.settle()
    world.cluster.run_pod(videojob_name(running))
    write(world.cluster, drain_data(ORDER))
    await world.drain.once()
    waiting = [world.jobs.add() for _ in range(2)]
    assert await world.take_in() == 0
    assert await world.take_in() == 0
    assert [world.jobs.rows[job_id].status for job_id in waiting] == ["queued", "queued"]
    lines = [record for record in caplog.records if "No rows are claimed" in record.message]
    assert [(line.levelname, "the database moves" in line.message) for line in lines] == [("INFO", True)]
    assert b'runops_intake_paused{reason="Drained"} 1.0' in world.metrics.text()
    assert world.intake.status.is_intended
    # The next attempt at what runs belongs to it.
    world.cluster.end_pod(videojob_name(running), 1)
    await world.settle()
    assert world.jobs.rows[running].status == "processing"
    # Cancels are served.
    world.jobs.rows[running] = world.jobs.rows[running].model_copy(update={"status": "cancelled"})
    await world.compare()
    await world.settle()
    assert world.status(running)["phase"] == "Failed"
    assert not world.cluster.jobs


async def test_a_new_process_claims_nothing_before_it_knows_the_order() -> None:
    world = World(DRAINABLE)
    write(world.cluster, drain_data(ORDER))
    job_id = world.jobs.add()
    world.start_operator()
    assert await world.take_in() == 0
    assert world.jobs.rows[job_id].status == "queued"
    write(world.cluster, dict(END_OF_DRAIN))
    await world.drain.once()
    assert await world.take_in() == 1


async def test_an_order_that_comes_while_rows_are_chosen_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(DRAINABLE)
    job_id = world.jobs.add()
    chosen = world.intake._chosen

    async def slow(admission: Any) -> Any:
        rows = await chosen(admission)
        write(world.cluster, drain_data(ORDER))
        await world.drain.once()
        return rows

    monkeypatch.setattr(world.intake, "_chosen", slow)
    assert await world.take_in() == 0
    assert world.jobs.rows[job_id].status == "queued"


async def test_no_order_is_confirmed_while_a_claimed_row_has_no_videojob() -> None:
    world = World(DRAINABLE)
    world.jobs.add()
    await world.intake.claim_what_fits()
    write(world.cluster, drain_data(ORDER))
    await world.drain.once()
    await world.intake.claim_what_fits()
    await world.drain.once()
    assert "confirmed" not in world.cluster.configmaps["drain"]["data"]
    await world.confirmation.settle()
    await world.intake.claim_what_fits()
    await world.drain.once()
    assert world.cluster.configmaps["drain"]["data"]["confirmed"] == ORDER.since
    assert len(world.cluster.videojobs) == 1


async def test_videojobs_made_by_hand_wait_too_and_say_why() -> None:
    world = World(DRAINABLE)
    write(world.cluster, drain_data(ORDER))
    await world.drain.once()
    job_id = world.jobs.add(status="completed")
    manifest = {"metadata": {"name": videojob_name(job_id)}, "spec": {"jobId": str(job_id)}}
    await world.cluster.create_videojob(manifest)
    await world.settle()
    assert world.jobs.rows[job_id].status == "completed"
    shown = world.status(job_id)
    assert (shown["reason"], shown["phase"]) == (Reason.DRAINED, "Pending")
    assert "the database moves" in shown["message"]
    write(world.cluster, dict(END_OF_DRAIN))
    await world.drain.once()
    await world.look(videojob_name(job_id))
    assert world.jobs.rows[job_id].status == "processing"


async def test_a_new_leader_that_has_not_read_the_order_claims_no_row_of_a_videojob_made_by_hand() -> None:
    world = World(DRAINABLE)
    job_id = world.jobs.add(status="completed")
    write(world.cluster, drain_data(ORDER) | {"confirmed": ORDER.since})
    world.start_operator()
    await world.cluster.create_videojob({"metadata": {"name": videojob_name(job_id)}, "spec": {"jobId": str(job_id)}})
    await world.settle()
    assert world.jobs.rows[job_id].status == "completed"
    assert "not known yet" in world.status(job_id)["message"]
    write(world.cluster, dict(END_OF_DRAIN))
    await world.drain.once()
    await world.look(videojob_name(job_id))
    assert world.jobs.rows[job_id].status == "processing"


async def test_no_slots_at_all_is_a_drain_by_settings() -> None:
    world = World(CONFIG.model_copy(update={"max_concurrent": 0}))
    job_id = world.jobs.add()
    by_hand = world.jobs.add(status="completed")
    manifest = {"metadata": {"name": videojob_name(by_hand)}, "spec": {"jobId": str(by_hand)}}
    await world.cluster.create_videojob(manifest)
    assert await world.take_in() == 0
    await world.settle()
    assert [world.jobs.rows[one].status for one in (job_id, by_hand)] == ["queued", "completed"]
    assert "maxConcurrent is 0" in (world.intake.status.trouble or "")
    assert "maxConcurrent is 0" in world.status(by_hand)["message"]
    assert world.intake.status.is_intended
