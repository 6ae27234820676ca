"""Running the programs that build images, and getting those that are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack.images.cache import Progress
from devstack.images.failure import ImageBuildFailed

__all__ = ["capture", "ensure_debian_programs", "run"]

_SHOWN_LINES = 15
_APT_SECONDS = 900.0


def run(
    command: Sequence[str],
    *,
    purpose: str,
    timeout_seconds: float,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    Parameters
    ----------
    command
        Program and arguments.
    purpose
        What is being done, for the message: "<purpose> failed".
    timeout_seconds
        After this the program is killed.
    environment
        Added to our own environment.
    directory
        Where it runs; here where None.

    Raises
    ------
    ImageBuildFailed
        It ended with an error, with its last lines; or it took too long.
    """
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
            env={**os.environ, **(environment or {})},
            cwd=directory,
        )
    except subprocess.TimeoutExpired as error:
        raise ImageBuildFailed(f"{purpose} took longer than {timeout_seconds:.0f} s; try again.") from error
    except FileNotFoundError as error:
        raise ImageBuildFailed(f"{purpose} needs the program {command[0]}, which is not on PATH.") from error
    if done.returncode != 0:
        tail = "\n".join(deque(done.stdout.splitlines(), maxlen=_SHOWN_LINES))
        raise ImageBuildFailed(f"{purpose} failed (exit code {done.returncode}):\n{tail}")
    return done.stdout


def capture(command: Sequence[str], *, timeout_seconds: float = 120.0) -> str | None:
    """Return what a program prints on standard output; None where it is missing, fails or hangs."""
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def ensure_debian_programs(packages: Sequence[str], *, progress: Progress) -> None:
    """See to it that programs named like their Debian packages are there; install them where we may.

    Raises
    ------
    ImageBuildFailed
        One is missing and this is no Debian, or we are not root.
    """
    missing = [name for name in packages if shutil.which(name) is None]
    if not missing:
        return
    names = " ".join(missing)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise ImageBuildFailed(
            "Building images needs a Docker engine that answers, or root on Debian or Ubuntu with "
            f"{' and '.join(packages)}. Start Docker, or run: sudo apt-get install {names}"
        )
    progress(f"installing {names} from Debian")
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    install = [*apt, "install", "--yes", "--no-install-recommends", *missing]
    try:
        run(install, purpose=f"installing {names}", timeout_seconds=_APT_SECONDS, environment=quiet)
    except ImageBuildFailed:
        run([*apt, "update"], purpose="apt-get update", timeout_seconds=_APT_SECONDS, environment=quiet)
        run(install, purpose=f"installing {names}", timeout_seconds=_APT_SECONDS, environment=quiet)
