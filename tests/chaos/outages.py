"""Each thing the operator depends on is away for a while, with rows in flight."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing

from devstack.cluster import processes
from devstack.faults import Fault, FaultControl
from devstack.light_worker import Pace
from devstack.operator_runs.videojob_definition import forget_videojobs, know_videojobs
from devstack.stack import start_postgres, stop_postgres
from tests.chaos.light_run import Load, light_run
from tests.chaos.record import Record
from tests.chaos.shared_fault import used_attempts
from tests.chaos.site import Site

__all__ = ["OUTAGES", "outage"]

Outage = Callable[[Site], AbstractAsyncContextManager[None]]
_IN_FLIGHT = 3


async def outage(site: Site, *, away: str, seconds: float, rows: int, seed: int, replicas: int = 2) -> Record:
    """Run the scenario.

    Parameters
    ----------
    site, seed
        Where, and from what everything random is drawn.
    away
        What goes away; a key of `OUTAGES`.
    seconds
        For how long.
    rows, replicas
        How many.
    """
    load = Load(
        rows=rows,
        replicas=replicas,
        max_concurrent=6,
        pace=Pace(seconds=1.0),
        no_progress_seconds=60.0,
        longest_seconds=600.0 + 4 * seconds + 3.0 * rows,
    )
    async with light_run(site, away, load, seed=seed) as run:
        await run.in_flight(least=_IN_FLIGHT)
        site.progress(f"{away}: away for {seconds:.0f} s")
        async with OUTAGES[away](site):
            await asyncio.sleep(seconds)
        await run.until_ended()
        return await run.judged(attempts_used=used_attempts(site.database))


@asynccontextmanager
async def _supabase(site: Site) -> AsyncIterator[None]:
    """Every connection to tables and storage is closed without an answer."""
    with closing(FaultControl(site.stack.url)) as control:
        control.set(Fault(kind="drop_before", path="^/(rest|storage)/", times=None))
        try:
            yield
        finally:
            control.clear()


@asynccontextmanager
async def _postgres(site: Site) -> AsyncIterator[None]:
    """The database crashes, and recovers when it is started again."""
    await asyncio.to_thread(stop_postgres, site.stack)
    try:
        yield
    finally:
        await asyncio.to_thread(start_postgres, site.stack)


@asynccontextmanager
async def _frozen_api_server(site: Site) -> AsyncIterator[None]:
    """Connections to the API server stand, and nothing is answered."""
    frozen = _api_server(site)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def _api_server_killed_again_and_again(site: Site) -> AsyncIterator[None]:
    """The API server dies and comes back, all the time; a node in namespaces restarts it after a second."""

    async def kill() -> None:
        while True:
            for pid in _api_server(site):
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(_API_SERVER_LIVES_SECONDS)

    killing = asyncio.create_task(kill())
    try:
        yield
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)


@asynccontextmanager
async def _deleted_definition(site: Site) -> AsyncIterator[None]:
    """The definition of VideoJobs is deleted, and all VideoJobs with it; then it is applied again."""
    await asyncio.to_thread(forget_videojobs, site.cluster)
    try:
        yield
    finally:
        await asyncio.to_thread(know_videojobs, site.cluster)


_API_SERVER_LIVES_SECONDS = 15.0
"""More than the ten seconds within which an end counts as a failure of the node."""


def _api_server(site: Site) -> list[int]:
    found = processes(site.cluster, "kube-apiserver")
    if not found:
        raise RuntimeError("outages of the API server need a cluster in namespaces (RUNOPS_CLUSTER=node)")
    return found


OUTAGES: dict[str, Outage] = {
    "Supabase away": _supabase,
    "PostgreSQL crashed": _postgres,
    "API server frozen": _frozen_api_server,
    "API server killed": _api_server_killed_again_and_again,
    "Definition deleted": _deleted_definition,
}
"""What can go away, by name. Gemini is in `gemini_outage`: light workers do not ask it."""
