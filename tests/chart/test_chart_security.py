from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(params=["default", "full"])
def rendered(request: pytest.FixtureRequest, render: Callable[..., Any], full_values: Path) -> Any:
    return render(*(("--values", str(full_values)) if request.param == "full" else ()))


def _rules(rendered: Any) -> Iterator[dict[str, Any]]:
    for item in rendered.manifests:
        if item["kind"] in {"Role", "ClusterRole"}:
            yield from item["rules"]


def test_nobody_may_touch_secrets_or_anything(rendered: Any) -> None:
    rules = list(_rules(rendered))

    assert rules
    for rule in rules:
        words = {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
        assert "*" not in words
        assert not {"secrets", "pods/exec", "roles", "rolebindings", "serviceaccounts/token"} & words
        assert not {"escalate", "bind", "impersonate"} & words


def test_no_right_of_the_programs_reaches_beyond_the_namespace(rendered: Any) -> None:
    bindings = [item for item in rendered.manifests if item["kind"].endswith("RoleBinding")]

    assert {item["subjects"][0]["name"] for item in bindings} == {
        item["metadata"]["name"] for item in rendered.manifests if item["kind"] == "ServiceAccount"
    }
    for item in bindings:
        # A RoleBinding to a ClusterRole would give whatever others aggregate into it.
        assert (item["kind"], item["roleRef"]["kind"]) == ("RoleBinding", "Role")
        assert item["metadata"]["namespace"] == "videos-ns"


def test_worker_may_only_patch_the_status_of_videojobs(render: Callable[..., Any]) -> None:
    rules = render().of("Role", ending="-worker")["rules"]

    assert {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]} == {
        ("videojobs/status", "patch"),
    }


def test_chart_holds_no_secret(rendered: Any) -> None:
    assert "Secret" not in {item["kind"] for item in rendered.manifests}


def test_operator_pod_is_restricted(rendered: Any) -> None:
    pod = rendered.of("Deployment")["spec"]["template"]["spec"]
    container = pod["containers"][0]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert {next(iter(set(volume) - {"name"})) for volume in pod["volumes"]} == {"configMap", "secret", "emptyDir"}


def test_keys_reach_the_operator_as_files_only(rendered: Any) -> None:
    pod = rendered.of("Deployment")["spec"]["template"]["spec"]
    container = pod["containers"][0]

    assert not any("secretKeyRef" in str(entry) for entry in container["env"])
    assert not any("secretRef" in str(entry) for entry in container.get("envFrom", ()))
    secrets = next(volume["secret"] for volume in pod["volumes"] if volume["name"] == "secrets")
    assert secrets["defaultMode"] == 0o440
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert mounts["secrets"]["mountPath"] == "/etc/runops/secrets"
    assert mounts["secrets"]["readOnly"] is True


def test_replicas_tell_each_other_apart(rendered: Any) -> None:
    container = rendered.of("Deployment")["spec"]["template"]["spec"]["containers"][0]

    name = next(item for item in container["env"] if item["name"] == "RUNOPS_POD_NAME")
    assert name["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name", "a restarted container keeps its Lease"


def test_workers_get_no_token_but_the_one_that_is_projected(rendered: Any) -> None:
    for item in rendered.manifests:
        if item["kind"] == "ServiceAccount":
            assert item["automountServiceAccountToken"] is False
