"""Fields that somebody else changed, and what the next upgrade or rollback does: with Helm 4, Helm 3, and Flux."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.lifecycle.argo_cd import unlike
from tests.lifecycle.release import CHART, SECRET, Done, Release

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_DEFINITION = "customresourcedefinition/videojobs.runops.dev"
_DEPLOYMENT = "deployment/runops-operator"
# No node has this label: the pods stay pending, and no image is needed.
_VALUES = {"existingSecret": SECRET, "nodeSelector": {"runops.dev/none": "none"}}
_KEEP = "--reset-then-reuse-values"


@pytest.fixture
def make(place: Callable[..., Release]) -> Iterator[Callable[..., Release]]:
    """Install a release with one of the Helms."""
    made: list[Release] = []

    def release_of(program: str) -> Release:
        release = place(program)
        release.told("delete", _DEFINITION, "--ignore-not-found", "--wait=true")
        release.helmed("install", release.name, str(CHART), values=_VALUES)
        made.append(release)
        return release

    yield release_of
    for release in made:
        release.told("delete", _DEFINITION, "--ignore-not-found", "--wait=true")


def _upgraded(release: Release, *arguments: str) -> Done:
    return release.helm("upgrade", release.name, str(CHART), _KEEP, *arguments)


def _deployment(release: Release) -> Any:
    return (release.objects.named("deployments", release.name) or {})["spec"]


def _max_concurrent(release: Release) -> int:
    config = (release.objects.named("configmaps", release.name) or {})["data"]["operator.yaml"]
    found: int = yaml.safe_load(config)["maxConcurrent"]
    return found


def _environment(release: Release) -> dict[str, str]:
    return {
        item["name"]: item.get("value", "") for item in _deployment(release)["template"]["spec"]["containers"][0]["env"]
    }


@pytest.mark.parametrize("program", ["helm", "helm3"])
def test_the_operator_is_stopped_and_started_by_a_value(make: Callable[..., Release], program: str) -> None:
    release = make(program)
    for arguments, replicas in (
        (("--set", "replicas=0"), 0),
        (("--set", "maxConcurrent=5"), 0),
        (("--set", "replicas=2"), 2),
        (("--set", "replicas=0"), 0),
    ):
        assert _upgraded(release, *arguments).returncode == 0, arguments
        assert _deployment(release)["replicas"] == replicas, arguments
    assert _max_concurrent(release) == 5
    release.helmed("rollback", release.name, "1")
    assert _deployment(release)["replicas"] == 2


@pytest.mark.parametrize("program", ["helm", "helm3"])
def test_what_others_add_stays_and_hinders_nothing(make: Callable[..., Release], program: str) -> None:
    release = make(program)
    release.told("set", "env", _DEPLOYMENT, "HTTPS_PROXY=http://proxy.example.com:3128")
    release.told("annotate", _DEFINITION, "example.com/owner=video")
    release.told("label", f"configmap/{release.name}", "team=video")
    release.told("annotate", _DEPLOYMENT, "example.com/note=here")
    release.told("rollout", "restart", _DEPLOYMENT)

    assert _upgraded(release, "--set", "maxConcurrent=5").returncode == 0
    assert _max_concurrent(release) == 5
    release.helmed("rollback", release.name, "1")
    assert _max_concurrent(release) == 10

    assert _environment(release)["HTTPS_PROXY"] == "http://proxy.example.com:3128"
    assert "example.com/owner" in release.told("get", _DEFINITION, "-o", "jsonpath={.metadata.annotations}")
    assert "video" in release.told("get", f"configmap/{release.name}", "-o", "jsonpath={.metadata.labels.team}")


def test_helm_4_refuses_to_overwrite_what_somebody_changed_until_it_is_told_to(make: Callable[..., Release]) -> None:
    release = make("helm")
    for change, field in (
        (("scale", _DEPLOYMENT, "--replicas=5"), ".spec.replicas"),
        (("set", "env", _DEPLOYMENT, "HOME=/elsewhere"), 'env[name="HOME"]'),
    ):
        release.told(*change)
        refused = _upgraded(release, "--set", "maxConcurrent=5")
        assert refused.returncode != 0
        assert "conflict" in refused.stderr
        assert field in refused.stderr
        assert _upgraded(release, "--set", "maxConcurrent=5", "--force-conflicts").returncode == 0
        assert _max_concurrent(release) == 5
        assert (_deployment(release)["replicas"], _environment(release)["HOME"]) == (2, "/tmp")  # noqa: S108
        release.told(*change)
        assert release.helm("rollback", release.name, "1").returncode != 0
        release.helmed("rollback", release.name, "1", "--force-conflicts")
        assert (_deployment(release)["replicas"], _environment(release)["HOME"]) == (2, "/tmp")  # noqa: S108


@pytest.mark.parametrize("program", ["helm", "helm3"])
def test_a_scale_to_nothing_by_kubectl_is_undone_by_the_next_upgrade(
    make: Callable[..., Release], program: str
) -> None:
    """So the pages name the value. Kubernetes notes no owner of a scale to 0, and Helm 4 sees no conflict."""
    release = make(program)
    release.told("scale", _DEPLOYMENT, "--replicas=0")
    assert _upgraded(release, "--set", "maxConcurrent=5").returncode == 0
    assert _deployment(release)["replicas"] == 2


def test_a_release_of_helm_3_is_carried_on_by_helm_4(make: Callable[..., Release]) -> None:
    before = make("helm3")
    before.told("scale", _DEPLOYMENT, "--replicas=5")
    before.told("set", "env", _DEPLOYMENT, "HTTPS_PROXY=http://proxy.example.com:3128")
    release = Release(before.cluster, before.api, before.namespace, "helm")

    assert _upgraded(release, "--set", "maxConcurrent=5").returncode == 0, "it goes on applying as Helm 3 does"
    assert _deployment(release)["replicas"] == 2
    assert _upgraded(release, "--set", "maxConcurrent=6", "--server-side=true").returncode == 0, "or as Helm 4 does"
    assert _upgraded(release, "--set", "replicas=0").returncode == 0
    assert (_deployment(release)["replicas"], _max_concurrent(release)) == (0, 6)
    release.helmed("rollback", release.name, "1")
    assert (_deployment(release)["replicas"], _max_concurrent(release)) == (2, 10)
    assert _environment(release)["HTTPS_PROXY"]


def test_flux_finds_no_drift_and_keeps_earlier_prompts(make: Callable[..., Release]) -> None:
    """Flux calls Helm 4 as a library, forces conflicts, and compares with a dry run on the API server."""
    release = make("helm")
    flux = ("--server-side=true", "--force-conflicts", "--take-ownership")
    # What its post-renderer adds to every object.
    added = {"commonLabels": {"helm.toolkit.fluxcd.io/name": "runops", "helm.toolkit.fluxcd.io/namespace": "apps"}}
    release.told("patch", f"configmap/{release.name}-pace", "--type=merge", "-p", json.dumps({"data": {"pace": "{}"}}))
    before = {
        item["metadata"]["name"] for item in release.objects("configmaps", labels="app.kubernetes.io/component=prompts")
    }
    prompts = {"prompts": {"files": {"transcription_prompt_v2.md": "Say what is on the screen, item by item."}}}
    for values in (_VALUES | added, _VALUES | added | prompts):
        release.helmed("upgrade", release.name, str(CHART), *flux, values=values)
        manifest = release.helmed("get", "manifest", release.name)
        compared = yaml.safe_dump_all(_with_helms_metadata(release, manifest))
        for _ in range(2):
            compare = ("diff", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-")
            drift = release.kubectl(*compare, given=compared)
            assert (drift.returncode, drift.stdout) == (0, "")
        rendered = release.helmed("template", release.name, str(CHART), "--no-hooks", values=values)
        assert _objects(rendered) == _objects(manifest), "what is rendered without a cluster is what a cluster gets"
    kept = {
        item["metadata"]["name"] for item in release.objects("configmaps", labels="app.kubernetes.io/component=prompts")
    }
    assert before < kept
    release.told("scale", _DEPLOYMENT, "--replicas=5")
    assert "replicas" in release.kubectl(*compare, given=compared).stdout, "the comparison finds what somebody changed"


def _with_helms_metadata(release: Release, manifest: str) -> list[dict[str, Any]]:
    """Return the objects with what Helm adds when it applies them, and Flux when it compares."""
    owner = {"meta.helm.sh/release-name": release.name, "meta.helm.sh/release-namespace": release.namespace}
    objects = list(_objects(manifest).values())
    for item in objects:
        metadata = item["metadata"]
        metadata["annotations"] = {**metadata.get("annotations", {}), **owner}
        metadata["labels"] = {**metadata.get("labels", {}), "app.kubernetes.io/managed-by": "Helm"}
    return objects


def _objects(text: str) -> dict[str, Any]:
    items = [item for item in yaml.safe_load_all(text) if item is not None]
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in items}


def test_the_comparison_finds_a_value_that_is_not_there() -> None:
    assert unlike({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}], "d": 3}) == []
    assert unlike({"a": [{"b": 1}]}, {"a": [{"b": 1}, {}]}) != []
    assert unlike({"a": {"b": "1"}}, {"a": {"b": 1}}) != []
