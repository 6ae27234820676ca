"""Two replicas of the operator, and every few seconds one of them is killed with SIGKILL and started again.

Now and then a worker's pod is killed or evicted as well: what the operators do about it falls into their own restarts.
"""

import asyncio
import random
import time
from contextlib import suppress

from devstack.light_worker import Fate, Pace
from tests.chaos.light_run import LightRun, Load, light_run
from tests.chaos.record import Record
from tests.chaos.site import Site

__all__ = ["operator_kills"]

_STRIKE_SECONDS = 3.0


async def operator_kills(
    site: Site,
    *,
    rows: int,
    seed: int,
    replicas: int = 2,
    kill_seconds: float = 5.0,
    hangs: bool = True,
    setbacks: int = 2,
) -> Record:
    """Run the scenario.

    Parameters
    ----------
    site, seed
        Where, and from what everything random is drawn.
    rows, replicas
        How many.
    kill_seconds
        Between two kills.
    hangs
        Whether some workers hang until the operator's deadline for silence ends them.
    setbacks
        How many attempts of some videos fail for a reason that passes.

    Raises
    ------
    RuntimeError
        Every row had ended before an operator was to be killed.
    """
    load = Load(
        rows=rows,
        max_concurrent=max(6, min(40, rows // 5)),
        fates={
            Fate(kind="permanent"): 0.04,
            Fate(kind="transient", times=setbacks): 0.04,
            Fate(kind="quota"): 0.02,
        }
        | ({Fate(kind="hang"): 0.01} if hangs else {}),
        pace=Pace(seconds=0.5),
        replicas=replicas,
        no_progress_seconds=15.0,
        longest_seconds=600.0 + 3.0 * rows,
    )
    async with light_run(site, "operator kills", load, seed=seed) as run:
        trouble = [
            asyncio.create_task(_kill_operators(run, random.Random(f"operators/{seed}"), kill_seconds)),
            asyncio.create_task(_strike_workers(run, random.Random(f"workers/{seed}"))),
        ]
        try:
            await run.until_ended()
        finally:
            for task in trouble:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if not any(replica.kills for replica in run.replicas):
            raise RuntimeError("No operator was killed, so this run shows nothing.")
        return await run.judged()


async def _kill_operators(run: LightRun, chance: random.Random, every: float) -> None:
    deadline = run.begun + run.load.longest_seconds
    while time.monotonic() < deadline:
        await asyncio.sleep(every)
        victim = chance.choice(run.replicas)
        victim.kill()
        victim.start()


async def _strike_workers(run: LightRun, chance: random.Random) -> None:
    deadline = run.begun + run.load.longest_seconds
    killed = evicted = 0
    try:
        while time.monotonic() < deadline:
            await asyncio.sleep(chance.uniform(0.5, 1.5) * _STRIKE_SECONDS)
            working = run.kubelet.working()
            if not working:
                continue
            victim = chance.choice(working)
            if chance.random() < 0.5:
                killed += run.kubelet.kill(victim.uid)
            else:
                evicted += run.kubelet.evict(victim.uid)
    finally:
        run.details.append(f"workers killed {killed} times, evicted {evicted} times")
