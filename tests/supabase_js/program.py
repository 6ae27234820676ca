"""The program `app.mjs`: what it runs on, and how it is started."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from devstack.processes import npm
from devstack.processes.errors import StackError

__all__ = ["node_of_tests", "packages", "start"]

_HERE = Path(__file__).parent
_OLDEST = 20


def packages() -> Path:
    """Return the folder with the packages of the program, installing them on first use.

    Raises
    ------
    StackError
        npm is missing, or the installation fails.
    """
    return npm.installed(_HERE, name="supabase-js", what="supabase-js")


def node_of_tests() -> tuple[str, Path]:
    """Return node and the packages; where one of them is missing the test fails in CI, and is skipped elsewhere."""
    node = shutil.which("node")
    missing = _fault_of(node)
    if missing is None and node is not None:
        try:
            return node, packages()
        except StackError as error:
            missing = str(error)
    sentence = f"NO NODE, so this shows nothing: {missing}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def start(node: str, packages: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start the program. It is read from its input, so that its packages are looked for in that folder."""
    with (_HERE / "app.mjs").open("rb") as program:
        return subprocess.Popen(
            [node, "--input-type=module"],
            stdin=program,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=packages,
            env=environment,
        )


def _fault_of(node: str | None) -> str | None:
    if node is None:
        return f"node is not on PATH. Install Node.js {_OLDEST} or newer with npm."
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    major = re.match(r"v(\d+)", version)
    if major is None or int(major[1]) < _OLDEST:
        return f"node is {version.strip() or 'of no known version'}. Install Node.js {_OLDEST} or newer."
    return None
