"""Every object that the chart can make, held against the API server's own description, field by field."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack.cluster import ensure
from tests.chart.api_schemas import write_schemas

pytestmark = pytest.mark.cluster

_FOREIGN = Path(__file__).parent / "schemas"
_CHOICES = {
    "default": (),
    "cilium": ("--set", "networkPolicy.enabled=true,networkPolicy.flavor=cilium"),
    "podmonitor": (
        *("--set", "metrics.podMonitor.enabled=true,metrics.podMonitor.renderMode=alwaysRender"),
        *("--set", "admissionPolicy.enabled=true,hostUsers=false"),
    ),
}

Check = Callable[[list[dict[str, Any]]], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def check(kubectl: Any, tmp_path: Path) -> Check:
    """Run kubeconform, strictly and without network."""
    told = kubectl("get", "--raw", "/openapi/v2")
    assert told.returncode == 0, told.stderr
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    assert write_schemas(json.loads(told.stdout), schemas) > 50
    locations = [f"{folder}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json" for folder in (schemas, _FOREIGN)]

    def run(manifests: list[dict[str, Any]]) -> "subprocess.CompletedProcess[str]":
        command = [str(ensure("kubeconform")), "-strict", "-summary", "-output", "json", "-verbose"]
        for location in locations:
            command += ["-schema-location", location]
        return subprocess.run(
            [*command, "-"],
            input=yaml.safe_dump_all(manifests),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


def test_objects_are_what_the_api_server_takes(render: Any, full_values: Path, chart: Path, check: Check) -> None:
    choices = {
        **_CHOICES,
        "full": ("--values", str(full_values)),
        **{path.name: ("--values", str(path)) for path in (chart / "ci").glob("*-values.yaml")},
    }
    for name, arguments in choices.items():
        manifests = list(render(*arguments).manifests)
        done = check(manifests)
        assert done.returncode == 0, f"{name}: {done.stdout}"
        summary = json.loads(done.stdout)["summary"]
        # Skipped is what no schema was found for, or what had none of a kind: that must not pass for right.
        assert summary == {"valid": len(manifests), "invalid": 0, "errors": 0, "skipped": 0}, name


def test_a_field_that_does_not_exist_is_found(render: Any, check: Check) -> None:
    deployment = json.loads(json.dumps(render().of("Deployment")))
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolcy"] = "Always"

    done = check([deployment])

    assert done.returncode != 0
    assert "imagePullPolcy" in done.stdout


def test_a_field_of_a_foreign_kind_that_does_not_exist_is_found(render: Any, full_values: Path, check: Check) -> None:
    monitor = json.loads(json.dumps(render("--values", str(full_values)).of("ServiceMonitor")))
    monitor["spec"]["endpoints"][0]["intervall"] = "1m"

    done = check([monitor])

    assert done.returncode != 0
    assert "intervall" in done.stdout
