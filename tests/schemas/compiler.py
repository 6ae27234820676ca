"""Compiles TypeScript programs that use the published types."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from devstack.processes.errors import StackError
from tests.schemas.published import FOLDER, TYPES, packages, published

__all__ = ["compiled", "made"]


@cache
def made() -> dict[str, str]:
    """Return the files as they are generated; without Node.js the test fails in CI, and is skipped elsewhere."""
    try:
        return published()
    except StackError as error:
        missing = f"NO NODE, so this shows nothing: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


def compiled(folder: Path, *programs: tuple[str, str]) -> str:
    """Compile TypeScript programs beside the published types, and return what the compiler says."""
    made()
    home = packages()
    shutil.copy(FOLDER / TYPES, folder)
    for name, text in programs:
        (folder / name).write_text(text, "utf-8")
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler"]
    done = subprocess.run(
        [home / "node_modules" / ".bin" / "tsc", *options, *(name for name, _ in programs), TYPES],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.stdout + done.stderr
