"""Two hundred malformed or hostile VideoJobs: a real API server refuses most, and the others end with a reason."""

import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from devstack.cluster import ClusterInfo
from tests.apiserver.api_proxy import running_proxy
from tests.apiserver.operator_process import Start, Tables, queue, row
from tests.eventually import eventually
from tests.on_cluster import Kubectl
from tests.operator import hostile
from tests.operator.world import CONFIG

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.usefixtures("definition"),
    pytest.mark.slow("200 malformed VideoJobs go through the API server, each until it has ended with a reason"),
]

_OBJECTS = 200


@pytest.fixture
def api(cluster: ClusterInfo, namespace: str) -> Iterator[httpx.Client]:
    """The VideoJobs of the test's namespace, without a client in between that would check what it sends."""
    with (
        running_proxy(cluster.kubeconfig) as proxy,
        httpx.Client(
            base_url=f"{proxy.url}/apis/runops.dev/v1alpha1/namespaces/{namespace}/videojobs", timeout=60
        ) as made,
    ):
        yield made


def _send(api: httpx.Client, method: str, path: str, body: Any) -> int:
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    return api.request(method, path, content=json.dumps(body), headers={"Content-Type": kind}).status_code


def test_two_hundred_bad_videojobs_end_with_a_reason_or_never_come_to_be(
    start: Start, api: httpx.Client, database: Tables
) -> None:
    chance = random.Random(17)  # noqa: S311 - repeatable, no secret
    good = [queue(database)]
    # The bad ones name this installation: those of another one are left alone.
    settings = {"installation": CONFIG.installation, "resyncSeconds": 2, "rowsSeconds": 0.5, "maxConcurrent": 5}
    with start(settings) as operator:
        eventually(lambda: operator.ready()[0] == 200, "ready")
        taken: set[str] = set()
        with_status = 0
        for _ in range(_OBJECTS):
            body = hostile.videojob(chance)
            if _send(api, "POST", "", body) == 201:
                name = body["metadata"]["name"]
                taken.add(name)
                with_status += _send(api, "PATCH", f"/{name}/status", {"status": body["status"]}) == 200
        good.append(queue(database))
        print(f"of {_OBJECTS} the API server took {len(taken)}, {with_status} with their status")  # noqa: T201
        assert len(taken) > 10, "nothing came through, so this shows nothing"
        silent: dict[str, Any] = {}

        def all_ended() -> bool:
            there = {item["metadata"]["name"]: item.get("status") for item in api.get("").json()["items"]}
            silent.clear()
            silent.update({name: status for name, status in there.items() if name in taken and not _reason(status)})
            return not silent

        try:
            eventually(all_ended, "every one ends with a reason")
        except AssertionError as error:
            raise AssertionError(f"{error}; without one: {json.dumps(silent)[:2000]}") from None
        eventually(lambda: {row(database, job_id)[0] for job_id in good} == {"processing"}, "good rows are claimed")
        assert operator.process.poll() is None, "the operator ended"
        assert not operator.said("Unexpected error"), [line for line in operator.lines() if "exception" in line]


def _reason(status: dict[str, Any] | None) -> str | None:
    """Why it ended; one whose status said so from the beginning may have said little."""
    conditions = (status or {}).get("conditions") or ()
    return next(
        (item["reason"] for item in conditions if item["type"] == "Finished" and item["status"] == "True"), None
    )


@pytest.mark.parametrize("token", ["", "%", "_" * 36, "*"])
def test_deleting_a_videojob_with_a_pattern_for_a_claim_ends_nobodys_row(
    *, start: Start, api: httpx.Client, database: Tables, kubectl: Kubectl, namespace: str, token: str
) -> None:
    job_id = str(uuid4())
    stamp = {"runops": {"claim": str(UUID(int=7)), "by": "somebody/else"}}
    database.execute(
        "insert into public.jobs (job_id, status, metadata) values (%s, 'processing', %s)", (job_id, json.dumps(stamp))
    )
    body = {
        "apiVersion": "runops.dev/v1alpha1",
        "kind": "VideoJob",
        "metadata": {"name": f"vj-{job_id}", "annotations": {"runops.dev/claim": token}},
        "spec": {"jobId": job_id},
    }
    with start({"resyncSeconds": 2, "rowsSeconds": 0.5}):
        assert _send(api, "POST", "", body) == 201
        waited = kubectl("-n", namespace, "wait", "--for=condition=Finished", f"videojob/vj-{job_id}", "--timeout=180s")
        assert waited.returncode == 0, waited.stderr
        kubectl("-n", namespace, "delete", "videojob", f"vj-{job_id}")
        after = queue(database)
        eventually(lambda: row(database, after)[0] == "processing", "the operator has gone on")
    assert row(database, job_id) == ("processing", None)
