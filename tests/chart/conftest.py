"""Rendering the chart with the real helm, and comparing what comes out with golden files."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack.cluster import ensure

Manifest = dict[str, Any]

_HERE = Path(__file__).parent
CHECKOUT = _HERE.parents[1]
CHART = CHECKOUT / "deploy" / "helm" / "runops-operator"


class _Readable(yaml.SafeDumper):
    """Writes a text of several lines as such lines."""


_Readable.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


@dataclass(frozen=True)
class Rendered:
    """What `helm template` made."""

    manifests: tuple[Manifest, ...]

    def of(self, kind: str, *, ending: str = "") -> Manifest:
        """Return the one object of a kind whose name has an ending; those of the page only by their `-ui`."""
        found = [
            item
            for item in self.manifests
            if item["kind"] == kind
            and (name := item["metadata"]["name"]).endswith(ending)
            and (ending or not name.endswith("-ui"))
        ]
        assert len(found) == 1, f"{len(found)} objects {kind} *{ending}"
        return found[0]


@dataclass(frozen=True)
class Helm:
    """The helm program."""

    program: Path

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        return subprocess.run(
            [str(self.program), *arguments], capture_output=True, text=True, timeout=240, check=False, cwd=CHECKOUT
        )


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(Path(ensure("helm")))


@pytest.fixture(scope="session")
def chart() -> Path:
    return CHART


@pytest.fixture(scope="session")
def full_values() -> Path:
    return _HERE / "full-values.yaml"


@pytest.fixture(scope="session")
def render(helm: Helm) -> Callable[..., Rendered]:
    """Render the chart with further arguments, once for the same ones."""

    @cache
    def rendered(*arguments: str) -> Rendered:
        done = helm("template", "runops-operator", str(CHART), "--namespace", "videos-ns", *arguments)
        assert done.returncode == 0, done.stderr
        documents = [document for document in yaml.safe_load_all(done.stdout) if document is not None]
        return Rendered(tuple(documents))

    return rendered


@pytest.fixture
def golden() -> Callable[[str, list[Manifest]], None]:
    """Compare manifests with tests/chart/golden/<name>.yaml; RUNOPS_UPDATE_GOLDEN=1 writes the file instead."""

    def compare(name: str, manifests: list[Manifest]) -> None:
        text = yaml.dump_all(manifests, Dumper=_Readable, sort_keys=True, width=120)
        # The prompts have tests of their own: a new wording is no change of the chart.
        text = re.sub(r"(?<=-prompts-)[0-9a-f]{10}\b", "HASH", text)
        text = re.sub(r"(?<=checksum/config: )[0-9a-f]{64}", "HASH", text)
        path = _HERE / "golden" / f"{name}.yaml"
        if os.environ.get("RUNOPS_UPDATE_GOLDEN") == "1":
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8"), f"{path.name} differs; RUNOPS_UPDATE_GOLDEN=1 accepts what is rendered"

    return compare
