"""What a worker's token may do to VideoJobs, and for how long, asked of a real API server with the chart installed."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from devstack.cluster import ClusterInfo
from runops.videojob import VideoJobStatus
from tests.chart.api_client import client_with

pytestmark = pytest.mark.cluster

_WORKERS: dict[str, Any] = {
    "stage": "transcribing",
    "progress": "50%",
    "usage": {"totalTokens": 5},
    "quality": {"transcript": {"gaps": [{"start": 1.0, "end": 2.5, "reason": "refused"}]}},
    "stages": [{"stage": "transcribing", "startTime": "2026-01-01T00:00:00Z", "seconds": 1.5}],
    "outputs": [{"name": "sop", "location": "sops/1"}],
    "pace": {
        "refused": [
            {"model": "m", "at": "2026-01-01T00:00:00.5Z", "limits": [{"counted": "requests", "perMinute": 9}]}
        ],
        "wanted": [{"model": "m", "calls": 3, "tokens": [96000, 96000]}],
    },
}
"""What a worker may write, beside its part of `resolved`."""
_OPERATORS: dict[str, Any] = {
    "observedGeneration": 7,
    "conditions": [],
    "phase": "Succeeded",
    "reason": "Internal",
    "message": "I did it.",
    "attempts": 9,
    "startTime": "2026-01-01T00:00:00Z",
    "completionTime": "2026-01-01T00:00:00Z",
    "workerPod": None,
    "timeLeft": {"unknown": "Paused"},
}
_ENFORCED_SECONDS = 240

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


def _pod(name: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {
                "serviceAccountName": "runops-operator-worker",
                "automountServiceAccountToken": False,
                # Never scheduled: a token can be bound to it all the same.
                "schedulerName": "nobody",
                "containers": [{"name": "worker", "image": "runops.local/worker:none"}],
            },
        }
    )


class Place:
    """The chart without its operator, one VideoJob with a pod, and one of somebody else."""

    def __init__(self, kubectl: Any, cluster: ClusterInfo, namespace: str) -> None:
        self.namespace = namespace
        self._kubectl = kubectl
        self._cluster = cluster
        self.own, self.other = f"vj-{uuid4()}", f"vj-{uuid4()}"

    def done(self, *arguments: str, given: str | None = None) -> str:
        result = self._kubectl("--namespace", self.namespace, *arguments, given=given)
        assert result.returncode == 0, result.stderr
        return str(result.stdout)

    def make_pod(self, name: str) -> str:
        """Make a pod of a worker, and return its uid."""
        self.done("create", "-f", "-", given=_pod(name))
        return self.done("get", "pod", name, "-o", "jsonpath={.metadata.uid}")

    def give(self, videojob: str, pod_uid: str) -> None:
        """Write as the operator does whose pod works on a VideoJob."""
        status = {"phase": "Running", "conditions": [_STARTED], "workerPod": {"name": "worker", "uid": pod_uid}}
        self.done(
            *("patch", "videojob", videojob, "--subresource=status", "--type=merge"),
            *("--patch", json.dumps({"status": status})),
        )

    def token(self, pod: str | None = None, *, audience: str | None = None) -> str:
        """Return a token of the workers' account as the kubelet asks for it, or one that is bound to no pod."""
        bound: tuple[str, ...] = ()
        if pod is not None:
            uid = self.done("get", "pod", pod, "-o", "jsonpath={.metadata.uid}")
            bound = ("--bound-object-kind=Pod", f"--bound-object-name={pod}", f"--bound-object-uid={uid}")
        meant = () if audience is None else (f"--audience={audience}",)
        return self.done("create", "token", "runops-operator-worker", "--duration=1h", *bound, *meant).strip()

    def patch(
        self, name: str, body: dict[str, Any], *, by: str, sub: str = "/status", dry: bool = False
    ) -> tuple[int, str]:
        """Send a worker's merge patch, and return status and words of the answer."""
        path = f"/apis/runops.dev/v1alpha1/namespaces/{self.namespace}/videojobs/{name}{sub}"
        with client_with(by, self._cluster) as client:
            answer = client.patch(
                path,
                params={"dryRun": "All"} if dry else {},
                content=json.dumps(body),
                headers={"Content-Type": "application/merge-patch+json"},
            )
        return answer.status_code, answer.text

    def wait_for_the_policy(self, token: str) -> None:
        """A new policy takes the API server a moment to enforce, on a busy machine several seconds."""
        deadline = time.monotonic() + _ENFORCED_SECONDS
        while self.patch(self.other, {"status": {"progress": "1%"}}, by=token, dry=True)[0] != 403:
            assert time.monotonic() < deadline, f"after {_ENFORCED_SECONDS} s the policy is not enforced"
            time.sleep(0.2)


