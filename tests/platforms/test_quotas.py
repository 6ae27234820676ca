"""Quotas that are full, limit ranges, and a namespace that gives no ephemeral storage."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.platforms.admission import in_force, of_a_pod, validating
from tests.platforms.site import Site

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("installs the chart, and runs real pods with the whole worker"),
]

FULL, NO_DISK = "with-a-quota", "without-ephemeral-storage"
_NO_REQUEST = {"ephemeral-storage": None}


def _path(namespace: str, kind: str) -> str:
    return f"/api/v1/namespaces/{namespace}/{kind}"


def _quota(api: httpx.Client, namespace: str, **hard: str) -> None:
    quota = {"metadata": {"name": "team"}, "spec": {"hard": hard}}
    assert api.post(_path(namespace, "resourcequotas"), json=quota).is_success
    at = f"{_path(namespace, 'resourcequotas')}/team"
    eventually(lambda: bool(api.get(at).json().get("status", {}).get("hard")), "the quota is counted")


@pytest.fixture(scope="module")
def site(make_namespace: Callable[[str], None], installed: Callable[..., Any]) -> Iterator[Site]:
    make_namespace(FULL)
    with installed(FULL, {}) as site:
        yield site


def test_a_full_quota_is_waited_for_and_told_in_its_words(site: Site, api_server: httpx.Client) -> None:
    _quota(api_server, FULL, pods="1")
    job_id = site.submit()
    eventually(lambda: "exceeded quota: team" in (site.status(job_id).get("message") or ""), "the quota is told")
    status = site.status(job_id)
    assert (status["phase"], status["reason"], site.row(job_id)[0]) == ("Pending", "JobRefused", "processing")
    api_server.delete(f"{_path(FULL, 'resourcequotas')}/team")
    assert site.ended(job_id) == ("completed", None)
    assert site.status(job_id)["attempts"] == 1


def test_a_limit_range_that_refuses_is_told_and_one_that_adds_is_told(site: Site, api_server: httpx.Client) -> None:
    at = _path(FULL, "limitranges")
    small = {"type": "Container", "max": {"memory": "1Gi"}}
    assert api_server.post(at, json={"metadata": {"name": "team"}, "spec": {"limits": [small]}}).is_success
    job_id = site.submit()
    eventually(
        lambda: "maximum memory usage per Container is 1Gi" in (site.status(job_id).get("message") or ""),
        "the limit range is told",
    )
    default = {"type": "Container", "default": {"cpu": "2"}}
    api_server.put(f"{at}/team", json={"metadata": {"name": "team"}, "spec": {"limits": [default]}}).raise_for_status()
    eventually(lambda: "cpu limit for container worker" in _progress(site, job_id), "what was added is told")
    assert site.ended(job_id) == ("completed", None)
    api_server.delete(f"{at}/team")


def _progress(site: Site, job_id: str) -> str:
    conditions = site.status(job_id).get("conditions", ())
    return next((item["message"] for item in conditions if item["type"] == "Progressing"), "")


def test_a_worker_with_a_volume_of_its_own_needs_no_ephemeral_storage(
    api_server: httpx.Client,
    make_namespace: Callable[[str], None],
    installed: Callable[..., Any],
    tmp_path: Path,
) -> None:
    make_namespace(NO_DISK)
    disk = tmp_path / "disk"
    disk.mkdir()
    disk.chmod(0o777)
    # The worker's user is another one; pytest's folders are its own user's alone, and one deeper under xdist.
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    volume = {
        "metadata": {"name": "scratch-1"},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "scratch",
            "hostPath": {"path": str(disk), "type": "Directory"},
        },
    }
    assert api_server.post("/api/v1/persistentvolumes", json=volume).is_success
    _quota(api_server, NO_DISK, **{"requests.ephemeral-storage": "0", "limits.ephemeral-storage": "0"})
    refused = validating(
        "no-empty-dir",
        NO_DISK,
        ("object.spec.?volumes.orValue([]).all(v, !has(v.emptyDir))", "emptyDir is not allowed"),
        only="object.metadata.?labels['app.kubernetes.io/name'].orValue('') == 'runops-worker'",
    )
    tried = of_a_pod(
        NO_DISK, labels={"app.kubernetes.io/name": "runops-worker"}, volumes=[{"name": "a", "emptyDir": {}}]
    )
    nothing = {"requests": _NO_REQUEST, "limits": _NO_REQUEST}
    values = {
        "resources": nothing,
        "worker": {"scratch": {"type": "volume", "storageClassName": "scratch"}, "resources": nothing},
    }
    with (
        in_force(api_server, refused, tried, lambda answer: "emptyDir is not allowed" in answer.text),
        installed(NO_DISK, values) as site,
    ):
        job_id = site.submit()
        eventually(lambda: bool(site.of(job_id, "pods")), "the worker's pod is made")
        (pod,) = site.of(job_id, "pods")
        assert site.ended(job_id) == ("completed", None)
        assert "ephemeral-storage" not in str(pod["spec"]["containers"][0]["resources"])
    api_server.delete("/api/v1/persistentvolumes/scratch-1")
