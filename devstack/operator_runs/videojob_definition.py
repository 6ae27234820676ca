"""Applies the VideoJob definition to a cluster without the chart."""

import subprocess
from pathlib import Path

from devstack.cluster import ClusterInfo

__all__ = ["know_videojobs"]

_CRD = Path(__file__).parents[2] / "crds" / "videojob.yaml"


def know_videojobs(cluster: ClusterInfo) -> None:
    """Apply the committed definition of VideoJob."""
    base = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig)]
    subprocess.run(
        [*base, "apply", "--server-side", "--force-conflicts", "-f", str(_CRD)],
        check=True,
        timeout=240,
        capture_output=True,
    )
    waiting = [*base, "wait", "--for=condition=Established", "crd/videojobs.runops.dev", "--timeout=180s"]
    subprocess.run(waiting, check=True, timeout=240, capture_output=True)
