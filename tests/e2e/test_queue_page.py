"""The page of the queue as the chart serves it, from a pod beside the operator."""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.operator_runs.installation import Installation
from tests.cluster_objects import ClusterObjects

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("a video on a real pod; the chart is upgraded twice"),
]

_CHART = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator"
_SECRET = "page-token"


def _upgrade(release: Installation, values: dict[str, Any]) -> None:
    release.helm(
        *("upgrade", release.release, str(_CHART), "--reuse-values", "--values", "-", "--wait", "--timeout", "300s"),
        given=json.dumps(values),
    )


@pytest.fixture
def token(release: Installation) -> Iterator[str]:
    """Have the release serve the page, to whoever has this token."""
    made = secrets.token_hex(16)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": _SECRET}, "stringData": {"token": made}}
    release.kubectl("apply", "-f", "-", given=json.dumps(secret))
    _upgrade(release, {"ui": {"enabled": True, "tokenSecret": {"name": _SECRET}}})
    yield made
    _upgrade(release, {"ui": {"enabled": False, "tokenSecret": {"name": ""}}})
    release.kubectl("delete", "secret", _SECRET)


@pytest.mark.usefixtures("model_without_faults")
def test_a_pod_serves_the_queue_to_whoever_has_the_token(
    release: Installation,
    inside: ClusterObjects,
    submit: Callable[..., str],
    ended: Callable[..., dict[str, str]],
    token: str,
) -> None:
    job_id = submit()
    assert ended(job_id) == {job_id: "completed"}
    (pod,) = inside("pods", labels="app.kubernetes.io/component=ui")
    address = f"http://{pod['status']['podIP']}:8765"
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as visitor:
        assert visitor.get("/").headers["Location"] == "/login", "nobody reads it without the token"
        entered = visitor.post("/login", data={"token": token, "next": "/"}, headers={"Origin": address})
        assert entered.status_code == 303, entered.text
        assert job_id[:8] in visitor.get("/").text
        story = visitor.get(f"/jobs/{job_id}")
        assert story.status_code == 200
        assert "Claimed by the operator" in story.text, "it reads VideoJobs under its own account"
        assert visitor.get(f"/jobs/{job_id}/procedure").status_code == 200
        assert visitor.get("/actions/retry").status_code == 404, "it only reads"
    log = release.kubectl("logs", pod["metadata"]["name"])
    assert token not in log
    assert "Traceback" not in log, log
