"""How time and memory grow with the number of videos: 10, 100, 1,000 and 10,000 rows at once, all of them at work.

Each number has a cluster and an operator of its own. Nodes and pods are simulated, so that what is measured is the way
from the row to a running pod, and what the operator keeps of it.
"""

import asyncio
import tempfile
from pathlib import Path

from benchmarks.benchmark import Outcome, Progress
from benchmarks.lean_environment import lean_environment
from benchmarks.measurement import Measurement
from benchmarks.plot import Curve, draw
from benchmarks.process_cost import peak_resident_mib, resident_mib
from benchmarks.simulated_work import make_nodes, settings_for, until_running
from benchmarks.site import bench_cluster, namespace, running_operator
from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api
from devstack.looker_on import Database
from devstack.queued_rows import fill_queue, rows_of
from devstack.stack import StackInfo, running_stack

__all__ = ["measure"]

_NUMBERS = (10, 100, 1000, 10_000)
_NEAR_LINEAR = 1.25
_SETTLE_SECONDS = 5.0


def measure(*, runs: int, progress: Progress) -> Outcome:  # noqa: ARG001 - a curve needs its points once
    """Return what a row costs among 10,000 beside what it costs among 1,000, and draw both curves."""
    seconds, idle, peak = [], [], []
    with lean_environment("operator", progress) as programs:
        program = programs / "runops-operator"
        for number in _NUMBERS:
            with (
                tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
                running_stack(Path(folder) / "stack") as stack,
                bench_cluster(progress, kwok=True) as cluster,
            ):
                took, before, most = asyncio.run(_at_work(cluster, stack, program, number, progress))
            progress(f"{number} rows: {took:.1f} s, {before:.0f} MiB before them, {most:.0f} MiB at most")
            seconds.append(took)
            idle.append(before)
            peak.append(most)
    above = [most - before for most, before in zip(peak, idle, strict=True)]
    _draw(seconds, peak, above, progress)
    results = [
        Measurement(
            what=f"growth: {what} a row among 10,000",
            unit=unit,
            figure=scale * values[-1] / _NUMBERS[-1],
            limit=scale * values[-2] / _NUMBERS[-2],
            against="among 1,000",
            bound=_NEAR_LINEAR,
        )
        for what, unit, scale, values in (("time", "ms", 1000, seconds), ("memory", "KiB", 1024, above))
    ]
    return Outcome(results, {"rows": _NUMBERS, "seconds": seconds, "idle_mib": idle, "peak_mib": peak})


async def _at_work(
    cluster: ClusterInfo, stack: StackInfo, program: Path, number: int, progress: Progress
) -> tuple[float, float, float]:
    """Return the seconds until all rows have a running pod, and the operator's memory before and at most, in MiB."""
    database = Database(stack.database_url)
    database.begin()
    async with Api(cluster.kubeconfig) as api, namespace(api) as name:
        await make_nodes(api)
        settings = settings_for(name, number) | {"poll": {"idleSeconds": 1}}
        with running_operator(cluster, settings, stack.environment(), program=program) as operator:
            await asyncio.sleep(_SETTLE_SECONDS)
            before = resident_mib(operator.pid)
            fill_queue(database, rows_of("growth", number, seed=0))
            took = await until_running(operator, number, progress)
            await asyncio.sleep(_SETTLE_SECONDS)
            return took, before, peak_resident_mib(operator.pid)


def _draw(seconds: list[float], peak: list[float], above: list[float], progress: Progress) -> None:
    time, memory, most = Curve("time", seconds), Curve("above idle", above), Curve("peak", peak)
    title = "From queued rows to running pods"
    draw("growth-time", progress, title=title, unit="seconds", rows=_NUMBERS, curves=[time])
    title = "The operator's memory"
    draw("growth-memory", progress, title=title, unit="MiB", rows=_NUMBERS, curves=[memory, most])
