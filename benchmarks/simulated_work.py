"""Videos at work for hours of which nothing runs: nodes and pods are kwok's, all else is real."""

import asyncio
from typing import Any

import httpx

from benchmarks.benchmark import Progress
from benchmarks.process_cost import resident_mib
from benchmarks.site import operator_settings
from devstack.cluster.node.apiserver import simulated_node
from devstack.fake_kubelet import Api
from devstack.operator_runs.operator_process import Replica

__all__ = ["LONGEST_SECONDS", "figures_of", "make_nodes", "settings_for", "until_running"]

LONGEST_SECONDS = 1800.0
_NODES = 3
"""Of 5,000 pods each."""


async def make_nodes(api: Api) -> None:
    """Make nodes with room for 15,000 pods."""
    for number in range(_NODES):
        await api.patiently("POST", "/api/v1/nodes", simulated_node(f"simulated-{number}"))


def settings_for(namespace: str, videojobs: int) -> dict[str, Any]:
    """Return the configuration of an operator that has so many videos at work at once."""
    return operator_settings(
        namespace,
        maxConcurrent=videojobs,
        worker={
            "image": "runops.invalid/worker:1",
            "serviceAccountName": "default",
            "secretName": "keys",
            "annotations": {"devstack.runops.dev/run-for": "5h"},
        },
        deadlines={"noProgressSeconds": 36_000},
    )


async def until_running(operator: Replica, videojobs: int, progress: Progress) -> float:
    """Return after how many seconds from now so many VideoJobs run.

    Raises
    ------
    RuntimeError
        They do not after half an hour.
    """
    loop = asyncio.get_running_loop()
    began = told = loop.time()
    while True:
        figures = await asyncio.to_thread(figures_of, operator)
        running = sum(
            value for key, value in figures.items() if key.startswith("runops_videos{") and 'phase="Running"' in key
        )
        if running >= videojobs:
            return loop.time() - began
        if loop.time() - began > LONGEST_SECONDS:
            raise RuntimeError(f"only {running:.0f} of {videojobs} VideoJobs run after {LONGEST_SECONDS:.0f} s")
        if loop.time() - told > 20.0:
            told = loop.time()
            progress(f"{running:.0f} run, resident memory {resident_mib(operator.pid):.0f} MiB")
        await asyncio.sleep(0.1 if videojobs <= 1000 else 1.0)


def figures_of(operator: Replica) -> dict[str, float]:
    """Return the operator's metrics by name and labels."""
    text = httpx.get(f"{operator.probes}/metrics", timeout=30, trust_env=False).text
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {key: float(value) for key, _, value in lines}
