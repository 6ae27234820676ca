"""A policy demands a label and an annotation on every object that is made, whoever makes it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.platforms.admission import in_force, of_a_pod, validating
from tests.platforms.site import Site

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("installs the chart, and runs a real pod with the whole worker"),
]

NAMESPACE = "with-labels"
_EVERYTHING = {
    "": ["pods", "configmaps", "services", "serviceaccounts", "persistentvolumeclaims"],
    "apps": ["deployments", "replicasets"],
    "batch": ["jobs"],
    "coordination.k8s.io": ["leases"],
    "networking.k8s.io": ["networkpolicies"],
    "policy": ["poddisruptionbudgets"],
    "rbac.authorization.k8s.io": ["roles", "rolebindings"],
    "runops.dev": ["videojobs"],
}
_RULES = tuple(
    {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": kinds}
    for group, kinds in _EVERYTHING.items()
)
_TEAM = ("'team' in object.metadata.?labels.orValue({})", "label team is required")
_CONTACT = ("'contact' in object.metadata.?annotations.orValue({})", "annotation contact is required")
_COST_CENTER = ("'cost-center' in object.metadata.?labels.orValue({})", "label cost-center is required on Jobs")
_JOBS = {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs"]}


@pytest.fixture(scope="module")
def site(
    api_server: httpx.Client, make_namespace: Callable[[str], None], installed: Callable[..., Any]
) -> Iterator[Site]:
    make_namespace(NAMESPACE)
    policies = [
        # Kubernetes makes the last one itself.
        *validating(
            "every-object", NAMESPACE, _TEAM, _CONTACT, rules=_RULES, only="object.metadata.name != 'kube-root-ca.crt'"
        ),
        *validating("jobs", NAMESPACE, _COST_CENTER, rules=(_JOBS,)),
    ]
    values = {
        "commonLabels": {"team": "video"},
        "commonAnnotations": {"contact": "video@example.com"},
        "worker": {"jobLabels": {"cost-center": "7"}},
        "replicas": 2,
        "networkPolicy": {"enabled": False},
        # The operator then makes a ConfigMap of its own.
        "cost": {"maxPerDayUsd": 100},
    }
    with (
        in_force(api_server, policies, of_a_pod(NAMESPACE), lambda answer: "label team is required" in answer.text),
        installed(NAMESPACE, values) as site,
    ):
        yield site


def test_a_row_is_completed_where_every_object_needs_a_label(site: Site) -> None:
    assert "Succeeded" in site.release.helm("test", "runops-operator", "--timeout", "240s")
    job_id = site.submit()
    assert site.ended(job_id) == ("completed", None)
    (job,) = site.of(job_id, "jobs")
    (pod,) = site.of(job_id, "pods")
    assert {"team": "video", "cost-center": "7"}.items() <= job["metadata"]["labels"].items()
    assert pod["metadata"]["labels"]["team"] == "video"
    assert pod["metadata"]["annotations"]["contact"] == "video@example.com"
    made = {item["metadata"]["name"] for item in site.inside("configmaps")}
    assert "runops-operator-spending" in made


def test_the_policy_refuses_what_lacks_the_label(site: Site, api_server: httpx.Client) -> None:
    path = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
    (job, *_) = site.inside("jobs")
    metadata = {"name": "tried", "labels": {"team": "x"}, "annotations": {"contact": "x"}}
    template = {"spec": {key: job["spec"]["template"]["spec"][key] for key in ("containers", "volumes")}}
    template["spec"]["restartPolicy"] = "Never"
    answer = api_server.post(
        path,
        params={"dryRun": "All"},
        json={"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}},
    )
    assert "label cost-center is required on Jobs" in answer.text
