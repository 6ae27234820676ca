"""Videos that were finished in a world, so that it knows how long others take."""

from datetime import timedelta
from uuid import UUID

from runops.progress import Stage
from runops.report import Report, StageTime, Usage
from runops.time_left.took import Took
from runops.videojob import ModelChoice
from tests.operator import journey
from tests.operator.world import World

__all__ = ["SECONDS", "complete", "finish_some"]

SECONDS = {Stage.PREPARING_VIDEO: 60.0, Stage.TRANSCRIBING: 100.0, Stage.PARSING_SOP: 20.0, Stage.FINALIZING: 2.0}
"""Of the stages of every video here, each of a recording of ten minutes."""


async def complete(world: World, job_id: UUID, name: str, *, slower: float = 1.0) -> None:
    """Let a worker that has just started do its work and end."""
    times, at = [], world.now
    for stage, seconds in SECONDS.items():
        times.append(StageTime(stage=stage, start_time=at.isoformat(), seconds=slower * seconds))
        at += timedelta(seconds=slower * seconds)
    world.now = at
    claim = world.jobs.rows[job_id].claim
    assert claim is not None
    took = Took.of(600, times, models=ModelChoice().transcribe)
    await world.jobs.complete(job_id, claim.token, said={"took": took.dump()})
    report = Report(stage=Stage.COMPLETED, usage=Usage(media_seconds=600), stages=tuple(times))
    world.cluster.end_pod(name, 0, report)
    await world.settle()


async def finish_some(world: World, count: int = 8) -> None:
    """Finish videos one after the other, some a little slower than others."""
    for number in range(count):
        job_id, name = await journey.claimed(world, waited_seconds=1)
        await journey.started(world, name, after_seconds=5)
        await complete(world, job_id, name, slower=1 + 0.02 * (number % 5))
