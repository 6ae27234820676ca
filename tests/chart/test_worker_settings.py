"""What the chart says of workers' pods arrives in the Job that the operator makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from pydantic import ValidationError

from runops.job_row import Claim, JobRow
from runops.videojob import VideoJobSpec
from runops_operator.config import CaBundle, load_config
from runops_operator.manifests.build_job import build_job
from runops_operator.manifests.build_videojob import build_videojob
from runops_operator.manifests.observed import parse_videojob

_JOB_ID = UUID("0b0c3a52-3c3f-4c0e-9c58-3f8d8e2f9a10")
_PROXY = {"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}


def _built_for(*architectures: str) -> dict[str, Any]:
    built = {"key": "kubernetes.io/arch", "operator": "In", "values": list(architectures)}
    terms = [{"matchExpressions": [built]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


@pytest.fixture
def job(render: Callable[..., Any], full_values: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def made(*arguments: str, values: bool = True) -> dict[str, Any]:
        given = (*(("--values", str(full_values)) if values else ()), *arguments)
        rendered = render(*given)
        path = tmp_path / "operator.yaml"
        config_map = rendered.of("ConfigMap", ending="videos" if values else "runops-operator")
        path.write_text(config_map["data"]["operator.yaml"], "utf-8")
        config = load_config({"RUNOPS_CONFIG": str(path)})
        claim = Claim(claim="5f6e1d1c-0000-4000-8000-000000000001", by="videos")
        videojob = build_videojob(JobRow(job_id=_JOB_ID), claim, None, config)
        videojob["metadata"]["uid"] = "00000000-0000-4000-8000-00000000000a"
        view = parse_videojob(videojob)
        assert isinstance(view.spec, VideoJobSpec)
        return build_job(view, view.spec, claim.claim, config)

    return made


def test_every_setting_arrives(job: Callable[..., dict[str, Any]]) -> None:
    template = job()["spec"]["template"]
    pod, container = template["spec"], template["spec"]["containers"][0]

    assert pod["hostUsers"] is False
    assert pod["affinity"] == {"podAntiAffinity": {}, **_built_for("amd64", "arm64")}
    assert pod["nodeSelector"] == {"pool": "spot"}
    assert pod["topologySpreadConstraints"] == [
        {
            "maxSkew": 5,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "runops-worker"}},
        }
    ]
    assert pod["priorityClassName"] == "batch"
    assert pod["imagePullSecrets"] == [{"name": "registry-login"}, {"name": "mirror-login"}]
    assert pod["volumes"][0] == {
        "name": "work",
        "ephemeral": {
            "volumeClaimTemplate": {
                "metadata": {
                    "labels": {"example.com/owner": "platform", "app.kubernetes.io/managed-by": "runops-operator"}
                },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": "fast",
                    "resources": {"requests": {"storage": "20Gi"}},
                },
            }
        },
    }
    assert pod["volumes"][-1] == {"name": "ca", "configMap": {"name": "company-ca"}}
    assert container["volumeMounts"][-1] == {"name": "ca", "mountPath": "/etc/company", "readOnly": True}
    assert container["env"][-1] == _PROXY
    assert container["envFrom"] == [{"configMapRef": {"name": "proxy"}}]
    assert template["metadata"]["labels"]["team"] == "video"
    assert template["metadata"]["annotations"]["example.com/kind"] == "worker"


def test_labels_and_annotations_arrive_on_job_and_pod(job: Callable[..., dict[str, Any]]) -> None:
    made = job()
    of_job, of_pod = made["metadata"], made["spec"]["template"]["metadata"]

    assert {"example.com/owner": "platform", "cost-center": "7"}.items() <= of_job["labels"].items()
    assert of_job["annotations"]["example.com/contact"] == "platform@example.com"
    assert of_job["annotations"]["example.com/kind"] == "attempt"
    assert "team" not in of_job["labels"]
    assert {"example.com/owner": "platform", "team": "video"}.items() <= of_pod["labels"].items()
    assert of_pod["annotations"]["example.com/contact"] == "platform@example.com"
    assert "cost-center" not in of_pod["labels"]


def test_what_the_operator_needs_wins_over_common_labels(job: Callable[..., dict[str, Any]]) -> None:
    made = job("--set-string", r"commonLabels.app\.kubernetes\.io/managed-by=Argo")

    for metadata in (made["metadata"], made["spec"]["template"]["metadata"]):
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "runops-operator"


def test_nothing_is_added_by_default(job: Callable[..., dict[str, Any]]) -> None:
    pod = job(values=False)["spec"]["template"]["spec"]

    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert pod["affinity"] == _built_for("amd64")
    assert not {"hostUsers", "topologySpreadConstraints", "priorityClassName"} & set(pod)
    assert "envFrom" not in pod["containers"][0]
    assert [volume["name"] for volume in pod["volumes"]] == ["work", "secrets", "prompts", "token"]


@pytest.mark.parametrize("where", ["worker.", ""])
def test_nodes_are_chosen_beside_what_the_values_say(where: str, render: Callable[..., Any], tmp_path: Path) -> None:
    zone = {"key": "zone", "operator": "In", "values": ["a"]}
    own = {"key": "kubernetes.io/arch", "operator": "NotIn", "values": ["s390x"]}
    terms = [{"matchExpressions": [zone]}, {"matchExpressions": [own]}, {"matchFields": [zone]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    placed = {"nodeSelector": {"disk": "ssd"}, "affinity": affinity}
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"worker": placed} if where else placed), "utf-8")
    rendered = render("--values", str(values))
    if where:
        text = rendered.of("ConfigMap", ending="runops-operator")["data"]["operator.yaml"]
        pods = [yaml.safe_load(text)["worker"]]
    else:
        pods = [rendered.of("Deployment")["spec"]["template"]["spec"], rendered.of("Pod")["spec"]]

    built = {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}
    for pod in pods:
        assert pod["nodeSelector"] == {"kubernetes.io/os": "linux", "disk": "ssd"}
        required = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert required["nodeSelectorTerms"] == [
            {"matchExpressions": [zone, built]},
            {"matchExpressions": [own]},
            {"matchFields": [zone], "matchExpressions": [built]},
        ]


def test_no_architecture_is_asked_for_where_none_is_named(job: Callable[..., dict[str, Any]]) -> None:
    pod = job("--set-json", "architectures=[]", values=False)["spec"]["template"]["spec"]
    assert "affinity" not in pod


@pytest.mark.parametrize("value", ["nodeSelector", "worker.nodeSelector"])
def test_nodes_that_the_images_are_not_built_for_are_refused(value: str, helm: Callable[..., Any], chart: Path) -> None:
    done = helm("template", "runops-operator", str(chart), "--set", rf"{value}.kubernetes\.io/arch=arm64")

    assert done.returncode != 0
    assert f"{value} asks for nodes of kubernetes.io/arch arm64, and the images are for amd64 only" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        pytest.param((), False, id="no OpenShift"),
        pytest.param(("--api-versions", "security.openshift.io/v1"), True, id="OpenShift is found"),
        pytest.param(("--set", "openshift.enabled=true"), True, id="always"),
        pytest.param(
            ("--api-versions", "security.openshift.io/v1", "--set", "openshift.enabled=false"), False, id="never"
        ),
    ],
)
def test_user_and_group_are_left_to_openshift(
    arguments: tuple[str, ...], chosen: bool, job: Callable[..., dict[str, Any]], render: Callable[..., Any]
) -> None:
    rendered = render(*arguments)
    pods = (
        rendered.of("Deployment")["spec"]["template"]["spec"],
        rendered.of("Pod")["spec"],
        job(*arguments, values=False)["spec"]["template"]["spec"],
    )

    for pod in pods:
        context = pod["securityContext"]
        named = {"runAsUser", "runAsGroup", "fsGroup"} & set(context)
        assert named == (set() if chosen else {"runAsUser", "runAsGroup", "fsGroup"})
        assert context["runAsNonRoot"] is True
        assert not {"runAsUser", "runAsGroup"} & set(pod["containers"][0]["securityContext"])


def test_no_ephemeral_storage_is_asked_for_where_the_values_say_null(job: Callable[..., dict[str, Any]]) -> None:
    kinds = ",".join(f"worker.resources.{kind}.ephemeral-storage=null" for kind in ("requests", "limits"))
    pod = job("--set", kinds, "--set", "worker.scratch.type=volume", values=False)["spec"]["template"]["spec"]

    resources = pod["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "1", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}
    claim = pod["volumes"][0]["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert claim == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "9Gi"}}}


def test_network_policy_of_workers_chooses_their_pods(
    job: Callable[..., dict[str, Any]], render: Callable[..., Any], full_values: Path
) -> None:
    labels = job()["spec"]["template"]["metadata"]["labels"]
    policies = [item for item in render("--values", str(full_values)).manifests if item["kind"] == "NetworkPolicy"]
    chosen = {item["metadata"]["name"]: item["spec"]["podSelector"]["matchLabels"] for item in policies}

    assert chosen["videos-worker"].items() <= labels.items()
    assert not chosen["videos"].items() <= labels.items()


def test_workers_stay_restricted_whatever_is_set(job: Callable[..., dict[str, Any]]) -> None:
    pod = job()["spec"]["template"]["spec"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize(
    ("value", "source"),
    [("configMap", {"configMap": {"name": "company"}}), ("secret", {"secret": {"secretName": "company"}})],
)
def test_authorities_of_a_company_reach_operator_workers_and_check(
    job: Callable[..., dict[str, Any]], render: Callable[..., Any], value: str, source: dict[str, Any]
) -> None:
    given = ("--set", f"caBundle.{value}=company,caBundle.key=bundle.pem")
    (kind, named), *_ = source.items()
    volume = {
        "name": "ca-bundle",
        kind: {**named, "optional": True, "items": [{"key": "bundle.pem", "path": "ca.crt"}]},
    }
    pods = {
        "worker": job(*given, values=False)["spec"]["template"]["spec"],
        "operator": render(*given).of("Deployment")["spec"]["template"]["spec"],
        "helm test": render(*given).of("Pod")["spec"],
    }
    for name, pod in pods.items():
        container = pod["containers"][0]
        assert volume in pod["volumes"], name
        assert {"name": "ca-bundle", "mountPath": "/etc/runops/ca", "readOnly": True} in container["volumeMounts"], name
        assert {"name": "RUNOPS_CA_BUNDLE", "value": "/etc/runops/ca/ca.crt"} in container["env"], name


def test_two_places_for_authorities_are_refused(helm: Any, chart: Path) -> None:
    done = helm("template", "x", str(chart), "--set", "caBundle.configMap=a,caBundle.secret=b")
    assert done.returncode != 0
    assert "caBundle.configMap and caBundle.secret are both set" in done.stderr
    with pytest.raises(ValidationError, match="one of configMap and secret"):
        CaBundle.model_validate({"configMap": "a", "secret": "b"})
