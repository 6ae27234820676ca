"""How long a row waits until it is claimed, and what that costs in traffic when nothing happens.

Rows arrive one by one at random moments. The database's own clock tells when a row was inserted and, by a trigger, when
it became `processing`. The operator runs as installed by default, but for what the chart has a value for: to be idle
while rows arrive, it is told that it counts as busy for no time at all. The rival looks at the queue every ten seconds,
as the old worker does, and takes all rows that it finds at once, which is more than that worker could.
"""

import asyncio
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.benchmark import Outcome, Progress
from benchmarks.counting_relay import counting_relay
from benchmarks.measurement import Measurement, percentile
from benchmarks.site import bench_cluster, namespace, operator_settings, running_operator
from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api
from devstack.operator_runs.observed_tables import Database
from devstack.stack import StackInfo, running_stack
from devstack.supabase.schema import SeedOptions

__all__ = ["insert_rows", "measure", "summary"]

_ROWS = 200
_RIVAL_SECONDS = 10.0
_SETTLE_SECONDS = 40.0
_IDLE_SECONDS = 60.0
_MONTH_SECONDS = 30 * 24 * 3600.0
_GIGABYTE = 1e9
_USERS = 5
_SUBSCRIBE_SECONDS = 5.0
_INSERT = (
    "insert into public.jobs (job_id, metadata) "
    "values (gen_random_uuid(), jsonb_build_object('user_id', md5(%s::text)::uuid))"
)
_MOST_CONCURRENT = 2000


