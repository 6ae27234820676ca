"""The programs of the autoscaler, run beside a local cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devstack.autoscaler.manifests import INSTANCE_TYPES, InstanceType, NodePool, node_class
from devstack.cluster import ClusterInfo, ensure, sources_of
from devstack.cluster.controllers import free_port, kubectl, running_program, wait_until_ready
from devstack.cluster.model import Progress

__all__ = ["Autoscaler", "running_autoscaler"]

_STAGES = Path(__file__).parents[1] / "cluster" / "node" / "kwok_stages.yaml"
_DEFINITIONS = ("pkg/apis/crds", "kwok/apis/crds")
_REMOVAL_SECONDS = 120
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
        kubectl(self._cluster, "apply", "-f", "-", given=json.dumps(pool.manifest()))

    def remove(self, pool: NodePool) -> None:
        """Remove a pool; its nodes go with it."""
        kubectl(
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
        Receives each long step.
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
    kubectl(cluster, "apply", "-f", "-", given=json.dumps(node_class(boot_seconds=boot_seconds)))
    types = folder / "instance-types.json"
    types.write_text(json.dumps([one.as_json() for one in instance_types]))
    stages = folder / "stages.yaml"
    stages.write_text(yaml.safe_dump_all(_node_stages()))
    port = free_port()
    with (
        running_program(
            [
                str(kwok), f"--kubeconfig={cluster.kubeconfig}", f"--config={stages}", "--manage-all-nodes=false",
                "--manage-nodes-with-label-selector=kwok.x-k8s.io/node=fake",
                f"--node-lease-duration-seconds={_LEASE_SECONDS}", f"--server-address=127.0.0.1:{free_port()}",
            ],
            folder / "kwok.log",
            {},
        ) as nodes,
        running_program(
            [
                str(karpenter), "--disable-leader-election=true", "--metrics-port=0", f"--health-probe-port={port}",
                f"--instance-types-file-path={types}",
            ],
            folder / "karpenter.log",
            {"KUBECONFIG": str(cluster.kubeconfig), "SYSTEM_NAMESPACE": "kube-system"},
        ) as scaler,
    ):  # fmt: skip
        wait_until_ready(port, {folder / "kwok.log": nodes, folder / "karpenter.log": scaler})
        progress("Karpenter is ready")
        yield Autoscaler(folder / "karpenter.log", cluster)


def _define(cluster: ClusterInfo, sources: Path) -> None:
    names = []
    for folder in _DEFINITIONS:
        for definition in sorted((sources / folder).glob("*.yaml")):
            kubectl(cluster, "apply", "--server-side", "-f", str(definition))
            names.append(yaml.safe_load(definition.read_text())["metadata"]["name"])
    for name in names:
        kubectl(cluster, "wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")


def _node_stages() -> list[dict[str, Any]]:
    """Give what kwok does with nodes, and nothing of what it does with pods."""
    stages = yaml.safe_load_all(_STAGES.read_text())
    return [stage for stage in stages if stage["spec"]["resourceRef"]["kind"] == "Node"]
