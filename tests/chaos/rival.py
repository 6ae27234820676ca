"""The old worker on the same table: it knows no claims and writes by `job_id` alone."""

import asyncio
from contextlib import suppress

from devstack.light_worker import Pace
from devstack.operator_runs.rival_consumer import RivalConsumer
from tests.chaos.light_run import Load, light_run
from tests.chaos.record import Record
from tests.chaos.site import Site

__all__ = ["rival"]


async def rival(site: Site, *, rows: int, seed: int, replicas: int = 2, interval_seconds: float = 0.2) -> Record:
    """Run the scenario.

    Parameters
    ----------
    site, seed
        Where, and from what everything random is drawn.
    rows, replicas
        How many.
    interval_seconds
        Between two looks of the rival at the queue. The old worker took ten seconds: short ones make more collisions.
    """
    load = Load(
        rows=rows,
        max_concurrent=4,
        pace=Pace(seconds=0.3),
        replicas=replicas,
        longest_seconds=600.0 + 2.0 * rows,
    )
    async with light_run(site, "rival consumer", load, seed=seed) as run:
        consumer = RivalConsumer(site.stack, interval_seconds=interval_seconds)
        consuming = asyncio.create_task(consumer.run())
        try:
            await run.until_ended()
            # What it has begun it ends, unconditionally, whatever became of the row meanwhile.
            await asyncio.sleep(4 * consumer.work_seconds)
        finally:
            consuming.cancel()
            with suppress(asyncio.CancelledError):
                await consuming
        run.details.append(f"the rival finished {consumer.finished} of {rows} rows")
        return await run.judged()