@pytest.fixture
def place(helm: Any, chart: Path, cluster: ClusterInfo, kubectl: Any, namespace: str) -> Iterator[Place]:
    made = Place(kubectl, cluster, namespace)
    crd = chart / "files" / "crds" / "videojob.yaml"
    made.done("apply", "--server-side", "--force-conflicts", "-f", str(crd))
    release = ("--namespace", namespace, "--kubeconfig", str(cluster.kubeconfig))
    installed = helm(
        *("install", "runops-operator", str(chart), *release),
        *("--set", "admissionPolicy.enabled=true", "--set", "replicas=0", "--set", "crds.enabled=false"),
    )
    assert installed.returncode == 0, installed.stderr
    try:
        made.done("wait", "--for=condition=Established", "crd/videojobs.runops.dev", "--timeout=180s")
        for name in (made.own, made.other):
            made.done("create", "-f", "-", given=_videojob(name.removeprefix("vj-")))
        made.give(made.own, made.make_pod("worker"))
        made.give(made.other, "another")
        yield made
    finally:
        helm("uninstall", "runops-operator", *release)


def test_a_worker_changes_its_part_of_its_own_videojob_and_nothing_else(place: Place) -> None:
    token = place.token("worker")
    place.wait_for_the_policy(token)
    assert {*_WORKERS, *_OPERATORS, "resolved"} == {field.alias for field in VideoJobStatus.model_fields.values()}

    def patched(status: dict[str, Any]) -> tuple[int, str]:
        return place.patch(place.own, {"status": status}, by=token)

    resolved = {"prompts": [{"name": "a.md", "sha256": "0" * 64}], "sandbox": "Landlock 7, seccomp"}
    for status in ({name: value} for name, value in (_WORKERS | {"resolved": resolved}).items()):
        code, text = patched(status)
        assert code == 200, (status, text)
    shown = json.loads(place.done("get", "videojob", place.own, "-o", "json"))["status"]
    assert shown["resolved"]["sandbox"] == "Landlock 7, seccomp", "the definition keeps it"
    assert shown["stages"] == _WORKERS["stages"]
    assert shown["pace"] == _WORKERS["pace"]
    # The right to patch is enough to read: a patch of nothing changes nothing, and returns the object.
    before = json.loads(place.done("get", "videojob", place.own, "-o", "json"))["metadata"]["resourceVersion"]
    code, text = patched({})
    assert (code, json.loads(text)["metadata"]["resourceVersion"]) == (200, before)
    granted = {"pace": {"granted": [{"model": "m", "paced": True, "calls": 99}]}}
    of_the_operator = [{name: value} for name, value in _OPERATORS.items()]
    for status in [
        *of_the_operator,
        {"resolved": {"image": "another"}},
        {"resolved": {"models": {"sop": "another"}}},
        granted,
    ]:
        code, text = patched(status)
        assert code == 403, (status, text)
        assert "a worker may change stage, progress" in text
    refused = place.patch(place.other, {"status": {"progress": "60%"}}, by=token)
    assert refused[0] == 403
    assert "the VideoJob only that its own pod works on" in refused[1]
    assert place.patch(place.own, {"spec": {"suspend": True}}, by=token, sub="")[0] == 403
    assert place.patch(place.own, {"status": {"progress": "60%"}}, by=place.token())[0] == 403, "bound to no pod"


def test_a_workers_token_ends_with_its_pod_and_is_for_the_api_server_alone(place: Place) -> None:
    old = place.token("worker")
    place.wait_for_the_policy(old)
    progress = {"status": {"progress": "60%"}}
    assert place.patch(place.own, progress, by=old)[0] == 200

    place.give(place.own, place.make_pod("replacement"))
    new = place.token("replacement")
    assert place.patch(place.own, progress, by=old)[0] == 403, "its pod was replaced"
    assert place.patch(place.own, progress, by=new)[0] == 200

    place.done("delete", "pod", "replacement", "--grace-period=0", "--force")
    deadline = time.monotonic() + _ENFORCED_SECONDS
    while place.patch(place.own, progress, by=new)[0] != 401:
        assert time.monotonic() < deadline, "a token outlives its pod"
        time.sleep(0.5)

    elsewhere = place.token("worker", audience="vault")
    assert place.patch(place.own, progress, by=elsewhere)[0] == 401, "a token for another service"
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": place.token("worker"), "audiences": ["vault"]},
    }
    told = json.loads(place.done("create", "-f", "-", "-o", "json", given=json.dumps(review)))
    assert not told["status"].get("authenticated"), "another service does not take a worker's token"
