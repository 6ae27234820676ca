"""On a real API server: what an admin of one namespace can install, and that every object of the chart is taken."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack.cluster import ClusterInfo

pytestmark = pytest.mark.cluster

_ADMIN = "admin-of-one-namespace"
_PREPARED = ("--show-only", "templates/crd.yaml", "--show-only", "templates/aggregate.yaml")
_AGGREGATED_SECONDS = 240


@pytest.fixture
def admin(kubectl: Any, namespace: str) -> str:
    """A user who is admin of the test's namespace and nothing elsewhere."""
    bound = kubectl(
        *("create", "rolebinding", "its-admin", "--namespace", namespace),
        *("--clusterrole=admin", f"--user={_ADMIN}"),
    )
    assert bound.returncode == 0, bound.stderr
    return _ADMIN


@pytest.fixture
def install(helm: Any, chart: Path, cluster: ClusterInfo, namespace: str, admin: str) -> Iterator[Callable[..., Any]]:
    """Install as that user; no pod runs."""
    release = ("--namespace", namespace, "--kubeconfig", str(cluster.kubeconfig))

    def run(*settings: str) -> Any:
        return helm(
            *("install", "runops-operator", str(chart), *release, "--kube-as-user", admin),
            *("--set", "replicas=0,existingSecret=runops-keys", *settings),
        )

    yield run
    helm("uninstall", "runops-operator", "--ignore-not-found", *release)


@pytest.fixture
def prepared(helm: Any, chart: Path, kubectl: Any, namespace: str) -> Iterator[Callable[[], None]]:
    """What somebody with rights in the whole cluster does before, as docs/install.md says."""
    # Its own name: releases of other tests have their roles.
    made: list[str] = []

    def prepare() -> None:
        shown = helm("template", "runops-operator", str(chart), "--namespace", namespace, *_PREPARED)
        assert shown.returncode == 0, shown.stderr
        made.append(shown.stdout)
        applied = kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=shown.stdout)
        assert applied.returncode == 0, applied.stderr
        established = kubectl("wait", "--for=condition=Established", "crd/videojobs.runops.dev", "--timeout=180s")
        assert established.returncode == 0, established.stderr

    yield prepare
    # Not the definition: other tests of the session have VideoJobs.
    for text in made:
        roles = [item for item in yaml.safe_load_all(text) if item and item["kind"] == "ClusterRole"]
        for role in roles:
            kubectl("delete", "clusterrole", role["metadata"]["name"], "--ignore-not-found")


def _wait_until_admins_may(kubectl: Any, namespace: str) -> None:
    deadline = time.monotonic() + _AGGREGATED_SECONDS
    question = ("auth", "can-i", "patch", "videojobs.runops.dev", "--subresource=status", "--namespace", namespace)
    while kubectl(*question, "--as", _ADMIN).stdout.strip() != "yes":
        assert time.monotonic() < deadline, f"after {_AGGREGATED_SECONDS} s the roles were not aggregated into admin"
        time.sleep(0.2)


def test_admin_of_a_namespace_installs_with_one_switch(
    install: Callable[..., Any], prepared: Callable[[], None], kubectl: Any, namespace: str
) -> None:
    refused = install("--set", "namespaced=true")
    assert refused.returncode != 0, "without the roles for people nobody but the cluster's admin may make ours"
    assert "videojobs" in refused.stderr

    prepared()
    _wait_until_admins_may(kubectl, namespace)
    installed = install("--set", "namespaced=true", "--replace")
    assert installed.returncode == 0, installed.stderr

    for account, verb, expected in (("runops-operator", "create", "yes"), ("runops-operator-worker", "create", "no")):
        answer = kubectl(
            *("auth", "can-i", verb, "videojobs.runops.dev", "--namespace", namespace),
            *("--as", f"system:serviceaccount:{namespace}:{account}"),
        )
        assert answer.stdout.strip() == expected, account


def test_admin_of_a_namespace_is_refused_what_is_cluster_wide(
    install: Callable[..., Any], prepared: Callable[[], None], kubectl: Any, namespace: str
) -> None:
    prepared()
    _wait_until_admins_may(kubectl, namespace)

    refused = install()

    assert refused.returncode != 0
    assert "forbidden" in refused.stderr.lower()


@pytest.fixture
def priority_class(kubectl: Any) -> Iterator[None]:
    """The one that the values of `full` name: a pod of a class that is not there is refused."""
    made = kubectl("create", "priorityclass", "important", "--value=1000")
    assert made.returncode == 0, made.stderr
    yield
    kubectl("delete", "priorityclass", "important")


@pytest.mark.usefixtures("priority_class")
@pytest.mark.parametrize("example", ["default", "ha", "namespaced", "restricted", "full"])
def test_api_server_takes_every_object(
    *, example: str, render: Callable[..., Any], full_values: Path, chart: Path, kubectl: Any, namespace: str
) -> None:
    values = full_values if example == "full" else chart / "ci" / f"{example}-values.yaml"
    labelled = kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    assert labelled.returncode == 0, labelled.stderr
    known = []
    for manifest in render("--values", str(values)).manifests:
        # The namespace of `render` is not there, and a definition would outlast the test: both are shown elsewhere.
        if manifest["apiVersion"].startswith("monitoring.coreos.com") or manifest["kind"] == "CustomResourceDefinition":
            continue
        known.append(json.loads(json.dumps(manifest).replace("videos-ns", namespace)))

    # Admission of a pod looks its service account up, and a dry run makes none.
    accounts = [manifest for manifest in known if manifest["kind"] == "ServiceAccount"]
    made = kubectl("apply", "--server-side", "-f", "-", given=yaml.safe_dump_all(accounts))
    assert made.returncode == 0, made.stderr

    taken = kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", given=yaml.safe_dump_all(known))

    assert taken.returncode == 0, taken.stderr
    assert "Warning" not in taken.stderr, taken.stderr
    assert len(taken.stdout.splitlines()) == len(known)
