"""Every pod of ours passes the restricted Pod Security level, as a real API server enforces it, and bounds its disk."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from runops.job_row import Claim, JobRow
from runops_operator.config import OperatorConfig, load_config
from runops_operator.manifests.build_job import build_job
from runops_operator.manifests.build_videojob import build_videojob
from runops_operator.manifests.observed import parse_videojob

pytestmark = pytest.mark.cluster

Pod = Mapping[str, Any]
_JOB = "0b0c3a52-3c3f-4c0e-9c58-3f8d8e2f9a10"


def _worker(config: OperatorConfig) -> Pod:
    """Return the pod that the operator makes for a video with this configuration."""
    claim = Claim(claim="5f6e1d1c-0000-4000-8000-000000000001", by="videos-ns/runops")
    manifest = build_videojob(JobRow.model_validate({"job_id": _JOB}), claim, None, config)
    manifest["metadata"]["uid"] = "00000000-0000-4000-8000-00000000000a"
    view = parse_videojob(manifest)
    assert view.spec is not None
    pod: Pod = build_job(view, view.spec, claim.token, config)["spec"]["template"]["spec"]
    return pod


@pytest.fixture(params=["default", "ha", "restricted", "full"])
def pods(
    request: pytest.FixtureRequest, render: Callable[..., Any], full_values: Path, chart: Path, tmp_path: Path
) -> dict[str, Pod]:
    """The pods of a release, by what they are."""
    values = full_values if request.param == "full" else chart / "ci" / f"{request.param}-values.yaml"
    rendered = render("--values", str(values))
    path = tmp_path / "operator.yaml"
    config = next(
        item["data"]["operator.yaml"]
        for item in rendered.manifests
        if item["kind"] == "ConfigMap" and "operator.yaml" in item["data"]
    )
    path.write_text(config, "utf-8")
    found: dict[str, Pod] = {"worker": _worker(load_config({"RUNOPS_CONFIG": str(path)}))}
    for item in rendered.manifests:
        if item["kind"] == "Deployment":
            found[item["metadata"]["name"]] = item["spec"]["template"]["spec"]
        elif item["kind"] == "Pod":
            found[item["metadata"]["name"]] = item["spec"]
    return found


def _try(kubectl: Any, namespace: str, pod: Pod) -> Any:
    # Names of what is not there: accounts and classes are no matter of this test.
    spec = {key: value for key, value in pod.items() if key not in {"serviceAccountName", "priorityClassName"}}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried"}, "spec": spec}
    return kubectl("--namespace", namespace, "create", "--dry-run=server", "-f", "-", given=json.dumps(manifest))


@pytest.fixture
def restricted(kubectl: Any, namespace: str) -> str:
    labels = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn", "audit")]
    labelled = kubectl("label", "namespace", namespace, *labels)
    assert labelled.returncode == 0, labelled.stderr
    return namespace


def test_every_pod_is_admitted_at_the_restricted_level_without_a_warning(
    pods: dict[str, Pod], kubectl: Any, restricted: str
) -> None:
    assert len(pods) >= 2, "operator and worker at least"
    for name, pod in pods.items():
        done = _try(kubectl, restricted, pod)
        assert done.returncode == 0, (name, done.stderr)
        assert "Warning" not in done.stderr, (name, done.stderr)


def test_a_pod_that_drops_its_fences_is_not_admitted(pods: dict[str, Pod], kubectl: Any, restricted: str) -> None:
    for pod in pods.values():
        loose = {**pod, "securityContext": {}, "containers": [{**pod["containers"][0], "securityContext": {}}]}
        done = _try(kubectl, restricted, loose)
        assert done.returncode != 0
        assert "violates PodSecurity" in done.stderr


def _containers(pod: Pod) -> Iterator[Mapping[str, Any]]:
    yield from pod["containers"]
    yield from pod.get("initContainers", ())


def test_every_container_is_read_only_and_bounds_its_disk_and_memory(pods: dict[str, Pod]) -> None:
    for name, pod in pods.items():
        for container in _containers(pod):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            for kind in ("requests", "limits"):
                amounts = container["resources"][kind]
                assert {"ephemeral-storage", "memory"} <= set(amounts), (name, kind)
        for volume in pod["volumes"]:
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""}), (name, volume)
