"""How time and memory grow with the number of videos: 10, 100, 1,000 and 10,000 rows at once, all of them at work.

Each number has a cluster and an operator of its own. Nodes and pods are simulated, so that what is measured is the way
from the row to a running pod, and what the operator keeps of it.
"""

import asyncio
import tempfile
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path
from statistics import median

from benchmarks.benchmark import Outcome, Progress
from benchmarks.lean_environment import lean_environment
from benchmarks.measurement import Measurement
from benchmarks.plot import Curve, draw
from benchmarks.process_cost import peak_resident_mib, resident_mib
from benchmarks.simulated_work import make_nodes, settings_for, until_running
from benchmarks.site import bench_cluster, namespace, running_operator
from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api
from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.queued_rows import fill_queue, rows_of
from devstack.stack import StackInfo, running_stack

__all__ = ["measure"]

_NUMBERS = (10, 100, 1000, 10_000)
_NEAR_LINEAR = 1.25
_SETTLE_SECONDS = 5.0


@dataclass(frozen=True)
class _Point:
    """One number of rows: seconds until all have a running pod, the operator's memory before and at most, in MiB."""

    rows: int
    seconds: float
    before: float
    most: float

    @property
    def milliseconds_a_row(self) -> float:
        return 1000 * self.seconds / self.rows

    @property
    def kibibytes_a_row(self) -> float:
        return 1024 * (self.most - self.before) / self.rows


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return what a row costs among 10,000 beside what it costs among 1,000, and draw the medians' curves."""
    done = []
    with lean_environment("operator", progress) as programs:
        for run in range(runs):
            done.append([_point(number, programs / "runops-operator", progress) for number in _NUMBERS])
            progress(f"run {run + 1} of {runs} is over")
    points = list(zip(*done, strict=True))
    seconds = [median(one.seconds for one in some) for some in points]
    above = [median(one.most - one.before for one in some) for some in points]
    peak = [median(one.most for one in some) for some in points]
    _draw(seconds, peak, above, progress)
    fewer, many = points[-2:]
    results = [
        Measurement.of_pairs(
            f"growth: {what} a row among {_NUMBERS[-1]:,}",
            unit,
            [(cost(ours), cost(theirs)) for ours, theirs in zip(many, fewer, strict=True)],
            against=f"among {_NUMBERS[-2]:,}",
            bound=_NEAR_LINEAR,
        )
        for what, unit, cost in (
            ("time", "ms", attrgetter("milliseconds_a_row")),
            ("memory", "KiB", attrgetter("kibibytes_a_row")),
        )
    ]
    return Outcome(results, {"runs": [[asdict(one) for one in some] for some in done]})


def _point(number: int, program: Path, progress: Progress) -> _Point:
    with (
        tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
        running_stack(Path(folder) / "stack") as stack,
        bench_cluster(progress, kwok=True) as cluster,
    ):
        point = asyncio.run(_at_work(cluster, stack, program, number, progress))
    progress(f"{number} rows: {point.seconds:.1f} s, {point.before:.0f} MiB before them, {point.most:.0f} MiB at most")
    return point


async def _at_work(cluster: ClusterInfo, stack: StackInfo, program: Path, number: int, progress: Progress) -> _Point:
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
            return _Point(number, took, before, peak_resident_mib(operator.pid))


def _draw(seconds: list[float], peak: list[float], above: list[float], progress: Progress) -> None:
    time, memory, most = Curve("time", seconds), Curve("above idle", above), Curve("peak", peak)
    title = "From queued rows to running pods"
    draw("growth-time", progress, title=title, unit="seconds", rows=_NUMBERS, curves=[time])
    title = "The operator's memory"
    draw("growth-memory", progress, title=title, unit="MiB", rows=_NUMBERS, curves=[memory, most])
