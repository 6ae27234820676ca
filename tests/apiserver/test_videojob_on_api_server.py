"""The custom resource as a real API server takes it."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from runops.crd import custom_resource_definition
from tests.on_cluster import Kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("definition")]


def _manifest(job_id: str, *, name: str | None = None, **spec: Any) -> str:
    return json.dumps(
        {
            "apiVersion": "runops.dev/v1alpha1",
            "kind": "VideoJob",
            "metadata": {"name": name or f"vj-{job_id}"},
            "spec": {"jobId": job_id, **spec},
        }
    )


def test_defaults_are_filled_in_by_the_server(kubectl: Kubectl, namespace: str) -> None:
    job_id = str(uuid4())
    assert kubectl("-n", namespace, "apply", "-f", "-", given=_manifest(job_id)).returncode == 0
    spec = json.loads(kubectl("-n", namespace, "get", "vjob", f"vj-{job_id}", "-o", "json").stdout)["spec"]
    assert spec == {
        "jobId": job_id,
        "source": {"bucket": "videos"},
        "model": {"transcribe": "gemini-3.8-flash", "sop": "gemini-3.8-flash", "fallback": []},
        "prompts": {"transcription": "transcription_prompt_v2.md", "sop": "sop_parser_v0.8.md"},
        "transcode": {"fps": 1, "height": 720, "crf": 32},
        "retryLimit": 3,
        "activeDeadlineSeconds": 7200,
        "ttlSecondsAfterFinished": 604800,
        "suspend": False,
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"jobId": "not-a-uuid"}, "spec.jobId"),
        ({"userId": "somebody"}, "spec.userId"),
        ({"retryLimit": 99}, "spec.retryLimit"),
        ({"transcode": {"height": 721}}, "spec.transcode.height"),
        ({"model": {"fallback": ["a", "b", "a"]}}, "spec.model.fallback"),
        ({"model": {"fallback": ["a", "b", "c", "d"]}}, "spec.model.fallback"),
        ({"model": {"fallback": ["a b"]}}, "spec.model.fallback"),
        ({"prompts": {"sop": "../../etc/passwd"}}, "spec.prompts.sop"),
        ({"source": {"object": "/raw/x"}}, "spec.source.object"),
        ({"worker": {"resources": {"limits": {"memory": "lots"}}}}, "spec.worker.resources.limits.memory"),
        ({"podTemplate": {}}, "podTemplate"),
    ],
)
def test_a_malformed_spec_is_refused_by_its_field(
    kubectl: Kubectl, namespace: str, change: dict[str, Any], message: str
) -> None:
    job_id = str(uuid4())
    refused = kubectl("-n", namespace, "apply", "-f", "-", given=_manifest(**{"job_id": job_id, **change}))
    assert refused.returncode != 0
    assert message in refused.stderr


def test_a_name_that_is_not_the_rows_is_refused(kubectl: Kubectl, namespace: str) -> None:
    refused = kubectl("-n", namespace, "apply", "-f", "-", given=_manifest(str(uuid4()), name="my-video"))
    assert refused.returncode != 0
    assert "metadata.name must be vj-<spec.jobId>" in refused.stderr


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"retryLimit": 1}, "retryLimit"),
        ({"userId": "11111111-2222-4333-8444-555555555555"}, "userId"),
        ({"model": {"sop": "another"}}, "model"),
        ({"worker": {"priorityClassName": "high"}}, "worker"),
    ],
)
def test_the_spec_is_immutable(kubectl: Kubectl, namespace: str, patch: dict[str, Any], field: str) -> None:
    name = _created(kubectl, namespace)
    refused = kubectl("-n", namespace, "patch", "vjob", name, "--type=merge", "-p", json.dumps({"spec": patch}))
    assert refused.returncode != 0
    assert f"spec.{field} cannot change" in refused.stderr


def test_suspend_and_time_to_live_may_change(kubectl: Kubectl, namespace: str) -> None:
    name = _created(kubectl, namespace)
    patch = json.dumps({"spec": {"suspend": True, "ttlSecondsAfterFinished": 5}})
    changed = kubectl("-n", namespace, "patch", "vjob", name, "--type=merge", "-p", patch)
    assert changed.returncode == 0, changed.stderr


def test_columns_short_name_category_and_selectable_fields_work(kubectl: Kubectl, namespace: str) -> None:
    name = _created(kubectl, namespace)
    status = {
        "status": {
            "phase": "Running",
            "stage": "transcribing",
            "progress": "55%",
            "attempts": 2,
            "reason": "Why",
            "usage": {"totalTokens": 1234},
            "workerPod": {"name": "p", "uid": "u", "node": "node-9"},
            "timeLeft": {"ends": "14:05-14:11Z", "position": 3, "likely": "2026-11-30T14:07:00Z"},
        }
    }
    patched = kubectl(
        "-n", namespace, "patch", "vjob", name, "--subresource=status", "--type=merge", "-p", json.dumps(status)
    )
    assert patched.returncode == 0, patched.stderr
    narrow = kubectl("-n", namespace, "get", "runops").stdout.splitlines()
    assert narrow[0].split() == ["NAME", "PHASE", "STAGE", "PROGRESS", "ATTEMPTS", "ENDS", "AGE"]
    assert narrow[1].split()[:6] == [name, "Running", "transcribing", "55%", "2", "14:05-14:11Z"]
    wide = kubectl("-n", namespace, "get", "vjob", "-o", "wide").stdout.splitlines()
    assert wide[0].split()[7:] == ["USER", "MODEL", "TOKENS", "REASON", "POSITION", "NODE"]
    assert "node-9" in wide[1]
    selected = kubectl("-n", namespace, "get", "vjob", "--field-selector", "status.phase=Running", "-o", "name")
    assert selected.stdout.strip() == f"videojob.runops.dev/{name}"


def test_a_status_that_says_nonsense_is_refused(kubectl: Kubectl, namespace: str) -> None:
    name = _created(kubectl, namespace)
    for status in ({"phase": "Sleeping"}, {"progress": "half"}, {"attempts": -1}):
        refused = kubectl(
            "-n",
            namespace,
            "patch",
            "vjob",
            name,
            "--subresource=status",
            "--type=merge",
            "-p",
            json.dumps({"status": status}),
        )
        assert refused.returncode != 0, status


def test_explain_speaks_on_every_field(kubectl: Kubectl) -> None:
    told = kubectl("explain", "videojob", "--recursive")
    assert told.returncode == 0, told.stderr
    schema = custom_resource_definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for path, descriptions in _objects(schema["properties"]["spec"], "spec"):
        shown = " ".join(kubectl("explain", f"videojob.{path}").stdout.split())
        for description in descriptions:
            assert description in shown, path


def _objects(schema: dict[str, Any], path: str) -> Iterator[tuple[str, list[str]]]:
    """Give each object with what describes it and its fields: kubectl explains an object with all of its fields."""
    fields = schema["properties"]
    yield path, [schema["description"], *(field["description"] for field in fields.values())]
    for name, field in fields.items():
        if "properties" in field:
            yield from _objects(field, f"{path}.{name}")


def _created(kubectl: Kubectl, namespace: str) -> str:
    job_id = str(uuid4())
    made = kubectl("-n", namespace, "apply", "-f", "-", given=_manifest(job_id))
    assert made.returncode == 0, made.stderr
    return f"vj-{job_id}"
