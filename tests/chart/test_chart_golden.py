from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_RBAC = {"Role", "RoleBinding", "ClusterRole"}


@pytest.mark.parametrize("values", ["default", "full"])
def test_rendered_objects_are_the_agreed_ones(
    values: str, render: Callable[..., Any], golden: Callable[..., None], full_values: Path
) -> None:
    rendered = render(*(("--values", str(full_values)) if values == "full" else ()))

    shown = []
    for item in rendered.manifests:
        if item["kind"] in _RBAC | {"CustomResourceDefinition"}:
            continue
        if item["kind"] == "ConfigMap" and (item.get("immutable") or item["metadata"]["name"].endswith("-dashboard")):
            # The names only: prompts and dashboard have files and tests of their own.
            item = {**item, "data": sorted(item["data"])}  # noqa: PLW2901 - what is shown, not what was rendered
        shown.append(item)
    golden(values, shown)


def test_rights_are_the_agreed_ones(render: Callable[..., Any], golden: Callable[..., None]) -> None:
    golden("rbac", [item for item in render().manifests if item["kind"] in _RBAC])


def test_helm_lint_finds_nothing(helm: Callable[..., Any], chart: Path, full_values: Path) -> None:
    examples = sorted((chart / "ci").glob("*-values.yaml"))
    assert {path.name for path in examples} == {
        *("default-values.yaml", "ha-values.yaml", "namespaced-values.yaml", "restricted-values.yaml"),
    }
    for arguments in ((), *(("--values", str(path)) for path in (full_values, *examples))):
        done = helm("lint", "--strict", str(chart), *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
