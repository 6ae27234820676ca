"""OpenShift's restricted-v2: the platform chooses user and group of every pod, and refuses any other."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.platforms.admission import in_force, mutating, of_a_pod, validating
from tests.platforms.site import Site

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("installs the chart, and runs a real pod with the whole worker"),
]

NAMESPACE = "on-openshift"
UID, GROUP, LAST = 1000680000, 1000680000, 1000689999
_CONSTRAINTS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "securitycontextconstraints.security.openshift.io"},
    "spec": {
        "group": "security.openshift.io",
        "scope": "Cluster",
        "names": {"kind": "SecurityContextConstraints", "plural": "securitycontextconstraints"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

# What the admission of restricted-v2 sets where a pod leaves it open, and what it refuses.
_CHOSEN = f"""
  (has(object.spec.securityContext.fsGroup) ? [] :
    [JSONPatch{{op: "add", path: "/spec/securityContext/fsGroup", value: {GROUP}}}])
  + [JSONPatch{{op: "add", path: "/spec/securityContext/seLinuxOptions",
       value: Object.spec.securityContext.seLinuxOptions{{level: "s0:c26,c20"}}}}]
  + [0, 1, 2].filter(i, i < size(object.spec.containers)
      && !has(object.spec.containers[i].securityContext.runAsUser) && !has(object.spec.securityContext.runAsUser))
    .map(i, JSONPatch{{op: "add", path: "/spec/containers/" + string(i) + "/securityContext/runAsUser",
       value: {UID}}})
"""
_RANGE = f"must be in the ranges: [{UID}, {LAST}]"


def _policies() -> list[dict[str, Any]]:
    return [
        *mutating("scc", NAMESPACE, _CHOSEN),
        *validating(
            "scc",
            NAMESPACE,
            (
                "!has(object.spec.securityContext.runAsUser)",
                f"provider restricted-v2: .spec.securityContext.runAsUser: Invalid value: {_RANGE}",
            ),
            (
                f"object.spec.containers.all(c, c.securityContext.?runAsUser.orValue(0) in [{UID}, {LAST}])",
                f"provider restricted-v2: .containers[0].runAsUser: Invalid value: {_RANGE}",
            ),
            (
                f"object.spec.securityContext.?fsGroup.orValue(0) in [{GROUP}, {LAST}]",
                "provider restricted-v2: .spec.securityContext.fsGroup: Invalid value: not an allowed group",
            ),
        ),
    ]


@pytest.fixture(scope="module")
def site(
    api_server: httpx.Client, make_namespace: Callable[[str], None], installed: Callable[..., Any]
) -> Iterator[Site]:
    make_namespace(NAMESPACE)
    made = api_server.post(_DEFINITIONS, json=_CONSTRAINTS)
    assert made.is_success, made.text
    # The chart looks for this group of the API.
    eventually(lambda: api_server.get("/apis/security.openshift.io/v1").is_success, "the API of OpenShift is there")
    tried = of_a_pod(NAMESPACE)
    tried["spec"]["securityContext"]["runAsUser"] = 65532
    try:
        with (
            in_force(api_server, _policies(), tried, lambda answer: "restricted-v2" in answer.text),
            installed(NAMESPACE, {}) as site,
        ):
            yield site
    finally:
        api_server.delete(f"{_DEFINITIONS}/{_CONSTRAINTS['metadata']['name']}")  # type: ignore[index]
        eventually(
            lambda: not api_server.get("/apis/security.openshift.io/v1").is_success, "the API of OpenShift is gone"
        )


def _who(site: Site, pod: str) -> str:
    program = "import os; print(os.getuid(), os.getgid(), sorted(os.getgroups()))"
    return site.release.kubectl("exec", pod, "--", "/opt/runops/bin/python", "-c", program).strip()


def test_operator_check_and_worker_run_as_the_user_that_the_platform_chose(site: Site) -> None:
    assert _who(site, "deployment/runops-operator") == f"{UID} 0 [0, {GROUP}]"
    assert "Succeeded" in site.release.helm("test", "runops-operator", "--timeout", "240s")

    job_id = site.submit()
    eventually(lambda: bool(site.of(job_id, "pods")), "the worker's pod is made")
    (pod,) = site.of(job_id, "pods")
    assert site.ended(job_id) == ("completed", None)
    assert pod["spec"]["containers"][0]["securityContext"]["runAsUser"] == UID
    assert pod["spec"]["securityContext"]["fsGroup"] == GROUP
    assert "runAsUser" not in pod["spec"]["securityContext"]


@pytest.mark.parametrize(
    ("context", "words"), [({"runAsUser": 65532}, _RANGE), ({"fsGroup": 65532}, "not an allowed group")]
)
def test_a_pod_that_names_its_user_or_group_is_refused(
    context: dict[str, int], words: str, site: Site, api_server: httpx.Client
) -> None:
    tried = of_a_pod(site.release.namespace)
    tried["spec"]["securityContext"] |= context
    answer = api_server.post(f"/api/v1/namespaces/{NAMESPACE}/pods", params={"dryRun": "All"}, json=tried)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert words in answer.text
