"""Fixtures of everything that needs a Kubernetes cluster. One cluster serves the whole session."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from uuid import uuid4

import httpx
import pytest

from devstack.cluster import ClusterInfo, ClusterUnavailable, running_cluster
from tests.cluster_objects import ClusterObjects, api_client
from tests.eventually import eventually

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[ClusterInfo]:
    """A cluster of this session's own. Where none can be had, tests fail if one is required, else skip loudly."""
    with ExitStack() as until_the_end:
        running = running_cluster(f"test-{os.getpid()}", progress=lambda text: print(f"cluster: {text}"))  # noqa: T201 - shown on failure
        try:
            info = until_the_end.enter_context(running)
        except ClusterUnavailable as error:
            if os.environ.get("RUNOPS_REQUIRE_CLUSTER") == "1":
                pytest.fail(f"a cluster is required: {error}")
            pytest.skip(f"NO CLUSTER, so this shows nothing: {error}")
        yield info


@pytest.fixture
def kubectl(cluster: ClusterInfo) -> Kubectl:
    """Runs kubectl against the cluster; gives what it printed and how it ended."""

    def run(*arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
        command = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig), *arguments]
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=240, check=False)

    return run


@pytest.fixture(scope="session")
def api_server(cluster: ClusterInfo) -> Iterator[httpx.Client]:
    """Asks the cluster's API server, with all rights."""
    with api_client(cluster.kubeconfig) as client:
        yield client


@pytest.fixture
def namespace(cluster: ClusterInfo, api_server: httpx.Client) -> Iterator[str]:
    """A namespace for one test.

    In a cluster of ours it stays until the cluster ends: to delete it costs 0.12 s of CPU, a question for each kind of
    object that may be in it. Only what runs in it goes.
    """
    name = f"t-{uuid4().hex[:10]}"
    made = api_server.post("/api/v1/namespaces", json={"metadata": {"name": name}})
    assert made.status_code == 201, made.text
    # Kubernetes makes it a moment later, and refuses every pod before that.
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    eventually(lambda: api_server.get(account).status_code == 200, "the namespace has its service account")
    yield name
    with suppress(httpx.TransportError):  # the test may have ended the API server
        if cluster.flavour == "external":
            api_server.delete(f"/api/v1/namespaces/{name}")
            return
        for running in (f"/apis/batch/v1/namespaces/{name}/jobs", f"/api/v1/namespaces/{name}/pods"):
            api_server.delete(running, params={"propagationPolicy": "Background"})


@pytest.fixture
def objects(api_server: httpx.Client, namespace: str) -> ClusterObjects:
    """Reads what is in the test's namespace."""
    return ClusterObjects(api_server, namespace)
