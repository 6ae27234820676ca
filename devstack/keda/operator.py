"""KEDA's operator, run beside a local cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.cluster import ClusterInfo, ensure, sources_of
from devstack.cluster.configuration.certificates import Authority
from devstack.cluster.controllers import free_port, kubectl, running_program, wait_until_ready
from devstack.cluster.model import Progress
from devstack.keda.manifests import ScaledJob

__all__ = ["POLLING_SECONDS", "Keda", "arguments", "running_keda"]

POLLING_SECONDS = 30.0
"""How often KEDA counts where a ScaledJob does not say: `defaultPollingInterval` in its `withtriggers_types.go`."""

_NAMESPACE = "keda"
_READY_SECONDS = 60


@dataclass(frozen=True)
class Keda:
    """KEDA, while it runs.

    Attributes
    ----------
    log
        What its operator says.
    """

    log: Path
    _cluster: ClusterInfo

    def put(self, scaled_job: ScaledJob) -> None:
        """Make a ScaledJob; returns when KEDA counts for it.

        Raises
        ------
        ClusterUnavailable
            KEDA refuses it or does not know it after a minute.
        """
        for manifest in scaled_job.manifests():
            kubectl(self._cluster, "apply", "-f", "-", given=json.dumps(manifest))
        kubectl(
            self._cluster, "wait", "--for=condition=Ready", f"scaledjob/{scaled_job.name}",
            f"--namespace={scaled_job.namespace}", f"--timeout={_READY_SECONDS}s", seconds=_READY_SECONDS + 10,
        )  # fmt: skip


def arguments(*, health_port: int, metrics_port: int, certificates: Path) -> list[str]:
    """Give the operator's arguments: its defaults, but for where it listens.

    Parameters
    ----------
    health_port, metrics_port
        For its probes, and for its metrics service, which cannot be left out.
    certificates
        The folder of the metrics service's certificates.
    """
    return [
        "--metrics-bind-address=0",
        f"--health-probe-bind-address=127.0.0.1:{health_port}",
        f"--metrics-service-bind-address=127.0.0.1:{metrics_port}",
        f"--cert-dir={certificates}",
    ]


@contextmanager
def running_keda(cluster: ClusterInfo, folder: Path, *, progress: Progress) -> Iterator[Keda]:
    """Build KEDA's operator where it is missing, and run it for the time of a `with` block.

    Parameters
    ----------
    cluster
        Where Jobs are created.
    folder
        Empty; takes certificates and the log.
    progress
        Receives each long step.

    Raises
    ------
    ClusterUnavailable
        It cannot be built or does not start.
    """
    program = ensure("keda", progress)
    # Their own kustomization: the definitions need its patches.
    kubectl(cluster, "apply", "--server-side", "-k", str(sources_of("keda") / "config" / "crd"))
    kubectl(cluster, "wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    certificates = folder / "certificates"
    _certify(certificates)
    port, log = free_port(), folder / "keda.log"
    with running_program(
        [str(program), *arguments(health_port=port, metrics_port=free_port(), certificates=certificates)],
        log,
        {
            "KUBECONFIG": str(cluster.kubeconfig),
            "WATCH_NAMESPACE": "",
            "POD_NAMESPACE": _NAMESPACE,
            "KEDA_CLUSTER_OBJECT_NAMESPACE": _NAMESPACE,
        },
    ) as operator:
        wait_until_ready(port, {log: operator})
        progress("KEDA is ready")
        yield Keda(log, cluster)


def _certify(folder: Path) -> None:
    folder.mkdir()
    authority = Authority("keda")
    (folder / "ca.crt").write_bytes(authority.certificate)
    authority.issue("keda-operator", names=("127.0.0.1",)).write(folder, "tls")
