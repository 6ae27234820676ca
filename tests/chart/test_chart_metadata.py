"""Chart.yaml says of the chart what is the case: its definition, images, examples and limits."""

import base64
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from runops.crd import custom_resource_definition
from runops.videojob import VideoJob

_CHECKOUT = Path(__file__).parents[2]
_RELEASE_LIMIT = 1 << 20
"""What a Secret may hold, and a release is one."""


@pytest.fixture
def metadata(chart: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((chart / "Chart.yaml").read_text("utf-8"))
    return read


@pytest.fixture
def annotated(metadata: dict[str, Any]) -> Callable[[str], Any]:
    return lambda name: yaml.safe_load(metadata["annotations"][f"artifacthub.io/{name}"])


def test_definition_is_the_charts(annotated: Callable[[str], Any]) -> None:
    crd = custom_resource_definition()

    assert [(item["kind"], item["name"], item["version"]) for item in annotated("crds")] == [
        (crd["spec"]["names"]["kind"], crd["metadata"]["name"], version["name"]) for version in crd["spec"]["versions"]
    ]


def test_examples_are_videojobs(annotated: Callable[[str], Any]) -> None:
    examples = annotated("crdsExamples")

    assert examples
    for example in examples:
        job = VideoJob.model_validate(example)
        assert job.metadata["name"] == f"vj-{job.spec.job_id}"
        assert job.spec.user_id, "without it a row that has a user is refused"


def test_images_are_the_default_ones(annotated: Callable[[str], Any], chart: Path) -> None:
    values = yaml.safe_load((chart / "values.yaml").read_text("utf-8"))

    assert {item["name"]: item["image"] for item in annotated("images")} == {
        "operator": values["image"]["repository"],
        "worker": values["worker"]["image"]["repository"],
    }


def test_licence_is_the_projects(metadata: dict[str, Any], annotated: Callable[[str], Any]) -> None:
    assert annotated("license") == metadata["annotations"]["licenses"] == "Apache-2.0"
    assert "Apache License" in (_CHECKOUT / "LICENSE").read_text("utf-8")


def test_changes_and_links_have_the_form_that_artifact_hub_reads(annotated: Callable[[str], Any]) -> None:
    for change in annotated("changes"):
        assert set(change) == {"kind", "description"}
        assert change["kind"] in {"added", "changed", "deprecated", "removed", "fixed", "security"}
    for link in annotated("links"):
        assert set(link) == {"name", "url"}
        path = re.sub(r"^https://[^ ]+/(blob|tree)/main/", "", link["url"])
        assert (_CHECKOUT / path).exists(), link["url"]


def test_cluster_must_be_new_enough(metadata: dict[str, Any], helm: Callable[..., Any], chart: Path) -> None:
    assert metadata["kubeVersion"] == ">=1.32.0-0"
    done = helm("template", "runops-operator", str(chart), "--kube-version", "1.31.9")

    assert done.returncode != 0
    assert "1.32" in done.stderr


def test_release_is_far_from_what_a_secret_may_hold(helm: Callable[..., Any], full_values: Path, chart: Path) -> None:
    everything = helm(
        "template", "runops-operator", str(chart), "--values", str(full_values), "--set", "crds.enabled=true"
    )
    assert everything.returncode == 0, everything.stderr
    # A release holds what was rendered and every file of the chart, compressed, and encoded twice.
    files = {str(path): path.read_text("utf-8") for path in chart.rglob("*") if path.is_file()}
    size = len(base64.b64encode(base64.b64encode(gzip.compress(json.dumps([everything.stdout, files]).encode()))))

    assert size < _RELEASE_LIMIT / 2


def test_definition_is_small_enough_for_any_kubectl(chart: Path) -> None:
    # `kubectl apply` keeps a copy as JSON in an annotation, and annotations may have 256 KiB together.
    assert (chart / "files" / "crds" / "videojob.yaml").stat().st_size < 64 * 1024
