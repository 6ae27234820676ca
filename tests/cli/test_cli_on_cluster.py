"""`runops pause`, `resume`, `logs` and `check` with the real kubectl against a real cluster, its kubelet included."""

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import Result

from devstack.cluster import ClusterInfo, ensure_packages, load_image, write_image_archive
from runops.crd import custom_resource_definition
from runops.videojob import JOB_ID_LABEL
from tests.on_cluster import Kubectl

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow("real pods, whose logs kubectl follows"),
]

Runops = Callable[..., Result]
Started = Callable[..., AbstractContextManager["subprocess.Popen[str]"]]
IMAGE = "localhost/runops-says:1"


@pytest.fixture(scope="session")
def shell_image(cluster: ClusterInfo, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image of nothing but a shell, on the cluster's node."""
    ensure_packages(["busybox"], print)
    shell = next(path for path in (Path("/bin/busybox"), Path("/usr/bin/busybox")) if path.exists())
    archive = tmp_path_factory.mktemp("image") / "says.tar"
    write_image_archive(archive, tag=IMAGE, files={"/bin/sh": shell.read_bytes()}, entrypoint=["/bin/sh"])
    load_image(cluster, archive)
    return IMAGE


@pytest.fixture
def videojobs(kubectl: Kubectl, namespace: str) -> Callable[[str], str]:
    """Make the VideoJob of a job; gives its name."""
    definition = custom_resource_definition()
    assert (
        kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=json.dumps(definition)).returncode == 0
    )
    kubectl("wait", "--for=condition=Established", f"crd/{definition['metadata']['name']}", "--timeout=180s")

    def make(job_id: str) -> str:
        name = f"vj-{job_id}"
        manifest = {
            "apiVersion": "runops.dev/v1alpha1",
            "kind": "VideoJob",
            "metadata": {"name": name},
            "spec": {"jobId": job_id},
        }
        made = kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(manifest))
        assert made.returncode == 0, made.stderr
        return name

    return make


@pytest.fixture(autouse=True)
def configured(environment: dict[str, str], cluster: ClusterInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    environment["KUBECONFIG"] = str(cluster.kubeconfig)
    environment["PATH"] = f"{Path(cluster.kubectl).parent}:{environment['PATH']}"
    for name in ("KUBECONFIG", "PATH"):
        monkeypatch.setenv(name, environment[name])


def suspended(kubectl: Kubectl, namespace: str, name: str) -> str:
    return kubectl("-n", namespace, "get", "vjob", name, "-o", "jsonpath={.spec.suspend}").stdout


def says(kubectl: Kubectl, namespace: str, job_id: str, name: str, line: str, *, image: str) -> None:
    container = {"name": "worker", "image": image, "imagePullPolicy": "Never", "args": ["-c", line]}
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {JOB_ID_LABEL: job_id}},
        "spec": {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container]},
    }
    # A new namespace has no service account for a moment.
    deadline = time.monotonic() + 30
    while (made := kubectl("-n", namespace, "apply", "-f", "-", given=json.dumps(manifest))).returncode != 0:
        assert time.monotonic() < deadline, made.stderr
        time.sleep(0.3)


def test_a_videojob_is_paused_and_resumed(
    runops: Runops, kubectl: Kubectl, namespace: str, videojobs: Callable[[str], str]
) -> None:
    first, second = str(uuid4()), str(uuid4())
    names = [videojobs(first), videojobs(second)]
    for command, state in (("pause", "true"), ("pause", "true"), ("resume", "false"), ("resume", "false")):
        result = runops(command, first, second, "-n", namespace)
        assert result.exit_code == 0, result.output
        assert [suspended(kubectl, namespace, name) for name in names] == [state, state]
    assert "is not paused" in result.stderr


def test_a_job_without_a_videojob_does_not_keep_others_from_being_paused(
    runops: Runops, kubectl: Kubectl, namespace: str, videojobs: Callable[[str], str]
) -> None:
    nobody, job_id = str(uuid4()), str(uuid4())
    name = videojobs(job_id)
    result = runops("pause", nobody, job_id, "-n", namespace)
    assert result.exit_code == 3
    assert f"{nobody}  has no VideoJob in namespace {namespace}" in result.stderr
    assert suspended(kubectl, namespace, name) == "true"
    assert runops("logs", nobody, "-n", namespace).exit_code == 3


def test_the_logs_of_all_attempts_are_read_oldest_first(
    runops: Runops, kubectl: Kubectl, namespace: str, shell_image: str
) -> None:
    job_id = str(uuid4())
    log = '{"ts": "2026-11-24T12:00:00+00:00", "level": "info", "msg": "attempt %s"}'
    for number in (1, 2):
        line = f"echo '{log % number}'; exit 104"
        says(kubectl, namespace, job_id, f"attempt-{number}", line, image=shell_image)
        kubectl(
            "-n", namespace, "wait", f"pod/attempt-{number}", "--for=jsonpath={.status.phase}=Failed", "--timeout=180s"
        )
        time.sleep(1.1)  # creation times have seconds
    result = runops("logs", job_id, "-n", namespace)
    assert result.exit_code == 0, result.output
    assert result.stdout == "2026-11-24 12:00:00Z  info    attempt 2\n"
    assert "attempt-2  ended with exit code 104, ModelUnavailable" in result.stderr
    assert "--previous" in result.stderr
    both = runops("logs", job_id, "-n", namespace, "--previous", "-o", "json").stdout.splitlines()
    assert [json.loads(line)["msg"] for line in both] == ["attempt 1", "attempt 2"]


def test_a_log_is_followed_from_before_the_worker_starts_to_its_end(
    started: Started, kubectl: Kubectl, namespace: str, shell_image: str
) -> None:
    job_id = str(uuid4())
    says(kubectl, namespace, job_id, "speaks", "echo one; sleep 2; echo two", image=shell_image)
    with started("logs", job_id, "-f", "-n", namespace) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    lines = output.splitlines()
    assert lines.index("one") < lines.index("two")
    assert lines[-1] == "speaks  ended with exit code 0"


def test_a_worker_whose_image_is_missing_has_no_log_yet(runops: Runops, kubectl: Kubectl, namespace: str) -> None:
    job_id = str(uuid4())
    says(kubectl, namespace, job_id, "waits", "true", image="localhost/nobody-made-this:1")
    kubectl("-n", namespace, "wait", "pod/waits", "--for=condition=PodScheduled", "--timeout=180s")
    result = runops("logs", job_id, "-n", namespace)
    assert result.exit_code == 3
    assert "has not started (" in result.stderr


def test_a_cluster_with_videojobs_passes_the_check(
    runops: Runops, namespace: str, videojobs: Callable[[str], str]
) -> None:
    videojobs(str(uuid4()))
    result = runops("check", "-n", namespace, "-o", "json")
    found = {one["name"]: one["ok"] for one in json.loads(result.stdout)}
    assert found["cluster"]
    assert found["VideoJob resource"]
    assert found["VideoJob rights"]
