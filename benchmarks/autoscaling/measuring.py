"""Runs the cases one after the other on one cluster, and says what is promised of them."""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from benchmarks.autoscaling.burst import Place, burst
from benchmarks.autoscaling.case import CASES, Case
from benchmarks.autoscaling.record import Record, table
from benchmarks.autoscaling.recordings import put_recordings
from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from devstack import cluster as local_cluster
from devstack.autoscaler import NodePool, running_autoscaler
from devstack.installation import Installation, install
from devstack.looker_on import Database
from devstack.stack import running_stack

__all__ = ["measure"]

_CHART_VALUES = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator" / "values.yaml"
_SCALE_DOWN_SECONDS = 60.0
_SEED = 1


def measure(*, runs: int, progress: Progress) -> Outcome:  # noqa: ARG001 - a burst takes minutes; each case runs once
    """Run all cases, and return what is promised, with their records."""
    records = []
    for record in _run(CASES, progress):
        records.append(record)
        progress(table([record]))
    judged = _judged({record.case: record for record in records})
    return Outcome(judged, {"cases": [asdict(record) for record in records]})


def _judged(records: Mapping[str, Record]) -> list[Measurement]:
    ours, rival = records["burst"], records["unprotected"]
    if not rival.stopped_at_work:
        raise RuntimeError("without the annotations no worker was evicted either: this run shows nothing of them")

    def one(what: str, unit: str, figure: float, limit: float, against: str) -> Measurement:
        return Measurement(what=what, unit=unit, figure=figure, limit=limit, against=against)

    return [
        one(
            f"{ours.rows} rows: workers evicted at work", "workers", ours.stopped_at_work, rival.stopped_at_work,
            "without the annotations",
        ),
        one(f"{ours.rows} rows: paid calls", "calls", ours.paid_calls, 2 * ours.rows, "two for each row"),
        *(
            one(f"{record.case}: most attempts of a video", "attempts", record.most_attempts, 1, "limit")
            for record in records.values()
        ),
        *(
            one(f"{record.case}: rows queued", "rows", record.rows, record.completed, "completed")
            for record in records.values()
        ),
        one("last row done to last node gone", "s", ours.last_node_after_last_row, _SCALE_DOWN_SECONDS, "limit"),
        one(
            "nodes, disk asked for by the recording's size", "nodes", ours.nodes_most,
            records["sizes-unknown"].nodes_most, "size not known",
        ),
    ]  # fmt: skip


def _run(cases: tuple[Case, ...], progress: Progress) -> Iterator[Record]:
    name = f"bench-{os.getpid()}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runops-bench-")))
        supabase = stack.enter_context(running_stack(folder / "stack", listen="0.0.0.0"))
        # Before the cluster goes: whatever talks to it ends first.
        stack.callback(local_cluster.down, name)
        cluster = local_cluster.up(name, progress=progress)
        logs = folder / "autoscaler"
        logs.mkdir()
        autoscaler = stack.enter_context(running_autoscaler(cluster, logs, progress=progress))
        for case in cases:
            pool = NodePool(name="workers", most_cpus=case.most_cpus)
            job_ids = [uuid4() for _ in range(case.rows)]
            Database(supabase.database_url).begin()
            if case.sizes_known:
                put_recordings(supabase, job_ids, seed=_SEED)
            autoscaler.put(pool)
            installation = install(
                cluster, supabase, namespace=f"autoscaling-{case.name}", values=_values(case, pool), progress=progress
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
