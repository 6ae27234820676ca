"""With the tokens of both accounts, a real API server allows what the golden file lists, and nothing else."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.cluster import ClusterInfo
from tests.chart.api_client import client_with
from tests.chart.right import UNLESS_NAMESPACED, Right, golden

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("asks the API server about every right on every resource, for four accounts in three namespaces"),
]

_ACCOUNTS = {"operator": "runops-operator", "worker": "runops-operator-worker", "ui": "runops-operator-ui"}
_BEYOND_WHAT_IS_SERVED = frozenset({"use", "bind", "escalate", "impersonate", "sign", "approve"})
_AT_ONCE = 8


@pytest.fixture
def installed(helm: Any, chart: Path, cluster: ClusterInfo, kubectl: Any, namespace: str) -> Iterator[None]:
    """The chart, without a pod."""
    release = ("--namespace", namespace, "--kubeconfig", str(cluster.kubeconfig))
    applied = kubectl("apply", "--server-side", "--force-conflicts", "-f", str(chart / "files/crds/videojob.yaml"))
    assert applied.returncode == 0, applied.stderr
    done = helm(
        *("install", "runops-operator", str(chart), *release),
        *("--set", "replicas=0,existingSecret=runops-keys,crds.enabled=false,admissionPolicy.enabled=false"),
        *("--set", "ui.enabled=true,ui.replicas=0,ui.behindProxy=true"),
    )
    assert done.returncode == 0, done.stderr
    kubectl("create", "serviceaccount", "nobody", "--namespace", namespace)
    yield
    helm("uninstall", "runops-operator", *release)


@pytest.fixture
def client(cluster: ClusterInfo, kubectl: Any, namespace: str) -> Iterator[Callable[[str], httpx.Client]]:
    """Gives the client of a service account of the test's namespace."""
    made: list[httpx.Client] = []

    def of(account: str) -> httpx.Client:
        token = kubectl("create", "token", account, "--namespace", namespace)
        assert token.returncode == 0, token.stderr
        made.append(client_with(token.stdout.strip(), cluster))
        return made[-1]

    yield of
    for one in made:
        one.close()


@pytest.fixture
def served(kubectl: Any) -> list[Right]:
    """Every resource that the API server serves, with every verb that it knows for it."""

    def asked(path: str) -> dict[str, Any]:
        answer = kubectl("get", "--raw", path)
        assert answer.returncode == 0, answer.stderr
        told: dict[str, Any] = json.loads(answer.stdout)
        return told

    groups = {group["name"]: group["preferredVersion"]["groupVersion"] for group in asked("/apis")["groups"]}
    lists = {"": "/api/v1"} | {name: f"/apis/{version}" for name, version in groups.items()}
    return [
        Right(group, resource["name"], verb)
        for group, path in lists.items()
        for resource in asked(path)["resources"]
        for verb in sorted({*resource["verbs"], *_BEYOND_WHAT_IS_SERVED})
    ]


def _allowed(client: httpx.Client, rights: list[Right], namespaces: list[str]) -> set[tuple[str, Right]]:
    """Return what the API server allows the client's account, by namespace; the empty one stands for all."""

    def asked(where: str, right: Right) -> bool:
        resource, _, sub = right.resource.partition("/")
        wanted = {
            "group": right.group,
            "resource": resource,
            "subresource": sub,
            "verb": right.verb,
            "name": right.name,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": wanted | ({"namespace": where} if where else {})},
        }
        answer = client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=review)
        assert answer.status_code == 201, answer.text
        return bool(answer.json()["status"]["allowed"])

    questions = list(product(namespaces, rights))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda question: asked(*question), questions))
    return {question for question, allowed in zip(questions, answers, strict=True) if allowed}


@pytest.mark.usefixtures("installed")
def test_what_is_listed_is_allowed_and_everything_else_is_refused(
    client: Callable[[str], httpx.Client], served: list[Right], namespace: str
) -> None:
    assert len(served) > 500, "the server tells of its resources"
    namespaces = [namespace, "default", ""]
    anybody = _allowed(client("nobody"), served, namespaces)
    for who, account in _ACCOUNTS.items():
        listed = {needed.right for needed in golden(namespace)[who] if needed.when in {"", UNLESS_NAMESPACED}}
        questions = served + [right for right in listed if right.name]
        allowed = _allowed(client(account), questions, namespaces) - anybody
        assert allowed == {(namespace, right) for right in listed}, who


def _refused(client: httpx.Client, method: str, path: str, body: Any = None) -> str | None:
    """Return a complaint where a request is answered by something else than 403."""
    answer = client.request(method, path, json=body)
    return None if answer.status_code == 403 else f"{method} {path}: {answer.status_code}"


@pytest.mark.usefixtures("installed")
def test_what_an_intruder_would_try_is_refused(client: Callable[[str], httpx.Client], namespace: str) -> None:
    core, rbac = f"/api/v1/namespaces/{namespace}", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    videojobs = f"/apis/runops.dev/v1alpha1/namespaces/{namespace}/videojobs"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": []}
    token = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    of_both: list[tuple[str, str, Any]] = [
        ("GET", f"{core}/secrets", None),
        ("GET", f"{core}/secrets/runops-keys", None),
        ("GET", f"{core}/configmaps", None),
        ("POST", f"{core}/pods", pod),
        ("POST", f"{core}/pods/p/exec?command=id", None),
        ("GET", f"{core}/pods/p/log", None),
        ("POST", f"{core}/serviceaccounts/runops-operator/token", token),
        ("POST", f"{rbac}/roles", role),
        ("DELETE", videojobs, None),
        ("GET", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/another", None),
        ("GET", "/apis/batch/v1/namespaces/default/jobs", None),
        ("GET", "/apis/batch/v1/jobs", None),
        ("GET", "/apis/runops.dev/v1alpha1/videojobs", None),
        ("GET", "/api/v1/nodes", None),
        ("GET", "/api/v1/namespaces", None),
    ]
    of_the_worker: list[tuple[str, str, Any]] = [
        ("GET", videojobs, None),
        ("GET", f"{videojobs}/vj-1", None),
        ("DELETE", f"{videojobs}/vj-1", None),
        ("PATCH", f"{videojobs}/vj-1", {"spec": {"suspend": True}}),
        ("GET", f"{core}/pods", None),
        ("POST", f"{core}/events", {}),
        ("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs", None),
        ("DELETE", f"/apis/batch/v1/namespaces/{namespace}/jobs/vj-1", None),
    ]
    for account, requests in (
        (_ACCOUNTS["operator"], of_both),
        (_ACCOUNTS["worker"], of_both + of_the_worker),
    ):
        one = client(account)
        one.headers["Content-Type"] = "application/merge-patch+json"
        complaints = [complaint for request in requests if (complaint := _refused(one, *request))]
        assert complaints == [], account
