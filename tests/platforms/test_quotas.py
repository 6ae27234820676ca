"""Quotas that are full, and limit ranges."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.platforms.quota import make_quota
from tests.platforms.site import Site

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("installs the chart, and runs real pods with the whole worker"),
]

FULL = "with-a-quota"


def _path(namespace: str, kind: str) -> str:
    return f"/api/v1/namespaces/{namespace}/{kind}"


@pytest.fixture(scope="module")
def site(make_namespace: Callable[[str], None], installed: Callable[..., Any]) -> Iterator[Site]:
    make_namespace(FULL)
    with installed(FULL, {}) as site:
        yield site


def test_a_full_quota_is_waited_for_and_told_in_its_words(site: Site, api_server: httpx.Client) -> None:
    make_quota(api_server, FULL, pods="1")
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
