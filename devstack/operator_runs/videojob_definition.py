"""Applies the VideoJob definition to a cluster without the chart, and deletes it."""

import subprocess
from pathlib import Path

from devstack.cluster import ClusterInfo

__all__ = ["forget_videojobs", "know_videojobs"]

_CRD = Path(__file__).parents[2] / "crds" / "videojob.yaml"


def know_videojobs(cluster: ClusterInfo) -> None:
    """Apply the committed definition of VideoJob."""
    base = _kubectl(cluster)
    subprocess.run(
        [*base, "apply", "--server-side", "--force-conflicts", "-f", str(_CRD)],
        check=True,
        timeout=240,
        capture_output=True,
    )
    waiting = [*base, "wait", "--for=condition=Established", "crd/videojobs.runops.dev", "--timeout=180s"]
    subprocess.run(waiting, check=True, timeout=240, capture_output=True)


def forget_videojobs(cluster: ClusterInfo) -> None:
    """Delete the definition of VideoJob, and every VideoJob with it; wait until it is gone."""
    subprocess.run(
        [*_kubectl(cluster), "delete", "crd", "videojobs.runops.dev", "--wait", "--timeout=180s"],
        check=True,
        timeout=240,
        capture_output=True,
    )


def _kubectl(cluster: ClusterInfo) -> list[str]:
    return [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig)]
