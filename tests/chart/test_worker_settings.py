"""What the chart says of workers' pods arrives in the Job that the operator makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from runops.job_row import Claim, JobRow
from runops.videojob import VideoJobSpec
from runops_operator.config import CaBundle, load_config
from runops_operator.manifests.build_job import build_job
from runops_operator.manifests.build_videojob import build_videojob
from runops_operator.manifests.observed import parse_videojob

_JOB_ID = UUID("0b0c3a52-3c3f-4c0e-9c58-3f8d8e2f9a10")
_PROXY = {"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}


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
    assert pod["affinity"] == {"podAntiAffinity": {}}
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
    assert pod["volumes"][-1] == {"name": "ca", "configMap": {"name": "company-ca"}}
    assert container["volumeMounts"][-1] == {"name": "ca", "mountPath": "/etc/company", "readOnly": True}
    assert container["env"][-1] == _PROXY
    assert container["envFrom"] == [{"configMapRef": {"name": "proxy"}}]
    assert template["metadata"]["labels"]["team"] == "video"
    assert template["metadata"]["annotations"]["example.com/kind"] == "worker"


def test_nothing_is_added_by_default(job: Callable[..., dict[str, Any]]) -> None:
    pod = job(values=False)["spec"]["template"]["spec"]

    assert not {"hostUsers", "affinity", "topologySpreadConstraints", "priorityClassName"} & set(pod)
    assert "envFrom" not in pod["containers"][0]
    assert [volume["name"] for volume in pod["volumes"]] == ["work", "secrets", "prompts", "token"]


def test_labels_by_which_the_operator_finds_its_pods_cannot_be_taken(job: Callable[..., dict[str, Any]]) -> None:
    made = job("--set-string", r"worker.labels.app\.kubernetes\.io/name=mine")

    assert made["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] == "runops-worker"


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
