"""What reaches beyond the release's namespace, and the one switch that turns it off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_CLUSTER_WIDE = {
    *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace", "PersistentVolume"),
    *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"),
    *("MutatingWebhookConfiguration", "MutatingAdmissionPolicy", "PriorityClass", "StorageClass", "APIService"),
}
_EVERYTHING = (
    *("--set", "admissionPolicy.enabled=true,networkPolicy.enabled=true,metrics.dashboard.enabled=true"),
    *("--set", "metrics.serviceMonitor.enabled=true,metrics.serviceMonitor.renderMode=alwaysRender"),
    *("--set", "metrics.prometheusRule.enabled=true,metrics.prometheusRule.renderMode=alwaysRender"),
)


def _cluster_wide(rendered: Any) -> list[str]:
    return [item["kind"] for item in rendered.manifests if item["kind"] in _CLUSTER_WIDE]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", "namespaced=true"),
        (*_EVERYTHING, "--set", "namespaced=true,crds.enabled=true,rbac.aggregateRoles=true"),
        ("--set", "crds.enabled=false,admissionPolicy.enabled=false,rbac.aggregateRoles=false"),
    ],
    ids=["the one switch", "the one switch over everything", "each on its own"],
)
def test_nothing_reaches_beyond_the_namespace(arguments: tuple[str, ...], render: Callable[..., Any]) -> None:
    rendered = render(*arguments)

    assert rendered.of("Deployment")
    assert _cluster_wide(rendered) == []
    for item in rendered.manifests:
        assert item["metadata"]["namespace"] == "videos-ns", item["kind"]


def test_example_for_one_namespace_is_one(render: Callable[..., Any], chart: Path) -> None:
    assert _cluster_wide(render("--values", str(chart / "ci" / "namespaced-values.yaml"))) == []


def test_what_is_cluster_wide_otherwise(render: Callable[..., Any]) -> None:
    assert sorted(_cluster_wide(render(*_EVERYTHING))) == [
        *("ClusterRole", "ClusterRole", "ClusterRole", "CustomResourceDefinition"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    ]


def test_two_releases_have_cluster_wide_objects_of_their_own(helm: Callable[..., Any], chart: Path) -> None:
    def names(namespace: str) -> set[str]:
        done = helm("template", "runops-operator", str(chart), "--namespace", namespace, *_EVERYTHING, "--set",
                    "crds.enabled=false")  # fmt: skip
        assert done.returncode == 0, done.stderr
        return {line for line in done.stdout.splitlines() if line.startswith(f"  name: {namespace}-")}

    assert len(names("one")) == 4
    assert not names("one") & names("two")


def test_roles_for_people_are_bound_to_nobody(render: Callable[..., Any]) -> None:
    kinds = {item["kind"] for item in render().manifests}

    assert "ClusterRole" in kinds
    assert "ClusterRoleBinding" not in kinds


def test_of_people_only_admins_may_write_a_status(render: Callable[..., Any]) -> None:
    writing = [
        item["metadata"]
        for item in render().manifests
        if item["kind"] == "ClusterRole"
        for rule in item["rules"]
        if "videojobs/status" in rule["resources"] and not set(rule["verbs"]) <= {"get", "list", "watch"}
    ]

    assert [item["name"].rpartition("-")[2] for item in writing] == ["admin"]
    assert [label for label in writing[0]["labels"] if "aggregate-to" in label] == [
        "rbac.authorization.k8s.io/aggregate-to-admin"
    ]
