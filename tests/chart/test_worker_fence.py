"""What a worker's token may do to VideoJobs, asked of a real API server with the chart installed."""

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from devstack.cluster import ClusterInfo

pytestmark = pytest.mark.cluster


_STARTED = {"type": "Started", "status": "True", "reason": "Running", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def _videojob(job_id: str) -> str:
    return json.dumps(
        {
            "apiVersion": "runops.dev/v1alpha1",
            "kind": "VideoJob",
            "metadata": {"name": f"vj-{job_id}"},
            "spec": {"jobId": job_id},
        }
    )


_POD = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "worker"},
        "spec": {
            "serviceAccountName": "runops-operator-worker",
            "automountServiceAccountToken": False,
            # Never scheduled: a token can be bound to it all the same.
            "schedulerName": "nobody",
            "containers": [{"name": "worker", "image": "runops.local/worker:none"}],
        },
    }
)


@pytest.fixture
def mine(helm: Any, chart: Path, cluster: ClusterInfo, kubectl: Any, namespace: str) -> Iterator[dict[str, str]]:
    """Install the chart without its operator; give a VideoJob with this worker's pod, one of another, and tokens."""

    def done(*arguments: str, given: str | None = None) -> str:
        result = kubectl("--namespace", namespace, *arguments, given=given)
        assert result.returncode == 0, result.stderr
        return str(result.stdout)

    crd = chart / "files" / "crds" / "videojob.yaml"
    done("apply", "--server-side", "--force-conflicts", "-f", str(crd))
    release = ("--namespace", namespace, "--kubeconfig", str(cluster.kubeconfig))
    installed = helm(
        *("install", "runops-operator", str(chart), *release),
        *("--set", "admissionPolicy.enabled=true", "--set", "nodeSelector.runs=nowhere", "--set", "crds.enabled=false"),
    )
    assert installed.returncode == 0, installed.stderr
    try:
        done("wait", "--for=condition=Established", "crd/videojobs.runops.dev", "--timeout=30s")
        own, other = str(uuid4()), str(uuid4())
        done("create", "-f", "-", given=_POD)
        uid = done("get", "pod", "worker", "-o", "jsonpath={.metadata.uid}")
        for job_id, pod_uid in ((own, uid), (other, "another")):
            done("create", "-f", "-", given=_videojob(job_id))
            status = {"phase": "Running", "conditions": [_STARTED], "workerPod": {"name": "worker", "uid": pod_uid}}
            done(
                *("patch", "videojob", f"vj-{job_id}", "--subresource=status", "--type=merge"),
                *("--patch", json.dumps({"status": status})),
            )
        account = ("create", "token", "runops-operator-worker")
        bound = done(*account, "--bound-object-kind=Pod", "--bound-object-name=worker", f"--bound-object-uid={uid}")
        yield {
            "own": f"vj-{own}",
            "other": f"vj-{other}",
            "bound": bound.strip(),
            "unbound": done(*account).strip(),
            "namespace": namespace,
        }
    finally:
        helm("uninstall", "runops-operator", *release)


@pytest.fixture
def patch(cluster: ClusterInfo, mine: dict[str, str]) -> Callable[..., tuple[int, str]]:
    server = yaml.safe_load(cluster.kubeconfig.read_text("utf-8"))["clusters"][0]["cluster"]
    context = ssl.create_default_context(
        cadata=base64.b64decode(server["certificate-authority-data"]).decode()
        if "certificate-authority-data" in server
        else Path(server["certificate-authority"]).read_text("utf-8")
    )

    def send(name: str, body: dict[str, Any], *, by: str = "bound", sub: str = "/status") -> tuple[int, str]:
        answer = httpx.patch(
            f"{server['server']}/apis/runops.dev/v1alpha1/namespaces/{mine['namespace']}/videojobs/{mine[name]}{sub}",
            content=json.dumps(body),
            headers={"Authorization": f"Bearer {mine[by]}", "Content-Type": "application/merge-patch+json"},
            verify=context,
            trust_env=False,
            timeout=10,
        )
        return answer.status_code, answer.text

    return send


def test_worker_changes_its_own_progress_and_nothing_else(patch: Callable[..., tuple[int, str]]) -> None:
    progress = {"stage": "transcribing", "progress": "50%", "usage": {"totalTokens": 5}}
    # A new policy takes the API server a moment to enforce, on a busy machine several seconds.
    deadline = time.monotonic() + 60
    while (refused := patch("other", {"status": {"progress": "1%"}})[0]) != 403 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert refused == 403

    code, text = patch("own", {"status": progress})
    assert code == 200, text
    assert patch("own", {"status": {"resolved": {"prompts": [{"name": "a.md", "sha256": "0" * 64}]}}})[0] == 200
    forbidden: tuple[dict[str, Any], ...] = (
        {"conditions": []},
        {"phase": "Succeeded"},
        {"reason": "Internal"},
        {"completionTime": "2026-01-01T00:00:00Z"},
        {"workerPod": None},
        {"resolved": {"image": "another"}},
    )
    for status in forbidden:
        code, text = patch("own", {"status": status})
        assert code == 403, (status, text)
        assert "a worker may change stage, progress" in text
    assert patch("own", {"status": {"progress": "60%"}}, by="unbound")[0] == 403
    assert patch("own", {"spec": {"suspend": True}}, sub="")[0] == 403
