"""Fixtures of everything that needs a Kubernetes cluster. One cluster serves the whole session."""

import os
import subprocess
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from devstack import cluster as local_cluster
from devstack.cluster import ClusterInfo, ClusterUnavailable
from tests.cluster_objects import ClusterObjects

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[ClusterInfo]:
    """A cluster of this session's own. Where none can be had, tests fail if one is required, else skip loudly."""
    name = f"test-{os.getpid()}"
    try:
        info = local_cluster.up(name, progress=lambda text: print(f"cluster: {text}"))  # noqa: T201 - shown on failure
    except ClusterUnavailable as error:
        if os.environ.get("RUNOPS_REQUIRE_CLUSTER") == "1":
            pytest.fail(f"a cluster is required: {error}")
        pytest.skip(f"NO CLUSTER, so this shows nothing: {error}")
    try:
        yield info
    finally:
        local_cluster.down(name)


@pytest.fixture
def kubectl(cluster: ClusterInfo) -> Kubectl:
    """Runs kubectl against the cluster; gives what it printed and how it ended."""

    def run(*arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
        command = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig), *arguments]
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=240, check=False)

    return run


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """A namespace for one test."""
    name = f"t-{uuid4().hex[:10]}"
    made = kubectl("create", "namespace", name)
    assert made.returncode == 0, made.stderr
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def objects(cluster: ClusterInfo, namespace: str) -> Iterator[ClusterObjects]:
    """Reads what is in the test's namespace."""
    reader = ClusterObjects(cluster.kubeconfig, namespace)
    yield reader
    reader.close()
