"""Runs the cases one after the other on one cluster, and says what is promised of them."""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from benchmarks.autoscaling.burst import Place, burst
from benchmarks.autoscaling.case import IN_TURN, ONCE, Case
from benchmarks.autoscaling.record import Record, table
from benchmarks.autoscaling.recordings import put_recordings
from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from devstack.autoscaler import NodePool, running_autoscaler
from devstack.cluster import running_cluster
from devstack.operator_runs.installation import Installation, install
from devstack.operator_runs.observed_tables import Database
from devstack.stack import running_stack

__all__ = ["judged", "measure"]

_CHART_VALUES = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator" / "values.yaml"
_SCALE_DOWN_SECONDS = 60.0
_SEED = 1


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Run a burst with and without the annotations in turn, and every other case once; return what is promised."""
    records = []
    for record in _run((*(IN_TURN * runs), *ONCE), progress):
        records.append(record)
        progress(table([record]))
    return Outcome(judged(records), {"cases": [asdict(record) for record in records]})


def judged(records: Sequence[Record]) -> list[Measurement]:
    """Return what is promised of the bursts, those with and without the annotations by pairs.

    Raises
    ------
    RuntimeError
        Without the annotations no worker was evicted either.
    """
    of: dict[str, list[Record]] = {}
    for record in records:
        of.setdefault(record.case, []).append(record)
    ours, rivals = of["burst"], of["unprotected"]
    if not all(rival.stopped_at_work for rival in rivals):
        raise RuntimeError("without the annotations no worker was evicted either: this run shows nothing of them")
    rows = ours[0].rows

    return [
        Measurement.of_pairs(
            f"{rows} rows: workers evicted at work", "workers",
            [(one.stopped_at_work, rival.stopped_at_work) for one, rival in zip(ours, rivals, strict=True)],
            against="without the annotations", bound=0.0,
        ),
        Measurement.of_runs(
            f"{rows} rows: paid calls", "calls", [one.paid_calls for one in ours],
            limit=2 * rows, against="two for each row",
        ),
        *(
            Measurement.of_runs(
                f"{case}: most attempts of a video", "attempts", [one.most_attempts for one in some], limit=1
            )
            for case, some in of.items()
        ),
        *(
            Measurement.of_pairs(
                f"{case}: rows queued", "rows", [(one.rows, one.completed) for one in some],
                against="completed", bound=1.0,
            )
            for case, some in of.items()
        ),
        Measurement.of_runs(
            "last row done to last node gone", "s", [one.last_node_after_last_row for one in ours],
            limit=_SCALE_DOWN_SECONDS,
        ),
        Measurement.of_runs(
            "nodes, disk asked for by the recording's size", "nodes", [one.nodes_most for one in ours],
            limit=of["sizes-unknown"][0].nodes_most, against="size not known",
        ),
    ]  # fmt: skip


def _run(cases: tuple[Case, ...], progress: Progress) -> Iterator[Record]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runops-bench-")))
        supabase = stack.enter_context(running_stack(folder / "stack", listen="0.0.0.0"))
        # Before the cluster goes: whatever talks to it ends first.
        cluster = stack.enter_context(running_cluster(f"bench-{os.getpid()}", progress=progress))
        logs = folder / "autoscaler"
        logs.mkdir()
        autoscaler = stack.enter_context(running_autoscaler(cluster, logs, progress=progress))
        for number, case in enumerate(cases):
            pool = NodePool(name="workers", most_cpus=case.most_cpus)
            job_ids = [uuid4() for _ in range(case.rows)]
            Database(supabase.database_url).begin()
            if case.sizes_known:
                put_recordings(supabase, job_ids, seed=_SEED)
            autoscaler.put(pool)
            installation = install(
                cluster,
                supabase,
                namespace=f"autoscaling-{number}-{case.name}",
                values=_values(case, pool),
                progress=progress,
            )
            _put_quota(installation, case)
            place = Place(cluster, supabase, installation.namespace, pool, progress)
            yield asyncio.run(burst(place, case, job_ids))
            installation.uninstall()
            autoscaler.remove(pool)


def _values(case: Case, pool: NodePool) -> dict[str, Any]:
    """Return the chart's values: its own amounts for workers, not those for a development cluster."""
    worker = _chart_values()["worker"]
    annotations = {} if case.asks_to_be_left else {"annotations": dict.fromkeys(worker["annotations"])}
    return {
        "maxConcurrent": case.at_a_time or case.rows,
        "worker": {
            "resources": worker["resources"],
            "nodeSelector": pool.node_selector,
            "tolerations": [pool.toleration],
            **annotations,
        },
    }


def _chart_values() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(_CHART_VALUES.read_text())
    return values


def _put_quota(installation: Installation, case: Case) -> None:
    if case.most_pods is None:
        return
    operators = _chart_values()["replicas"]
    installation.kubectl("create", "quota", "workers", f"--hard=pods={case.most_pods + operators}")
