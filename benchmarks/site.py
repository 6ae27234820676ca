"""Where benchmarks take place: a cluster of their own, a stack, and the operator as a process of this machine."""

import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.benchmark import Progress
from devstack.cluster import ClusterInfo, running_cluster
from devstack.fake_kubelet import Api
from devstack.operator_runs.operator_process import Replica, program_starts
from devstack.operator_runs.videojob_definition import know_videojobs

__all__ = ["NOWHERE", "bench_cluster", "namespace", "operator_settings", "running_operator"]

NOWHERE = {"benchmarks.runops.dev/there-is": "no-such-node"}
"""A node selector: pods that have it wait for ever. What starts pods is the same for everybody and not measured."""

_READY_SECONDS = 60.0


@contextmanager
def bench_cluster(progress: Progress, *, kwok: bool = False) -> Iterator[ClusterInfo]:
    """Give a cluster that knows VideoJobs, for the time of the block; with simulated nodes where `kwok` says so."""
    with running_cluster(f"bench-{os.getpid()}", kwok=kwok, progress=progress) as cluster:
        know_videojobs(cluster)
        yield cluster


@asynccontextmanager
async def namespace(api: Api) -> AsyncIterator[str]:
    """Give the name of a new namespace, which is deleted after the block."""
    name = f"bench-{uuid4().hex[:8]}"
    await api.patiently("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        yield name
    finally:
        await api.patiently("DELETE", f"/api/v1/namespaces/{name}", seconds=30)


def operator_settings(namespace: str, **changes: Any) -> dict[str, Any]:
    """Return an operator's configuration: the defaults, except for what a benchmark is about."""
    worker = {
        "image": "runops.invalid/worker:1",
        "serviceAccountName": "default",
        "secretName": "keys",
        "nodeSelector": NOWHERE,
    }
    return {
        "installation": f"bench/{namespace}",
        "namespace": namespace,
        "prompts": {"configMap": "prompts"},
        "worker": worker,
        "leaderElection": {"enabled": False},
    } | changes


@contextmanager
def running_operator(
    cluster: ClusterInfo, settings: Mapping[str, Any], environment: Mapping[str, str], *, program: Path | None = None
) -> Iterator[Replica]:
    """Give an operator that is ready, for the time of the block.

    Parameters
    ----------
    cluster, settings, environment
        Where it runs, its configuration, its keys.
    program
        `runops-operator` of an environment; of this one where None.

    Raises
    ------
    RuntimeError
        It is not ready after a minute; its log's end is in the message.
    """
    with tempfile.TemporaryDirectory(prefix="runops-bench-operator-") as folder:
        operator = Replica(
            "bench",
            settings=settings,
            environment=environment,
            kubeconfig=cluster.kubeconfig,
            folder=Path(folder) / "operator",
            starts=None if program is None else program_starts(program),
        )
        operator.start()
        try:
            _wait_until_ready(operator)
            yield operator
        finally:
            operator.kill()


def _wait_until_ready(operator: Replica) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{operator.probes}/readyz", timeout=2, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"The operator is not ready after {_READY_SECONDS:.0f} s:\n{operator.log_tail()}")
