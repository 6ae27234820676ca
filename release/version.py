"""The version, which stands in pyproject.toml, in the one place where it must be repeated: the chart's Chart.yaml."""

from __future__ import annotations

import re
from pathlib import Path

from release.failure import ReleaseFailed

__all__ = ["chart_file", "with_version", "write_chart_version"]

_SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


def chart_file(checkout: Path) -> Path:
    """Return where Chart.yaml lies."""
    return checkout / "deploy" / "helm" / "runops-operator" / "Chart.yaml"


def with_version(text: str, version: str) -> str:
    """Return Chart.yaml's text with a version in both of its lines.

    Raises
    ------
    ReleaseFailed
        The version is none that both Python and Helm take, or the text lacks one of the lines.
    """
    if not _SEMANTIC.fullmatch(version):
        raise ReleaseFailed(f"Version {version!r} in pyproject.toml is not of the form 1.2.3, which Helm asks for.")
    for pattern, line in (
        (r"(?m)^version:.*$", f"version: {version}"),
        (r"(?m)^appVersion:.*$", f'appVersion: "{version}"'),
    ):
        text, count = re.subn(pattern, line, text)
        if count != 1:
            raise ReleaseFailed(f"Chart.yaml has {count} lines like {line.partition(':')[0]}:, expected one.")
    return text


def write_chart_version(checkout: Path, version: str) -> bool:
    """Write a version into Chart.yaml and tell whether that changed anything."""
    path = chart_file(checkout)
    old = path.read_text("utf-8")
    new = with_version(old, version)
    if new != old:
        path.write_text(new, "utf-8")
    return new != old