@dataclass(frozen=True)
class _Mode:
    """A way to hear of rows: its promise in seconds, over how long the rows arrive, and the operator's settings."""

    name: str
    promise: float
    arrival_seconds: float
    settings: dict[str, Any]
    waited: list[list[float]] = field(default_factory=list)


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the 99th percentiles of each way to hear of rows, and the traffic of an idle month."""
    modes = [
        _Mode("busy", 1.0, 30.0, {}),
        _Mode("idle", 5.0, 60.0, {"poll": {"busyWindowSeconds": 0}}),
        _Mode("Realtime", 0.3, 30.0, {"realtime": {"enabled": True}}),
    ]
    rivals: list[list[float]] = []
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as folder, bench_cluster(progress) as cluster:
        for run in range(runs):
            for mode in modes:
                place = Path(folder) / f"{mode.name}-{run}"
                with running_stack(place, seed=SeedOptions(realtime=True)) as stack:
                    mode.waited.append(asyncio.run(_waited(cluster, stack, mode)))
                progress(f"run {run + 1}, {mode.name}: {_told(mode.waited[-1])}")
            with running_stack(Path(folder) / f"rival-{run}") as stack:
                rivals.append(asyncio.run(_rival(stack)))
            progress(f"run {run + 1}, a look every {_RIVAL_SECONDS:.0f} s: {_told(rivals[-1])}")
        with running_stack(Path(folder) / "idle") as stack:
            traffic = asyncio.run(_idle_month(cluster, stack, progress))
    results = []
    for mode in modes:
        highest = [percentile(waited, 0.99) for waited in mode.waited]
        what = f"claim latency, {mode.name}: p99"
        results.append(
            Measurement(
                what=what,
                unit="s",
                figure=median(highest),
                limit=mode.promise,
                against="limit",
                ratios=tuple(one / mode.promise for one in highest),
            )
        )
        pairs = [(median(ours), median(theirs)) for ours, theirs in zip(mode.waited, rivals, strict=True)]
        results.append(
            Measurement.of_pairs(f"claim latency, {mode.name}: median", "s", pairs, against="10 s poll", bound=0.6)
        )
    results.append(
        Measurement(
            what="traffic of an idle month",
            unit="GB",
            figure=traffic / _GIGABYTE,
            limit=1.0,
            against="limit",
            bound=1.0,
        )
    )
    return Outcome(results, {mode.name: summary(mode.waited) for mode in modes} | {"10 s poll": summary(rivals)})


async def _waited(cluster: ClusterInfo, stack: StackInfo, mode: _Mode) -> list[float]:
    database = Database(stack.database_url)
    database.begin()
    async with Api(cluster.kubeconfig) as api, namespace(api) as name:
        settings = operator_settings(name, maxConcurrent=_MOST_CONCURRENT, **mode.settings)
        with running_operator(cluster, settings, stack.environment()):
            # One row goes ahead: until something moves an operator is idle. Realtime is subscribed to meanwhile.
            await insert_rows(database, rows=1, seconds=0.0)
            await _claimed(database, rows=1)
            await asyncio.sleep(_SUBSCRIBE_SECONDS)
            database.run("truncate audit.changes")
            await insert_rows(database, rows=_ROWS, seconds=mode.arrival_seconds)
            return await _claimed(database, rows=_ROWS)


async def _rival(stack: StackInfo) -> list[float]:
    database = Database(stack.database_url)
    database.begin()

    async def poll() -> None:
        headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
        async with httpx.AsyncClient(base_url=f"{stack.url}/rest/v1/", headers=headers, trust_env=False) as rest:
            while True:
                answer = await rest.patch("jobs?status=eq.queued", json={"status": "processing"})
                answer.raise_for_status()
                await asyncio.sleep(_RIVAL_SECONDS)

    polling = asyncio.create_task(poll())
    try:
        await insert_rows(database, rows=_ROWS, seconds=60.0)
        return await _claimed(database, rows=_ROWS)
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)


async def insert_rows(database: Database, *, rows: int, seconds: float) -> None:
    """Insert rows at random moments, in all over so many seconds."""
    chance = random.Random()  # noqa: S311 - it opens nothing
    loop = asyncio.get_running_loop()
    began = loop.time()
    for moment in sorted(chance.uniform(0, seconds) for _ in range(rows)):
        await asyncio.sleep(max(0.0, began + moment - loop.time()))
        await asyncio.to_thread(database.run, _INSERT, (chance.randrange(_USERS),))


async def _claimed(database: Database, *, rows: int) -> list[float]:
    """Return for how many seconds each row waited.

    Raises
    ------
    RuntimeError
        Not all of them are claimed in time.
    """
    deadline = asyncio.get_running_loop().time() + _SETTLE_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        found = database.run(
            "select extract(epoch from min(at) - jobs.created_at)::float8 from public.jobs "
            "join audit.changes using (job_id) where became = 'processing' group by jobs.job_id, jobs.created_at"
        )
        if len(found) == rows:
            return [seconds for (seconds,) in found]
        await asyncio.sleep(0.5)
    raise RuntimeError(f"only {len(found)} of {rows} rows were claimed")


async def _idle_month(cluster: ClusterInfo, stack: StackInfo, progress: Progress) -> float:
    """Return the bytes both ways between an operator with nothing to do and Supabase, in 30 days."""
    async with (
        Api(cluster.kubeconfig) as api,
        namespace(api) as name,
        counting_relay(stack.url) as relay,
    ):
        settings = operator_settings(name, poll={"busyWindowSeconds": 0})
        with running_operator(cluster, settings, stack.environment() | {"SUPABASE_URL": relay.url}):
            await asyncio.sleep(10.0)
            before = relay.sent + relay.received
            await asyncio.sleep(_IDLE_SECONDS)
            bytes_there = relay.sent + relay.received - before
    month = bytes_there / _IDLE_SECONDS * _MONTH_SECONDS
    progress(f"idle: {bytes_there} bytes in {_IDLE_SECONDS:.0f} s, {month / _GIGABYTE:.2f} GB a month")
    return month


def _told(waited: Sequence[float]) -> str:
    return f"median {median(waited):.3f} s, p99 {percentile(waited, 0.99):.3f} s of {len(waited)} rows"


def summary(runs: Sequence[Sequence[float]]) -> dict[str, list[float]]:
    """Return what is kept of the waits of each run's rows."""
    return {
        "median_seconds": [median(one) for one in runs],
        "p99_seconds": [percentile(one, 0.99) for one in runs],
        "longest_seconds": [max(one) for one in runs],
    }
