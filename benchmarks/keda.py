"""KEDA's ScaledJob beside the operator: a thousand rows at once, and rows that come one by one.

Each figure has a cluster and a stack of its own, and the rows are the same. Both look for rows as often as they do by
default: KEDA every 30 s, the operator every 5 s while nothing moves. Rows are committed at a random moment between two
looks. No pod can start: what starts them is the same for both.

KEDA knows how many rows there are, and not which: its Job is without a row, its worker has to find and claim one. Here
nothing claims, so rows stay queued and Jobs unfinished, and KEDA's default strategy (rows less unfinished Jobs) creates
one Job a row. That is its best case.
"""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.benchmark import Outcome, Progress
from benchmarks.burst import ROWS, Arrival, count_jobs, queued_to_jobs, until_jobs
from benchmarks.claim_latency import insert_rows, summary
from benchmarks.job_waits import waits
from benchmarks.measurement import Measurement, percentile
from benchmarks.site import NOWHERE, bench_cluster, namespace, operator_settings, running_operator
from devstack.cluster import ClusterInfo, ensure
from devstack.fake_kubelet import Api
from devstack.keda import POLLING_SECONDS, ScaledJob, running_keda
from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.queued_rows import fill_queue, rows_of
from devstack.stack import StackInfo, running_stack
from runops.polling import Poll

__all__ = ["measure"]

_SETTLE_SECONDS = 5.0
_AGAIN_SECONDS = POLLING_SECONDS + 5.0
"""KEDA has counted once more by then."""
_QUERY = "select count(*) from public.jobs where status = 'queued'"
_SINGLE_ROWS = 40
_KEDA_ARRIVAL_SECONDS = 4 * POLLING_SECONDS
_OURS: dict[str, tuple[float, dict[str, Any]]] = {
    "busy": (30.0, {}),
    "idle": (60.0, {"busyWindowSeconds": 0}),
}
"""By name, over how many seconds the rows arrive, and `poll` settings."""


@dataclass
class _Figures:
    """What was measured, by run.

    Attributes
    ----------
    bursts, keda_bursts
        When the Jobs came.
    keda_jobs
        How many there were after KEDA had counted again.
    waits, keda_waits
        Of rows that came one by one; ours by how the operator looked.
    """

    bursts: list[Arrival] = field(default_factory=list)
    keda_bursts: list[Arrival] = field(default_factory=list)
    keda_jobs: list[int] = field(default_factory=list)
    waits: dict[str, list[list[float]]] = field(default_factory=lambda: {name: [] for name in _OURS})
    keda_waits: list[list[float]] = field(default_factory=list)


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the seconds of a burst, and what single rows wait for a Job, beside KEDA's."""
    # Minutes the first time: no cluster shall wait for it.
    ensure("keda", progress)
    figures = _Figures()
    steps = (_burst, _keda_burst, _waits, _keda_waits)
    for run in range(runs):
        for step in steps if run % 2 == 0 else reversed(steps):
            with _place(progress) as (cluster, stack, folder):
                progress(f"run {run + 1}: {asyncio.run(step(cluster, stack, folder, figures))}")
    bursts = [(ours.last, theirs.last) for ours, theirs in zip(figures.bursts, figures.keda_bursts, strict=True)]
    results = [
        Measurement.of_pairs(f"{ROWS} queued rows to Jobs", "s", bursts, against="KEDA", bound=1.0),
    ]
    for name, ours in figures.waits.items():
        both = list(zip(ours, figures.keda_waits, strict=True))
        medians = [(median(one), median(other)) for one, other in both]
        highest = [(percentile(one, 0.99), percentile(other, 0.99)) for one, other in both]
        results += [
            Measurement.of_pairs(f"row to Job, {name}: median", "s", medians, against="KEDA", bound=1.0),
            Measurement.of_pairs(f"row to Job, {name}: p99", "s", highest, against="KEDA", bound=1.0),
        ]
    return Outcome(results, _details(figures))


def _details(figures: _Figures) -> dict[str, Any]:
    return {
        "burst_seconds": [one.last for one in figures.bursts],
        "burst_seconds_from_first_job": [one.last - one.first for one in figures.bursts],
        "keda_burst_seconds": [one.last for one in figures.keda_bursts],
        "keda_burst_seconds_from_first_job": [one.last - one.first for one in figures.keda_bursts],
        "keda_jobs_after_counting_again": figures.keda_jobs,
        "keda_waits": summary(figures.keda_waits),
    } | {f"waits_{name}": summary(ours) for name, ours in figures.waits.items()}


