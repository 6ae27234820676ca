"""One video's way through the operator, with workers that report as real ones do."""

from datetime import datetime, timedelta
from uuid import UUID

from runops.progress import Stage
from runops.quality import Quality
from runops.report import Report, StageTime, StageUsage, Usage
from runops.videojob import videojob_name
from tests.operator.world import World

USER = "11111111-2222-4333-8444-555555555555"
USAGE = Usage(
    transcribing=StageUsage(
        model="gemini-3.8-pro", input_tokens=90_000, output_tokens=7_000, calls=2, cost_usd="0.250000"
    ),
    parsing_sop=StageUsage(model="gemini-3.8-flash", input_tokens=7_500, output_tokens=2_500, calls=1, cost_usd="0.01"),
    total_tokens=107_000,
    cost_usd="0.260000",
    media_seconds=1800,
)


def stages(start: datetime) -> tuple[StageTime, ...]:
    """Return how long the stages of a run took that began then."""
    lengths = {Stage.PREPARING_VIDEO: 60.0, Stage.TRANSCRIBING: 100.5, Stage.PARSING_SOP: 20.0}
    found = []
    for stage, seconds in lengths.items():
        found.append(StageTime(stage=stage, start_time=start.isoformat(), seconds=seconds))
        start += timedelta(seconds=seconds)
    return tuple(found)


async def claimed(world: World, user: str | None = USER, *, waited_seconds: float = 60.0) -> tuple[UUID, str]:
    """Queue a row, and have it claimed after some time."""
    job_id = world.jobs.add(user=user)
    world.wait(waited_seconds)
    await world.take_in()
    await world.settle()
    return job_id, videojob_name(job_id)


async def started(world: World, name: str, *, after_seconds: float = 10.0) -> None:
    """Let the worker of a VideoJob start."""
    world.wait(after_seconds)
    world.cluster.run_pod(name)
    await world.settle()


async def reached(world: World, name: str, stage: Stage) -> None:
    """Let a worker say where it is."""
    await world.cluster.patch_videojob_status(name, {"stage": stage, "progress": "10%"})
    await world.settle()


async def failed(world: World, name: str, report: Report, *, code: int) -> None:
    """Let a worker end without a SOP."""
    world.cluster.end_pod(name, code, report)
    await world.settle()


async def completed(
    world: World, job_id: UUID, name: str, *, after_seconds: float = 190.0, quality: Quality | None = None
) -> None:
    """Let a worker write its results and end."""
    begun = world.now
    world.wait(after_seconds)
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    await world.jobs.complete(job_id, claim.token)
    world.cluster.end_pod(name, 0, Report(stage=Stage.COMPLETED, usage=USAGE, quality=quality, stages=stages(begun)))
    await world.settle()
