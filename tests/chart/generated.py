"""What is made of the chart's values: README.md by helm-docs, values.schema.json. `python -m tests.chart.generated`."""

import json
import subprocess
import tempfile
from pathlib import Path
from shutil import copyfile

from devstack.cluster import ensure
from tests.chart.values_schema import values_schema

__all__ = ["CHART", "generated"]

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator"
_SOURCES = ("Chart.yaml", "values.yaml", "README.md.gotmpl")


def generated() -> dict[str, str]:
    """Return the files that are made, by name."""
    return {
        "README.md": _readme(),
        "values.schema.json": json.dumps(values_schema(), indent=2) + "\n",
    }


def _readme() -> str:
    # In a copy: helm-docs writes beside what it reads, and tests change nothing in the checkout.
    with tempfile.TemporaryDirectory(prefix="chart-readme-") as folder:
        for name in _SOURCES:
            copyfile(CHART / name, Path(folder) / name)
        command = [str(ensure("helm-docs")), "--chart-search-root", folder, "--sort-values-order", "file"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"helm-docs failed: {done.stderr}")
        return (Path(folder) / "README.md").read_text("utf-8")


if __name__ == "__main__":
    for name, text in generated().items():
        (CHART / name).write_text(text, "utf-8")
