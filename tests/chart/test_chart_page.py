"""docs/chart.md: what it says of our chart follows from the chart itself; of the others it names what was read."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

_CHECKOUT = Path(__file__).parents[2]
_CHART = _CHECKOUT / "deploy" / "helm" / "runops-operator"
_PAGE = _CHECKOUT / "docs" / "chart.md"
_OTHERS = 10
_WORDS = (
    r"y|off|-|auto|own|both|SM|PM|templates|subchart|crds/|hook|lint|lint, install|tag|cosign|GPG|file|\d+|>=1\.\d\d"
)


@dataclass(frozen=True)
class _Evidence:
    """What shows that our chart has something: a text in some files.

    `shown` is what then stands in the objects made by default; where it does not, the thing is off.
    """

    files: tuple[str, ...]
    text: str
    word: str = "y"
    shown: str = ""


_OURS = Path(__file__).name
_TEMPLATES = ("templates/**/*", "templates/*")
_EVIDENCE = {
    "values schema": _Evidence(("values.schema.json",), '"additionalProperties": false'),
    "generated README": _Evidence(("README.md",), "values"),
    "unit tests": _Evidence(("../../../tests/chart/test_chart_config.py",), "def test_"),
    "chart CI": _Evidence(("ci/*.yaml",), "", word="lint, install"),
    "CRD place": _Evidence(("templates/crd.yaml", "templates/crds/*", "templates/crd*"), "crds", word="templates"),
    "CRD kept on uninstall": _Evidence(_TEMPLATES, r"include .runops\.kept"),
    "namespaced mode": _Evidence(_TEMPLATES, "kind: Role\n"),
    "aggregated roles": _Evidence(_TEMPLATES, "aggregate-to-", shown="aggregate-to-"),
    "restricted pods": _Evidence(_TEMPLATES, "runAsNonRoot"),
    "hostUsers": _Evidence((*_TEMPLATES, "values.yaml"), "hostUsers", shown="hostUsers: false"),
    "PodDisruptionBudget": _Evidence(_TEMPLATES, "kind: PodDisruptionBudget", shown="kind: PodDisruptionBudget"),
    "topology spread": _Evidence(_TEMPLATES, "topologySpreadConstraints"),
    "NetworkPolicy": _Evidence(_TEMPLATES, "kind: NetworkPolicy", shown="kind: NetworkPolicy"),
    "ServiceMonitor, PodMonitor": _Evidence(_TEMPLATES, "kind: (ServiceMonitor|PodMonitor)\\b"),
    "PrometheusRule": _Evidence(_TEMPLATES, "kind: PrometheusRule", shown="kind: PrometheusRule"),
    "tests of the alerts": _Evidence(("../../../tests/**/*.y*ml", "../../../tests/**/*.py"), r"(?m)^rule_files:"),
    "dashboard": _Evidence((*_TEMPLATES, "values.yaml"), "grafana_dashboard", shown="grafana_dashboard"),
    "extraObjects": _Evidence(_TEMPLATES, "extraObjects"),
    "global registry": _Evidence(_TEMPLATES, r"global\.imageRegistry|imageRegistry"),
    "image by digest": _Evidence(_TEMPLATES, r"\.digest"),
    "helm test": _Evidence(_TEMPLATES, r'helm\.sh/hook"?: "?test'),
    "NOTES": _Evidence(("templates/NOTES.txt",), ""),
    "Artifact Hub annotations": _Evidence(("Chart.yaml",), r"artifacthub\.io/"),
    "OCI archive": _Evidence(("../../../release/chart.py",), "helm.chart.content", word="file"),
    "signature": _Evidence(("../../../release/*.py",), "cosign|gpg"),
    "SBOM": _Evidence(("../../../release/sbom.py",), "CycloneDX"),
    "kubeVersion": _Evidence(("Chart.yaml",), r'kubeVersion: ">=1\.32', word=">=1.32"),
}


def _rows() -> dict[str, list[str]]:
    """Cells of the table by the name of the row."""
    lines = _PAGE.read_text("utf-8").split("\n## ")[0].splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {cells[0]: cells[1:] for cells in table[1:]}


def _claim(row: str, made: str) -> tuple[str, Path | None]:
    """What our chart has of a row, and the first file that shows it."""
    evidence = _EVIDENCE[row]
    paths = sorted({path for pattern in evidence.files for path in _CHART.glob(pattern) if path.is_file()})
    found = {path: re.search(evidence.text, path.read_text("utf-8", "replace")) for path in paths if path.name != _OURS}
    shown = {path: match[0] for path, match in found.items() if match}
    if not shown:
        return "-", None
    word = evidence.word if re.search(evidence.shown, made) else "off"
    if row == "ServiceMonitor, PodMonitor":
        words = {"kind: ServiceMonitor": "SM", "kind: PodMonitor": "PM"}
        word = "both" if words.keys() <= set(shown.values()) else words[next(iter(shown.values()))]
    return word, next(iter(shown)).resolve()


@pytest.fixture(scope="module")
def made(render: Callable[..., Any]) -> str:
    """What the chart makes by default, on a cluster that knows Prometheus' objects."""
    return yaml.safe_dump_all(render("--api-versions", "monitoring.coreos.com/v1").manifests)


def test_our_column_says_what_the_chart_has(made: str) -> None:
    text = expected = _PAGE.read_text("utf-8")
    links = []
    for number, (row, cells) in enumerate(_rows().items(), start=1):
        word, path = _claim(row, made)
        cell = word if path is None else f"[{word}][{number}]"
        if path is not None:
            links.append(f"[{number}]: {os.path.relpath(path, _PAGE.parent)}")
        expected = expected.replace(f"| {row} | {cells[0]} |", f"| {row} | {cell} |")
    expected = re.sub(r"(?m)^\[\d+\]: .*\n?", "", expected).rstrip("\n") + "\n\n" + "\n".join(links) + "\n"
    if os.environ.get("RUNOPS_UPDATE_GOLDEN") == "1":
        _PAGE.write_text(expected, "utf-8")
        text = expected
    assert expected == text, "docs/chart.md differs from the chart; RUNOPS_UPDATE_GOLDEN=1 writes its first column"


def test_every_row_is_there_and_filled() -> None:
    rows = _rows()

    assert list(rows) == list(_EVIDENCE)
    for row, cells in rows.items():
        assert len(cells) == 1 + _OTHERS, row
        for cell in cells[1:]:
            assert re.fullmatch(_WORDS, cell), f"{row}: {cell}"


def test_every_chart_is_named_with_the_commit_that_was_read() -> None:
    read = re.findall(
        r"(?m)^\| [^|]+ \| `[^`]+` \| [^|]+ \| `[0-9a-f]{40}` \| 20\d\d-\d\d-\d\d \|$", _PAGE.read_text("utf-8")
    )

    assert len(read) == len(set(read)) == _OTHERS


def test_links_lead_to_files_of_ours() -> None:
    for target in re.findall(r"(?m)^\[\d+\]: (.+)$", _PAGE.read_text("utf-8")):
        assert (_PAGE.parent / target).is_file(), target
