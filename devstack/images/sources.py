"""Our own code as it goes into an image: a snapshot of the checkout, and the wheel made from it."""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

from devstack.images.failure import ImageBuildFailed
from devstack.images.programs import capture, run

__all__ = ["CHECKOUT", "build_wheel", "revision", "snapshot", "version"]

CHECKOUT = Path(__file__).resolve().parents[2]
_FILES = ("pyproject.toml", "README.md", "LICENSE")
_SECONDS = 120.0


def _packages() -> list[str]:
    with (CHECKOUT / "pyproject.toml").open("rb") as stream:
        packages: list[str] = tomllib.load(stream)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return packages


def version() -> str:
    """Return our version, from pyproject.toml."""
    with (CHECKOUT / "pyproject.toml").open("rb") as stream:
        return str(tomllib.load(stream)["project"]["version"])


def revision() -> str:
    """Return the commit of the checkout, with `-dirty` where files differ from it; `unknown` outside git."""
    git = ["git", "-C", str(CHECKOUT)]
    commit = capture([*git, "rev-parse", "HEAD"])
    if not commit:
        return "unknown"
    return f"{commit}-dirty" if capture([*git, "status", "--porcelain"]) else commit


def snapshot(target: Path) -> None:
    """Copy what the wheel is made from. Hash and wheel are both taken from the copy: editing meanwhile does no harm.

    Links are followed, so that the prompts, which live outside the worker's package, are real files in the wheel.
    """
    target.mkdir(parents=True)
    for name in _FILES:
        shutil.copyfile(CHECKOUT / name, target / name)
    for package in _packages():
        shutil.copytree(CHECKOUT / package, target / package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))


def build_wheel(source: Path, target: Path) -> Path:
    """Build the wheel of a snapshot without network and return its file.

    Raises
    ------
    ImageBuildFailed
        The build backend failed.
    """
    target.mkdir(parents=True, exist_ok=True)
    run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)],
        purpose="building our wheel",
        timeout_seconds=_SECONDS,
        directory=source,
        # A zip file's earliest time: the same sources give the same wheel.
        environment={"SOURCE_DATE_EPOCH": "315532800"},
    )
    found = list(target.glob("*.whl"))
    if len(found) != 1:
        raise ImageBuildFailed(f"Building our wheel left {len(found)} wheels in {target}; expected one.")
    return found[0]
