"""The requests to the API server: their paths, and the preconditions that keep them from changing another object."""

from typing import Any

import pytest

from runops_operator.kubernetes_api.cluster import ClusterError, Conflict, Manifest, NotFound
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster

VIDEOJOB = "/apis/runops.dev/v1alpha1/namespaces/ns/videojobs/vj-1"
JOB = "/apis/batch/v1/namespaces/ns/jobs/vj-1"
POD = "/api/v1/namespaces/ns/pods/pod-1"
OURS = {"app.kubernetes.io/managed-by": "runops-operator"}
LEASE = "/apis/coordination.k8s.io/v1/namespaces/ns/leases/lease-1"


class Api:
    """Records requests; `answers` are given one after the other, an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, str, Any]] = []
        self.queries: list[Any] = []
        self.strategic: list[bool] = []

    async def call(
        self, verb: str, path: str, *, query: Any = None, body: Any = None, is_strategic: bool = False
    ) -> Any:
        self.calls.append((verb, path, body))
        self.strategic.append(is_strategic)
        self.queries.append(query)
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer


def cluster(*answers: Any) -> tuple[Api, KubernetesCluster]:
    api: Any = Api(*answers)
    return api, KubernetesCluster(api, "ns")


async def _delete(client: KubernetesCluster, kind: str) -> None:
    if kind == "videojob":
        await client.delete_videojob("vj-1", uid="uid-1")
    elif kind == "job":
        await client.delete_job("vj-1", uid="uid-1")
    else:
        await client.delete_pod("pod-1", uid="uid-1")


@pytest.mark.parametrize(("kind", "path"), [("videojob", VIDEOJOB), ("job", JOB), ("pod", POD)])
async def test_an_object_is_deleted_only_while_it_has_this_uid(kind: str, path: str) -> None:
    api, client = cluster()
    await _delete(client, kind)
    assert api.calls == [("DELETE", path, {"propagationPolicy": "Background", "preconditions": {"uid": "uid-1"}})]


@pytest.mark.parametrize("error", [NotFound("gone", status=404), Conflict("another uid", status=409)])
@pytest.mark.parametrize("kind", ["videojob", "job", "pod"])
async def test_an_object_that_is_gone_or_another_one_needs_no_deletion(kind: str, error: ClusterError) -> None:
    _, client = cluster(error)
    await _delete(client, kind)


async def test_a_deletion_that_fails_is_an_error() -> None:
    _, client = cluster(ClusterError("away"))
    with pytest.raises(ClusterError, match="away"):
        await client.delete_job("vj-1", uid="uid-1")


@pytest.mark.parametrize(("force", "grace"), [(True, {"gracePeriodSeconds": 0}), (False, {})])
async def test_a_pod_is_deleted_by_force_without_a_grace_period(force: bool, grace: dict[str, int]) -> None:
    api, client = cluster()
    await client.delete_pod("pod-1", uid="uid-1", force=force)
    body = {"propagationPolicy": "Background", "preconditions": {"uid": "uid-1"}} | grace
    assert api.calls == [("DELETE", POD, body)]


@pytest.mark.parametrize(("version", "condition"), [(7, {"resourceVersion": "7"}), (None, {})])
async def test_an_annotation_is_written_only_on_the_version_that_was_read(
    version: int | None, condition: dict[str, str]
) -> None:
    api, client = cluster()
    await client.annotate_videojob("vj-1", {"a": "b"}, version=version)
    assert api.calls == [("PATCH", VIDEOJOB, {"metadata": {"annotations": {"a": "b"}} | condition})]


async def test_a_lease_is_replaced_only_in_the_version_that_was_read() -> None:
    api, client = cluster()
    await client.replace_lease("lease-1", {"holderIdentity": "me"}, version="7")
    ((verb, path, body),) = api.calls
    assert (verb, path) == ("PUT", LEASE)
    assert body["metadata"] == {"name": "lease-1", "labels": OURS, "resourceVersion": "7"}
    assert body["spec"] == {"holderIdentity": "me"}


async def test_a_config_map_is_replaced_only_in_the_version_that_was_read() -> None:
    api, client = cluster()
    await client.replace_configmap("spent", {"a": "b"}, version="7")
    ((verb, path, body),) = api.calls
    assert (verb, path) == ("PUT", "/api/v1/namespaces/ns/configmaps/spent")
    assert (body["metadata"]["resourceVersion"], body["data"]) == ("7", {"a": "b"})


async def test_one_condition_of_a_pod_is_set_and_those_of_the_kubelet_stay() -> None:
    api, client = cluster()
    await client.patch_pod_condition("pod-1", {"type": "runops.dev/Claiming"})
    assert api.calls == [("PATCH", f"{POD}/status", {"status": {"conditions": [{"type": "runops.dev/Claiming"}]}})]
    assert api.strategic == [True]


async def test_a_status_is_written_to_the_status_only_and_only_on_the_version_that_was_read() -> None:
    api, client = cluster()
    await client.patch_videojob_status("vj-1", {"phase": "Running"}, version=7)
    body = {"metadata": {"resourceVersion": "7"}, "status": {"phase": "Running"}}
    assert api.calls == [("PATCH", f"{VIDEOJOB}/status", body)]


def page(*names: str, more: str = "") -> Manifest:
    return {"items": [{"metadata": {"name": name}} for name in names], "metadata": {"continue": more}}


EXPIRED = ClusterError("the list expired", status=410)


async def _listed(client: KubernetesCluster) -> list[str]:
    return [item["metadata"]["name"] async for item in client.list_videojobs()]


async def test_a_list_is_read_page_by_page_in_its_order() -> None:
    api, client = cluster(page("a", "b", more="token"), page("c"))
    assert await _listed(client) == ["a", "b", "c"]
    assert [query["continue"] for query in api.queries] == ["", "token"]


async def test_a_list_that_expired_between_two_pages_is_started_again() -> None:
    api, client = cluster(page("a", more="token"), EXPIRED, page("a", "b", more="other"), page("c"))
    assert await _listed(client) == ["a", "a", "b", "c"], "what was listed before is listed again"
    assert [query["continue"] for query in api.queries] == ["", "token", "", "other"]


async def test_a_list_that_expires_twice_is_an_error() -> None:
    _, client = cluster(page("a", more="token"), EXPIRED, page("a", more="token"), EXPIRED, page("a"))
    with pytest.raises(ClusterError, match="expired"):
        await _listed(client)


async def test_any_other_error_of_a_list_is_an_error_at_once() -> None:
    api, client = cluster(ClusterError("away", status=500), page("a"))
    with pytest.raises(ClusterError, match="away"):
        await _listed(client)
    assert len(api.calls) == 1


@pytest.mark.parametrize("answer", [{}, {"items": None}, {"items": {}}])
async def test_an_answer_without_items_is_never_an_empty_list(answer: Manifest) -> None:
    _, client = cluster(answer)
    with pytest.raises(ClusterError):
        await _listed(client)


@pytest.mark.parametrize(
    ("answer", "served"),
    [
        ({}, True),
        (Conflict("it exists", status=409), True),
        (ClusterError("spec.jobId is wrong", status=422), True),
        (NotFound("404 page not found", status=404), False),
        (ClusterError("pods is forbidden", status=403), True),
    ],
)
async def test_whether_videojobs_are_served_is_asked_without_making_one(answer: Any, served: bool) -> None:
    api, client = cluster(answer)
    assert await client.serves_videojobs("vj-1") is served
    ((verb, path, body),) = api.calls
    assert (verb, path, api.queries) == ("POST", VIDEOJOB.removesuffix("/vj-1"), [{"dryRun": "All"}])
    assert (body["metadata"], body["spec"]) == ({"name": "vj-1"}, {"jobId": "1"})


async def test_an_api_server_that_is_away_does_not_say_whether_videojobs_are_served() -> None:
    _, client = cluster(ClusterError("away", status=None))
    with pytest.raises(ClusterError, match="away"):
        await client.serves_videojobs("vj-1")


async def test_what_the_operator_makes_for_itself_has_the_labels_that_a_policy_asks_for() -> None:
    api: Any = Api()
    client = KubernetesCluster(
        api, "ns", labels={"team": "video", "app.kubernetes.io/managed-by": "me"}, annotations={"contact": "us"}
    )
    await client.create_configmap("spent", {})
    await client.replace_configmap("spent", {}, version="7")
    await client.create_lease("lease-1", {})
    await client.replace_lease("lease-1", {}, version="7")
    for _, _, body in api.calls:
        assert body["metadata"]["labels"] == {"team": "video", **OURS}
        assert body["metadata"]["annotations"] == {"contact": "us"}
