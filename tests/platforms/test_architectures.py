"""Nodes of another architecture: nothing lands there by itself, and what does is told."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from devstack.fake_kubelet import manifests
from tests.eventually import eventually
from tests.platforms.site import Site

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("installs the chart, and runs a real pod with the whole worker"),
]

NAMESPACE = "with-arm64"
_ARM = "arm-1"
_MERGE = {"content-type": "application/strategic-merge-patch+json"}


@pytest.fixture(scope="module")
def arm(api_server: httpx.Client) -> Iterator[str]:
    """A node of arm64 with more room than any other. Nothing runs its pods."""
    node = manifests.node(_ARM)
    node["metadata"]["labels"]["kubernetes.io/arch"] = "arm64"
    node["spec"] = {}
    assert api_server.post("/api/v1/nodes", json=node).is_success
    status = manifests.node_status()
    api_server.patch(f"/api/v1/nodes/{_ARM}/status", json=status, headers=_MERGE).raise_for_status()
    yield _ARM
    api_server.delete(f"/api/v1/nodes/{_ARM}")


@pytest.fixture(scope="module")
def site(arm: str, make_namespace: Callable[[str], None], installed: Callable[..., Any]) -> Iterator[Site]:
    assert arm, "the node is there before anything is installed"
    make_namespace(NAMESPACE)
    with installed(NAMESPACE, {}) as site:
        yield site


def test_no_pod_lands_on_a_node_that_its_image_is_not_built_for(site: Site) -> None:
    job_id = site.submit()
    assert site.ended(job_id) == ("completed", None)
    nodes = {pod["spec"]["nodeName"] for pod in site.inside("pods")}
    assert _ARM not in nodes
    (worker,) = site.of(job_id, "pods")
    assert worker["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}


def test_a_worker_that_the_node_cannot_execute_is_told_and_uses_no_attempt(
    site: Site, api_server: httpx.Client
) -> None:
    # Whoever names no architecture lets workers run anywhere.
    values = {
        "architectures": [],
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "worker": {
            "nodeSelector": {"kubernetes.io/arch": "arm64"},
            "tolerations": [{"operator": "Exists"}],
        },
    }
    site.release.helm(
        "upgrade", "runops-operator", "deploy/helm/runops-operator", "--reuse-values", "--values", "-", "--wait",
        "--timeout", "240s", given=json.dumps(values),
    )  # fmt: skip
    job_id = site.submit()
    eventually(lambda: any("nodeName" in pod["spec"] for pod in site.of(job_id, "pods")), "the pod is on its node")
    (pod,) = site.of(job_id, "pods")
    assert pod["spec"]["nodeName"] == _ARM
    name = pod["metadata"]["name"]
    now = manifests.timestamp()
    terminated = {
        "exitCode": 128,
        "reason": "StartError",
        "message": "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
        'create failed: unable to start container process: exec: "/opt/runops/bin/runops-worker": exec format error',
        "startedAt": "1970-01-01T00:00:00Z",
        "finishedAt": now,
    }
    container = {
        "name": "worker", "image": "x", "imageID": "x", "ready": False, "restartCount": 0, "started": False,
        "state": {"terminated": terminated},
    }  # fmt: skip
    status = {"status": {"phase": "Failed", "startTime": now, "containerStatuses": [container]}}
    at = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/status"
    api_server.patch(at, json=status, headers=_MERGE).raise_for_status()
    eventually(lambda: site.status(job_id).get("reason") == "WrongArchitecture", "the node is told")
    shown = site.status(job_id)
    assert f"(node {_ARM}: exec format error)" in shown["message"]
    assert site.row(job_id)[0] == "processing"
    assert shown["attempts"] == 1
