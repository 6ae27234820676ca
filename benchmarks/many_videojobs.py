"""Ten thousand VideoJobs at work: what the operator costs then, how soon it is there again, and how soon it acts.

Nodes and pods are kwok's: pods are made, scheduled and run for hours, and nothing runs in them. The rows are real, and
so are VideoJobs, Jobs, the Job controller and the API server.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.benchmark import Outcome, Progress
from benchmarks.lean_environment import lean_environment
from benchmarks.measurement import Measurement, percentile
from benchmarks.process_cost import cpu_seconds, peak_resident_mib, resident_mib
from benchmarks.simulated_work import LONGEST_SECONDS, figures_of, make_nodes, settings_for, until_running
from benchmarks.site import bench_cluster, namespace, running_operator
from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api
from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.operator_process import Replica
from devstack.operator_runs.queued_rows import fill_queue, rows_of
from devstack.stack import StackInfo, running_stack

__all__ = ["measure"]

_VIDEOJOBS = 10_000
_BACKLOG = 100_000
_SETTLE_SECONDS = 60.0
_REST_SECONDS = 210.0
"""Of ten thousand rows the watch over them reads all every 200 s: one such look is part of it."""
_CHANGES = 100
"""One after the other, so that each is alone."""
_VIDEOJOB_PATH = "/apis/runops.dev/v1alpha1/namespaces/{}/videojobs"
_JOB_PATH = "/apis/batch/v1/namespaces/{}/jobs"


@dataclass(frozen=True)
class _Run:
    """What one run gave: seconds, MiB and shares of a core."""

    until_all_run: float
    at_rest: float
    changes: Sequence[float]
    before_backlog: float
    after_backlog: float
    restart: float
    restart_cpu: float
    peak: float


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return memory, processor time at rest, seconds until caught up, latency of a change; each beside its limit."""
    done = []
    with lean_environment("operator", progress) as programs:
        for run in range(runs):
            with (
                tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
                running_stack(Path(folder) / "stack") as stack,
                bench_cluster(progress, kwok=True) as cluster,
            ):
                done.append(asyncio.run(_measured(cluster, stack, programs / "runops-operator", progress)))
            progress(f"run {run + 1} of {runs} is over")
    of_runs = Measurement.of_runs
    results = [
        of_runs("10,000 VideoJobs: peak memory", "MiB", [run.peak for run in done], limit=165),
        of_runs("10,000 VideoJobs: core at rest", "%", [100 * run.at_rest for run in done], limit=1.0),
        of_runs("10,000 VideoJobs: restart", "s", [run.restart for run in done], limit=15.0),
        of_runs(
            "10,000 VideoJobs: change acted on, p99", "s", [percentile(run.changes, 0.99) for run in done], limit=1.0
        ),
        Measurement.of_pairs(
            f"{_BACKLOG} rows of backlog: memory",
            "MiB",
            [(run.after_backlog, run.before_backlog) for run in done],
            against="without",
            bound=1.05,
        ),
    ]
    return Outcome(results, {"runs": [asdict(run) for run in done]})


async def _measured(cluster: ClusterInfo, stack: StackInfo, program: Path, progress: Progress) -> _Run:
    database = Database(stack.database_url)
    database.begin()
    async with Api(cluster.kubeconfig) as api, namespace(api) as name:
        await make_nodes(api)
        settings = settings_for(name, _VIDEOJOBS)
        with running_operator(cluster, settings, stack.environment(), program=program) as operator:
            fill_queue(database, rows_of("many", _VIDEOJOBS, seed=0))
            took = await until_running(operator, _VIDEOJOBS, progress)
            progress(f"{_VIDEOJOBS} VideoJobs run after {took:.0f} s")
            await asyncio.sleep(_SETTLE_SECONDS)
            rest = await _at_rest(operator)
            progress(f"at rest {100 * rest:.2f} % of a core")
            changes = await _changes(api, name)
            progress(f"a change is acted on after {median(changes):.3f} s, p99 {percentile(changes, 0.99):.3f} s")
            before = resident_mib(operator.pid)
            _fill_backlog(database)
            await asyncio.sleep(_SETTLE_SECONDS)
            after = resident_mib(operator.pid)
            progress(f"resident memory {before:.0f} MiB, with a backlog of {_BACKLOG} rows {after:.0f} MiB")
            peak = peak_resident_mib(operator.pid)
        caught_up, restart_cpu, restart_peak = await _restart(cluster, settings, stack, program, progress)
        progress(f"caught up after {caught_up:.1f} s, {restart_cpu:.1f} s of processor time, {restart_peak:.0f} MiB")
    return _Run(took, rest, changes, before, after, caught_up, restart_cpu, max(peak, restart_peak))


async def _at_rest(operator: Replica) -> float:
    """Return the share of a core that is used while nothing changes."""
    before, began = cpu_seconds(operator.pid), time.monotonic()
    await asyncio.sleep(_REST_SECONDS)
    return (cpu_seconds(operator.pid) - before) / (time.monotonic() - began)


async def _changes(api: Api, namespace: str) -> Sequence[float]:
    """Suspend some VideoJobs, one after the other, and return after how many seconds their Jobs are."""
    page = await api.patiently("GET", _VIDEOJOB_PATH.format(namespace) + f"?limit={_CHANGES}")
    names = [item["metadata"]["name"] for item in page["items"]]
    random.Random(0).shuffle(names)  # noqa: S311 - it opens nothing
    latencies = []
    for name in names:
        began = time.monotonic()
        await api.patiently(
            "PATCH",
            f"{_VIDEOJOB_PATH.format(namespace)}/{name}",
            {"spec": {"suspend": True}},
            content_type="application/merge-patch+json",
        )
        while True:
            job = await api.patiently("GET", f"{_JOB_PATH.format(namespace)}/{name}")
            if job["spec"].get("suspend"):
                break
            if time.monotonic() - began > 60:
                raise RuntimeError(f"the Job {name} is not suspended after a minute")
            await asyncio.sleep(0.01)
        latencies.append(time.monotonic() - began)
    return latencies


async def _restart(
    cluster: ClusterInfo, settings: dict[str, Any], stack: StackInfo, program: Path, progress: Progress
) -> tuple[float, float, float]:
    """Return the seconds until a new operator has looked at everything, its processor time and its peak memory."""
    began = time.monotonic()
    with running_operator(cluster, settings, stack.environment(), program=program) as operator:
        progress(f"ready after {time.monotonic() - began:.1f} s")
        while True:
            figures = await asyncio.to_thread(figures_of, operator)
            looks = sum(value for key, value in figures.items() if key.startswith("runops_reconcile_seconds_count"))
            if looks >= _VIDEOJOBS and figures.get("runops_workqueue_depth", 1.0) == 0:
                return time.monotonic() - began, cpu_seconds(operator.pid), peak_resident_mib(operator.pid)
            if time.monotonic() - began > LONGEST_SECONDS:
                raise RuntimeError(f"only {looks:.0f} VideoJobs were looked at after {LONGEST_SECONDS:.0f} s")
            await asyncio.sleep(0.25)


def _fill_backlog(database: Database) -> None:
    database.run(
        "insert into public.jobs (job_id, metadata) select gen_random_uuid(), "
        "jsonb_build_object('user_id', md5((n %% 50)::text)::uuid) from generate_series(1, %s) n",
        (_BACKLOG,),
    )
