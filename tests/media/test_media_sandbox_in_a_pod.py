"""The same attempts in a pod like a worker's: restricted, another user, a read-only root, the runtime's own filter."""

import json
from pathlib import Path
from typing import Any

import pytest

from devstack.cluster import ClusterInfo, load_image
from devstack.images import build
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually
from tests.on_cluster import Kubectl

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow("builds the worker's image and runs it as a pod"),
]

HERE = Path(__file__).parent
SECONDS = 600.0


def pod(image: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "escape"},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "worker",
                    "image": image,
                    "imagePullPolicy": "Never",
                    "command": ["/opt/runops/bin/python", "/probe/escape.py"],
                    "env": [{"name": "TMPDIR", "value": "/work"}],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [
                        {"name": "work", "mountPath": "/work"},
                        {"name": "probe", "mountPath": "/probe", "readOnly": True},
                    ],
                }
            ],
            "volumes": [{"name": "work", "emptyDir": {}}, {"name": "probe", "configMap": {"name": "probe"}}],
        },
    }


def ended(objects: ClusterObjects) -> str:
    """Wait for the pod's end, and return its phase."""

    def phase() -> str:
        (seen,) = objects("pods")
        found: str = seen["status"].get("phase", "")
        return found

    eventually(lambda: phase() in {"Succeeded", "Failed"}, "the pod ends", seconds=SECONDS)
    return phase()


def test_no_escape_attempt_succeeds_in_a_pod(
    cluster: ClusterInfo, kubectl: Kubectl, objects: ClusterObjects, namespace: str
) -> None:
    image = build("worker")
    load_image(cluster, image.archive)
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    files = [f"--from-file={HERE / name}" for name in ("escape.py", "inside.py")]
    made = kubectl("-n", namespace, "create", "configmap", "probe", *files)
    assert made.returncode == 0, made.stderr
    made = kubectl("-n", namespace, "create", "-f", "-", given=json.dumps(pod(image.name)))
    assert made.returncode == 0, made.stderr
    phase = ended(objects)
    log = kubectl("-n", namespace, "logs", "escape").stdout
    assert phase == "Succeeded", log
    report = json.loads(log)
    assert [name for name, end in report["tries"].items() if end == "done"] == []
    assert len(report["tries"]) > 80
    assert set(report["works"].values()) == {"done"}, report["works"]
    assert report["descriptors"] == [0, 1, 2]
    assert report["environment"] == {}
    assert report["uid"] == 65532
    assert report["ffmpeg"] == 0
    assert report["confinement"].startswith("landlock ")
    assert report["confinement"].endswith(", seccomp")