@contextmanager
def _place(progress: Progress) -> Iterator[tuple[ClusterInfo, StackInfo, Path]]:
    with (
        tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
        bench_cluster(progress) as cluster,
        running_stack(Path(folder) / "stack") as stack,
    ):
        yield cluster, stack, Path(folder)


async def _burst(cluster: ClusterInfo, stack: StackInfo, _folder: Path, figures: _Figures) -> str:
    settle_seconds = _SETTLE_SECONDS + _moment_within(Poll().idle_seconds)
    arrival = await queued_to_jobs(cluster, stack, rows=ROWS, poll={}, settle_seconds=settle_seconds)
    figures.bursts.append(arrival)
    return f"{ROWS} Jobs after {arrival.last:.1f} s, the first after {arrival.first:.1f} s"


async def _keda_burst(cluster: ClusterInfo, stack: StackInfo, folder: Path, figures: _Figures) -> str:
    database = Database(stack.database_url)
    database.begin()
    async with Api(cluster.kubeconfig) as api, _counting(api, cluster, stack, folder) as name:
        await asyncio.sleep(_SETTLE_SECONDS + _moment_within(POLLING_SECONDS))
        await asyncio.to_thread(fill_queue, database, rows_of("burst", ROWS, seed=0))
        arrival = await until_jobs(api, name, ROWS)
        await asyncio.sleep(_AGAIN_SECONDS)
        later = await count_jobs(api, name)
    figures.keda_bursts.append(arrival)
    figures.keda_jobs.append(later)
    return (
        f"KEDA: {ROWS} Jobs after {arrival.last:.1f} s, the first after {arrival.first:.1f} s; "
        f"{later} after it counted again"
    )


async def _waits(cluster: ClusterInfo, stack: StackInfo, _folder: Path, figures: _Figures) -> str:
    database = Database(stack.database_url)
    told = []
    for how, (seconds, poll) in _OURS.items():
        database.begin()
        async with Api(cluster.kubeconfig) as api, namespace(api) as name:
            settings = operator_settings(name, maxConcurrent=_SINGLE_ROWS + 1, poll=poll)
            with running_operator(cluster, settings, stack.environment()):
                waited = await _one_by_one(api, name, database, seconds)
        figures.waits[how].append(waited)
        told.append(f"{how}: {_told(waited)}")
    return "; ".join(told)


async def _keda_waits(cluster: ClusterInfo, stack: StackInfo, folder: Path, figures: _Figures) -> str:
    database = Database(stack.database_url)
    database.begin()
    async with Api(cluster.kubeconfig) as api, _counting(api, cluster, stack, folder) as name:
        waited = await _one_by_one(api, name, database, _KEDA_ARRIVAL_SECONDS)
    figures.keda_waits.append(waited)
    return f"KEDA: {_told(waited)}"


@asynccontextmanager
async def _counting(api: Api, cluster: ClusterInfo, stack: StackInfo, folder: Path) -> AsyncIterator[str]:
    """Give the namespace in which KEDA creates Jobs for queued rows, for the time of the block."""
    place = folder / "keda"
    place.mkdir()
    with running_keda(cluster, place, progress=lambda _line: None) as keda:
        async with namespace(api) as name:
            scaled_job = ScaledJob(
                name="videos",
                namespace=name,
                database_url=stack.database_url,
                query=_QUERY,
                most=ROWS,
                node_selector=NOWHERE,
            )
            await asyncio.to_thread(keda.put, scaled_job)
            yield name


async def _one_by_one(api: Api, name: str, database: Database, seconds: float) -> list[float]:
    # One row goes ahead: until something moves the operator is idle.
    await insert_rows(database, rows=1, seconds=0.0)
    await until_jobs(api, name, 1)
    await asyncio.sleep(_SETTLE_SECONDS)
    return await waits(
        api, name, database, rows=_SINGLE_ROWS, seconds=seconds, settle_seconds=POLLING_SECONDS + _SETTLE_SECONDS
    )


def _moment_within(seconds: float) -> float:
    return random.uniform(0, seconds)  # noqa: S311 - it opens nothing


def _told(waited: list[float]) -> str:
    return f"median {median(waited):.2f} s, p99 {percentile(waited, 0.99):.2f} s of {len(waited)} rows"
