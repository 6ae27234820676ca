import subprocess
from pathlib import Path

import pytest

from devstack.cluster import ClusterInfo
from devstack.stack import StackInfo
from runops.crd import custom_resource_definition
from tests.apiserver.operator_process import Start, starter

CRD = Path(__file__).parents[2] / "crds" / "videojob.yaml"


@pytest.fixture(scope="session")
def definition(cluster: ClusterInfo) -> str:
    """The committed CustomResourceDefinition, established on the API server."""
    base = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig)]
    subprocess.run([*base, "apply", "--server-side", "--force-conflicts", "-f", str(CRD)], check=True, timeout=240)
    name: str = custom_resource_definition()["metadata"]["name"]
    subprocess.run(
        [*base, "wait", "--for=condition=Established", f"crd/{name}", "--timeout=180s"], check=True, timeout=240
    )
    return name


@pytest.fixture
def start(cluster: ClusterInfo, namespace: str, stack: StackInfo, tmp_path: Path) -> Start:
    """Starts operators for the test's namespace, with the stack's keys."""
    return starter(tmp_path, namespace=namespace, kubeconfig=cluster.kubeconfig, keys=stack.environment())
