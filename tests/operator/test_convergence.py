"""Whatever order events come in, doubled or lost, and wherever the operator dies: one worker and one end per row."""

import asyncio
import contextlib
import random
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from runops.failures import Reason
from runops.report import Report
from runops.videojob import videojob_name
from runops_operator.cluster import ClusterError
from tests.operator.world import World

STEP = st.sampled_from(["claim", "deliver", "lose", "double", "crash", "outage", "resync", "pod", "end"])


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=40), st.integers(0, 2**16), st.integers(1, 4))
def test_every_row_ends_exactly_once(steps: list[str], seed: int, rows: int) -> None:
    asyncio.run(_live(steps, random.Random(seed), rows))  # noqa: S311 - a repeatable world, no secret


async def _live(steps: list[str], chance: random.Random, count: int) -> None:
    world = World()
    ids = [world.jobs.add() for _ in range(count)]
    for step in steps:
        with contextlib.suppress(ClusterError):
            await _STEPS[step](world, chance)
    world.cluster.broken = 0
    for _ in range(4 * count):
        await world.resync.once()
        await world.intake.claim_what_fits()
        await world.settle(rounds=60)
        await _pod(world, chance)
        await world.settle(rounds=60)
        await _end(world, chance)
    await world.resync.once()
    await world.settle(rounds=60)
    for job_id in ids:
        _check(world, job_id)


def _check(world: World, job_id: UUID) -> None:
    row, status = world.jobs.rows[job_id], world.status(job_id)
    assert row.status in {"completed", "error"}
    assert status["phase"] == ("Succeeded" if row.status == "completed" else "Failed")
    assert {item["type"]: item["status"] for item in status["conditions"]}["Finished"] == "True"
    assert world.cluster.created_jobs.count(videojob_name(job_id)) == 1, "a video was worked on twice"


async def _claim(world: World, _: random.Random) -> None:
    await world.intake.claim_what_fits()


async def _deliver(world: World, _: random.Random) -> None:
    await world.settle(rounds=60)


async def _lose(world: World, chance: random.Random) -> None:
    events = world.cluster.events
    if events:
        events.pop(chance.randrange(len(events)))


async def _double(world: World, chance: random.Random) -> None:
    events = world.cluster.events
    if events:
        events.insert(chance.randrange(len(events)), chance.choice(events))


async def _crash(world: World, _: random.Random) -> None:
    world.cluster.events.clear()
    world.start_operator()
    await world.resync.once()


async def _outage(world: World, chance: random.Random) -> None:
    world.cluster.broken = chance.randrange(1, 4)


async def _resync(world: World, _: random.Random) -> None:
    await world.resync.once()


async def _pod(world: World, _: random.Random) -> None:
    for name in world.cluster.jobs:
        if not world.cluster.pods.get(name):
            world.cluster.run_pod(name)


async def _end(world: World, chance: random.Random) -> None:
    for name, job in list(world.cluster.jobs.items()):
        if world.cluster.pods.get(name) and not (job.get("status") or {}).get("conditions"):
            row = world.jobs.rows[UUID(name.removeprefix("vj-"))]
            what = chance.choice(["done", "done, then killed", "refused"])
            if what != "refused" and row.claim is not None:
                await world.jobs.complete(row.job_id, row.claim.claim)
            if what == "done":
                world.cluster.end_pod(name, 0)
            elif what == "refused":
                world.cluster.end_pod(name, 66, Report(reason=Reason.NOT_A_VIDEO))
            else:
                world.cluster.end_pod(name, 90, Report(reason=Reason.CLAIM_LOST))


_STEPS: dict[str, Any] = {
    "claim": _claim,
    "deliver": _deliver,
    "lose": _lose,
    "double": _double,
    "crash": _crash,
    "outage": _outage,
    "resync": _resync,
    "pod": _pod,
    "end": _end,
}
