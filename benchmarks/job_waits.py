"""How long rows wait for their Jobs: rows arrive one by one at random moments, and Jobs are seen as they come."""

import asyncio
import time
from collections.abc import Iterable

from benchmarks.claim_latency import insert_rows
from devstack.fake_kubelet import Api
from devstack.operator_runs.observed_tables import Database

__all__ = ["paired", "waits"]


async def waits(
    api: Api, namespace: str, database: Database, *, rows: int, seconds: float, settle_seconds: float
) -> list[float]:
    """Insert rows and return how long each waited until its Job was there.

    Parameters
    ----------
    api, namespace
        Where the Jobs come.
    database
        Where the rows are inserted; there is one already, which has its Job.
    rows, seconds
        How many, and over how long.
    settle_seconds
        How long the last may wait.

    Raises
    ------
    RuntimeError
        Not all of them have a Job in time.
    """
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    version = (await api.patiently("GET", f"{path}?limit=1"))["metadata"]["resourceVersion"]
    came: list[float] = []

    async def look() -> None:
        async for event in api.watch(path, selector="", version=version):
            if event["type"] == "ADDED":
                came.append(time.time())
            if len(came) == rows:
                return

    looking = asyncio.create_task(look())
    try:
        await insert_rows(database, rows=rows, seconds=seconds)
        await asyncio.wait([looking], timeout=settle_seconds)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    if len(came) < rows:
        raise RuntimeError(f"{len(came)} of {rows} rows have a Job {settle_seconds:.0f} s after the last")
    # The database is on this machine: both clocks are one.
    inserted = database.run("select extract(epoch from created_at)::float8 from public.jobs order by 1 offset 1")
    return paired((moment for (moment,) in inserted), came)


def paired(rows: Iterable[float], jobs: Iterable[float]) -> list[float]:
    """Return how long each row waited if the oldest row gets the next Job.

    Parameters
    ----------
    rows, jobs
        The moments at which they came, as many of the ones as of the others. KEDA's Jobs name no row; of all ways to
        give them to rows this one has the shortest longest wait, and all have the same mean.
    """
    return [job - row for row, job in zip(sorted(rows), sorted(jobs), strict=True)]
