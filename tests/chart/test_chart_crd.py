import tarfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from runops.crd import custom_resource_definition

_NAME = "videojobs.runops.dev"


def test_crd_in_chart_is_the_generated_one_and_kept_on_uninstall(render: Callable[..., Any]) -> None:
    # A copy: other tests read the same rendering.
    crd = deepcopy(render().of("CustomResourceDefinition", ending=_NAME))

    assert crd["metadata"].pop("annotations")["helm.sh/resource-policy"] == "keep"
    assert crd == custom_resource_definition()


def test_crd_may_go_with_the_release(render: Callable[..., Any]) -> None:
    crd = render("--set", "crds.keep=false").of("CustomResourceDefinition", ending=_NAME)

    assert crd == custom_resource_definition()


def test_crd_may_be_left_to_somebody_else(render: Callable[..., Any]) -> None:
    kinds = {item["kind"] for item in render("--set", "crds.enabled=false").manifests}

    assert "CustomResourceDefinition" not in kinds


def test_packaged_chart_holds_the_linked_files(helm: Callable[..., Any], chart: Path, tmp_path: Path) -> None:
    done = helm("package", str(chart), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr

    with tarfile.open(next(tmp_path.glob("*.tgz"))) as package:
        members = {member.name: member for member in package.getmembers()}
        crd = package.extractfile(members["runops-operator/files/crds/videojob.yaml"])
        assert crd is not None
        assert yaml.safe_load(crd)["metadata"]["name"] == _NAME
    names = {name.rpartition("/")[2] for name in members if name.startswith("runops-operator/files/prompts/")}
    assert {
        "transcription_prompt_v1.md",
        "transcription_prompt_v2.md",
        "sop_parser_v0.7.md",
        "sop_parser_v0.8.md",
    } <= names
    assert all(member.isreg() for member in members.values())
