"""Simulated nodes: many pods at the price of none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from devstack.cluster import ClusterInfo, ClusterUnavailable, load_image, up
from tests.cluster_objects import ClusterObjects, api_client
from tests.eventually import eventually

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow("a control plane of its own, and 200 Jobs on simulated nodes"),
]

Kubectl = Callable[..., str]


@pytest.fixture(scope="module")
def simulated(start: Callable[..., ClusterInfo]) -> ClusterInfo:
    return start("kwok", kwok=True)


def job(name: str, **annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "metadata": {"annotations": {f"devstack.runops.dev/{key}": text for key, text in annotations.items()}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "only", "image": "simulated"}]},
            },
        },
    }


def test_two_hundred_jobs_complete(simulated: ClusterInfo, kubectl: Kubectl) -> None:
    jobs = {"apiVersion": "v1", "kind": "List", "items": [job(f"many-{number}") for number in range(200)]}
    kubectl(simulated, "create", "-f", "-", document=jobs)

    with api_client(simulated.kubeconfig) as api:
        objects = ClusterObjects(api, "default")

        def succeeded() -> int:
            return sum(
                item["metadata"]["name"].startswith("many-") and item["status"].get("succeeded", 0)
                for item in objects("jobs")
            )

        eventually(lambda: succeeded() == 200, "all have succeeded")


def test_a_pod_ends_as_its_annotations_say(simulated: ClusterInfo, kubectl: Kubectl) -> None:
    wishes = {"exit-code": "3", "run-for": "1s", "termination-message": '{"why": "told to"}'}
    kubectl(simulated, "create", "-f", "-", document=job("fails", **wishes))
    kubectl(simulated, "wait", "--for=condition=Failed", "job/fails", "--timeout=180s")

    [pod] = json.loads(kubectl(simulated, "get", "pods", "--selector=job-name=fails", "--output=json"))["items"]
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["message"]) == (3, '{"why": "told to"}')
    assert ended["finishedAt"] > ended["startedAt"]


def test_simulated_and_real_are_not_mixed_up(simulated: ClusterInfo, tmp_path: Any) -> None:
    with pytest.raises(ClusterUnavailable, match="simulated"):
        load_image(simulated, tmp_path / "image.tar")
    with pytest.raises(ClusterUnavailable, match="simulated"):
        up(simulated.name)
