"""Real pods, and the processes of a share of the workers killed with SIGKILL at random moments."""

import asyncio
import random
from contextlib import suppress

from devstack.operator_runs.installation import Installation
from tests.chaos.killing import WorkerKiller
from tests.chaos.real_run import real_run
from tests.chaos.record import Record
from tests.chaos.site import Site

__all__ = ["worker_kills"]


async def worker_kills(
    site: Site, installation: Installation, *, rows: int, seed: int, share: float = 0.7, worker_seconds: float = 20.0
) -> Record:
    """Run the scenario.

    Parameters
    ----------
    site, installation, seed
        Where, and from what everything random is drawn.
    rows
        How many.
    share
        Of the rows that lose a worker.
    worker_seconds
        How long a worker takes here: kills come within that time from its start.

    Raises
    ------
    RuntimeError
        Every worker had ended before it was to be killed.
    """
    longest = 900.0 + 25.0 * rows
    async with real_run(site, "worker kills", installation, rows=rows, seed=seed, longest_seconds=longest) as run:
        killer = WorkerKiller(
            run.job_ids, share=share, longest_seconds=worker_seconds, chance=random.Random(f"workers/{seed}")
        )
        killing = asyncio.create_task(killer.run())
        try:
            await run.until_ended()
        finally:
            killing.cancel()
            with suppress(asyncio.CancelledError):
                await killing
        if not killer.killed:
            raise RuntimeError("No worker was killed, so this run shows nothing.")
        run.details.append(f"real workers killed {killer.killed} times")
        return await run.judged()
