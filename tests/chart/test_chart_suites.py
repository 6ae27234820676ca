"""helm-unittest's suites, which lie in the chart: each template has one, and they pass."""

import subprocess
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from devstack.cluster import ensure

pytestmark = pytest.mark.timeout(1800)
_ENDING = "_test.yaml"


def _run(chart: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(ensure("helm-unittest")), "--strict", str(chart)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def copied(chart: Path, tmp_path: Path) -> Path:
    """The chart in another place: helm-unittest makes a folder beside the suites."""
    return Path(copytree(chart, tmp_path / "runops-operator"))


def test_suites_pass(chart: Path, copied: Path) -> None:
    done = _run(copied)

    assert done.returncode == 0, done.stdout + done.stderr
    suites = len(list((chart / "tests").glob(f"*{_ENDING}")))
    assert f"Test Suites: {suites} passed, {suites} total" in done.stdout


def test_every_template_has_a_suite_and_every_suite_its_template(chart: Path) -> None:
    templates = {path.stem for path in (chart / "templates").rglob("*") if path.suffix in {".yaml", ".txt"}}
    suites = {path.name.removesuffix(_ENDING) for path in (chart / "tests").glob("*.yaml")}

    assert suites == templates
    for path in (chart / "tests").glob(f"*{_ENDING}"):
        suite = yaml.safe_load(path.read_text("utf-8"))
        assert [Path(template).stem for template in suite["templates"]] == [path.name.removesuffix(_ENDING)]
        assert all(test["asserts"] for test in suite["tests"])


def test_a_wrong_template_is_found(copied: Path) -> None:
    template = copied / "templates" / "disruption.yaml"
    text = template.read_text("utf-8")
    template.write_text(text.replace("maxUnavailable: {{", "minAvailable: {{"), "utf-8")

    done = _run(copied)

    assert done.returncode != 0
    assert "never blocks a drain" in done.stdout


def test_suites_are_not_shipped(helm: Any, chart: Path, tmp_path: Path) -> None:
    packed = helm("package", str(chart), "--destination", str(tmp_path))
    assert packed.returncode == 0, packed.stderr
    listed = subprocess.run(
        ["tar", "tzf", str(next(tmp_path.glob("*.tgz")))], capture_output=True, text=True, timeout=240, check=True
    ).stdout.splitlines()

    assert "runops-operator/files/alerts.yaml" in listed
    assert "runops-operator/files/dashboard.json" in listed
    assert "runops-operator/README.md" in listed
    assert not [name for name in listed if name.startswith("runops-operator/tests/") or name.endswith(".gotmpl")]
