"""The programs of the autoscaler, run beside a local cluster."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devstack.autoscaler.manifests import INSTANCE_TYPES, InstanceType, NodePool, node_class
from devstack.cluster import ClusterInfo, ClusterUnavailable, ensure, sources_of
from devstack.cluster.building import last_lines
from devstack.cluster.model import Progress

__all__ = ["Autoscaler", "running_autoscaler"]

_STAGES = Path(__file__).parents[1] / "cluster" / "kwok_stages.yaml"
_DEFINITIONS = ("pkg/apis/crds", "kwok/apis/crds")
_START_SECONDS = 60.0
_PAUSE = 0.2
_KUBECTL_SECONDS = 60
_REMOVAL_SECONDS = 120
_LOG_TAIL = 15
_LEASE_SECONDS = 40


@dataclass(frozen=True)
class Autoscaler:
    """Karpenter, while it runs.

    Attributes
    ----------
    log
        What Karpenter says, one JSON object a line.
    """

    log: Path
    _cluster: ClusterInfo

    def put(self, pool: NodePool) -> None:
        """Make or change a pool of nodes."""
        _kubectl(self._cluster, "apply", "-f", "-", given=json.dumps(pool.manifest()))

    def remove(self, pool: NodePool) -> None:
        """Remove a pool; its nodes go with it."""
        _kubectl(
            self._cluster, "delete", "nodepool", pool.name, "--ignore-not-found", "--wait=true",
            seconds=_REMOVAL_SECONDS,
        )  # fmt: skip


@contextmanager
def running_autoscaler(
    cluster: ClusterInfo,
    folder: Path,
    *,
    progress: Progress,
    instance_types: Sequence[InstanceType] = INSTANCE_TYPES,
    boot_seconds: int = 10,
) -> Iterator[Autoscaler]:
    """Build Karpenter and kwok where they are missing, and run them for the time of a `with` block.

    Parameters
    ----------
    cluster
        Where nodes are made. It needs a scheduler and a controller manager.
    folder
        Empty; takes configuration and logs.
    progress
        Told of each long step.
    instance_types
        What there is to choose from.
    boot_seconds
        As for `node_class`.

    Raises
    ------
    ClusterUnavailable
        A program cannot be built or does not start.
    """
    karpenter, kwok = ensure("karpenter-kwok", progress), ensure("kwok", progress)
    _define(cluster, sources_of("karpenter-kwok"))
    _kubectl(cluster, "apply", "-f", "-", given=json.dumps(node_class(boot_seconds=boot_seconds)))
    types = folder / "instance-types.json"
    types.write_text(json.dumps([one.as_json() for one in instance_types]))
    stages = folder / "stages.yaml"
    stages.write_text(yaml.safe_dump_all(_node_stages()))
    port = _free_port()
    with (
        _program(
            [
                str(kwok), f"--kubeconfig={cluster.kubeconfig}", f"--config={stages}", "--manage-all-nodes=false",
                "--manage-nodes-with-label-selector=kwok.x-k8s.io/node=fake",
                f"--node-lease-duration-seconds={_LEASE_SECONDS}", f"--server-address=127.0.0.1:{_free_port()}",
            ],
            folder / "kwok.log",
            {},
        ) as nodes,
        _program(
            [
                str(karpenter), "--disable-leader-election=true", "--metrics-port=0", f"--health-probe-port={port}",
                f"--instance-types-file-path={types}",
            ],
            folder / "karpenter.log",
            {"KUBECONFIG": str(cluster.kubeconfig), "SYSTEM_NAMESPACE": "kube-system"},
        ) as scaler,
    ):  # fmt: skip
        _wait_ready(port, {folder / "kwok.log": nodes, folder / "karpenter.log": scaler})
        progress("Karpenter is ready")
        yield Autoscaler(folder / "karpenter.log", cluster)


def _define(cluster: ClusterInfo, sources: Path) -> None:
    names = []
    for folder in _DEFINITIONS:
        for definition in sorted((sources / folder).glob("*.yaml")):
            _kubectl(cluster, "apply", "--server-side", "-f", str(definition))
            names.append(yaml.safe_load(definition.read_text())["metadata"]["name"])
    for name in names:
        _kubectl(cluster, "wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")


def _node_stages() -> list[dict[str, Any]]:
    """Give what kwok does with nodes, and nothing of what it does with pods."""
    stages = yaml.safe_load_all(_STAGES.read_text())
    return [stage for stage in stages if stage["spec"]["resourceRef"]["kind"] == "Node"]


@contextmanager
def _program(command: list[str], log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as sink:
        process = subprocess.Popen(
            # The kernel ends it with us, however we end.
            [shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL", *command],
            # Nothing else of our environment: no keys, and no proxy between it and the API server.
            env={"PATH": os.environ["PATH"], "HOME": str(log.parent), **environment},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=log.parent,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


def _wait_ready(port: int, programs: Mapping[Path, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(f"http://127.0.0.1:{port}/readyz"):
        for log, process in programs.items():
            if process.poll() is not None:
                raise ClusterUnavailable(f"{log.stem} ended: {last_lines(log.read_text(errors='replace'), _LOG_TAIL)}")
        if time.monotonic() > deadline:
            said = "\n".join(last_lines(log.read_text(errors="replace"), _LOG_TAIL) for log in programs)
            raise ClusterUnavailable(f"Karpenter is not ready after {_START_SECONDS:.0f} s: {said}")
        time.sleep(_PAUSE)


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _kubectl(cluster: ClusterInfo, *words: str, given: str | None = None, seconds: float = _KUBECTL_SECONDS) -> None:
    command = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig), *words]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode != 0:
        raise ClusterUnavailable(f"kubectl {' '.join(words[:2])} failed: {done.stderr.strip()[-500:]}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
