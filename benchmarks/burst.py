"""A thousand recordings at once: how long from queued rows to as many VideoJobs and Jobs.

The rival is a bare loop that creates the same objects on the same API server with the same client and as many requests
at once, and knows neither rows nor claims. Each run has a cluster of its own, so that nobody pays for what another one
left to be cleared away. No pod can start: what starts them is the same for both.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.site import bench_cluster, namespace, operator_settings, running_operator
from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api
from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.queued_rows import fill_queue, rows_of
from devstack.stack import StackInfo, running_stack

__all__ = ["ROWS", "Arrival", "count_jobs", "measure", "queued_to_jobs", "until_jobs", "upload_recordings"]

ROWS = 1000
_SETTLE_SECONDS = 5.0
_LONGEST_SECONDS = 300.0
_POLL = {"idleSeconds": 1}
"""The rival does not poll: little of it shall be waiting for a poll."""
_UPLOADS_AT_ONCE = 10
_BOUND = 1.5


@dataclass(frozen=True)
class Arrival:
    """When Jobs came: the seconds until the first was there, and until the last."""

    first: float
    last: float


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the seconds of the operator beside those of the bare loop."""
    pairs = []
    for run in range(runs):
        ours, bare = (_ours, _bare) if run % 2 == 0 else (_bare, _ours)
        first, second = ours(progress), bare(progress)
        pairs.append((first, second) if ours is _ours else (second, first))
        progress(f"run {run + 1}: {pairs[-1][0]:.2f} s, the bare loop {pairs[-1][1]:.2f} s")
    what = f"burst: {ROWS} queued rows to VideoJobs and Jobs"
    return Outcome(
        [Measurement.of_pairs(what, "s", pairs, against="bare loop", bound=_BOUND)],
        {"seconds": [ours for ours, _ in pairs], "bare_loop_seconds": [bare for _, bare in pairs]},
    )


def _ours(progress: Progress) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
        bench_cluster(progress) as cluster,
        running_stack(Path(folder) / "stack") as stack,
    ):
        return asyncio.run(queued_to_jobs(cluster, stack, rows=ROWS, poll=_POLL)).last


async def queued_to_jobs(
    cluster: ClusterInfo,
    stack: StackInfo,
    *,
    rows: int,
    poll: Mapping[str, Any],
    settle_seconds: float = _SETTLE_SECONDS,
) -> Arrival:
    """Return when the Jobs of queued rows came, counted from the rows' commit.

    Parameters
    ----------
    cluster, stack
        Where. Neither has been used.
    rows
        How many, all committed at once.
    poll
        The operator's `poll` settings.
    settle_seconds
        How long the operator is idle before the rows come.

    Raises
    ------
    RuntimeError
        They are not all there after five minutes.
    """
    database = Database(stack.database_url)
    database.begin()
    queue = rows_of("burst", rows, seed=0)
    await upload_recordings(stack, [row.job_id for row in queue])
    async with Api(cluster.kubeconfig) as api, namespace(api) as name:
        settings = operator_settings(name, maxConcurrent=rows, poll=dict(poll))
        with running_operator(cluster, settings, stack.environment()):
            await asyncio.sleep(settle_seconds)
            await asyncio.to_thread(fill_queue, database, queue)
            return await until_jobs(api, name, rows)


async def until_jobs(api: Api, namespace: str, count: int) -> Arrival:
    """Wait until so many Jobs exist, and return when they came, counted from the call.

    Raises
    ------
    RuntimeError
        They are not all there after five minutes.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    first: float | None = None
    while True:
        there = await count_jobs(api, namespace)
        now = loop.time() - began
        if there and first is None:
            first = now
        if first is not None and there >= count:
            return Arrival(first, now)
        if now > _LONGEST_SECONDS:
            raise RuntimeError(f"{there} of {count} Jobs exist after {_LONGEST_SECONDS:.0f} s")
        await asyncio.sleep(0.1)


async def upload_recordings(stack: StackInfo, job_ids: Sequence[str]) -> None:
    """Put a recording of a few bytes where each row's is looked for: the operator asks how large they are."""
    left = iter(job_ids)
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}", "Content-Type": "video/mp4"}
    async with httpx.AsyncClient(base_url=f"{stack.url}/storage/v1/object/", headers=headers, trust_env=False) as http:

        async def put() -> None:
            for job_id in left:
                (await http.post(f"videos/raw/{job_id}.mp4", content=b"video")).raise_for_status()

        await asyncio.gather(*(put() for _ in range(_UPLOADS_AT_ONCE)))


async def count_jobs(api: Api, namespace: str) -> int:
    """Return how many Jobs there are."""
    page = await api.patiently("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs?limit=1")
    return len(page["items"]) + int(page["metadata"].get("remainingItemCount") or 0)


def _bare(progress: Progress) -> float:
    with bench_cluster(progress) as cluster:
        return asyncio.run(_bare_loop(cluster))


async def _bare_loop(cluster: ClusterInfo) -> float:
    async with Api(cluster.kubeconfig) as api, namespace(api) as name:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "benchmarks.bare_loop", name, str(ROWS)],
            env=os.environ | {"KUBECONFIG": str(cluster.kubeconfig)},
            stdout=subprocess.PIPE,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=True,
        )
        return float(done.stdout)
