"""The locked dependencies of an image as wheels for its Python, downloaded once per lock."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from devstack.images.cache import Progress, digest_of
from devstack.images.programs import run

__all__ = ["PYTHON_VERSION", "ensure_wheels"]

PYTHON_VERSION = "3.13"
"""The Python of both base images: Debian trixie's, and that of the published one."""

_GLIBC_MINORS = range(17, 42)
"""Wheels for glibc 2.17 to 2.41 (Debian trixie's) run there."""

_INSTALLER = Path(__file__).with_name("installer.txt")
_SECONDS = 1800.0


def _download(requirements: Path, target: Path, *, architecture: str) -> None:
    platforms = [f"manylinux_2_{minor}_{architecture}" for minor in _GLIBC_MINORS] + [f"manylinux2014_{architecture}"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", "--python-version", PYTHON_VERSION]
    for name in platforms:
        command += ["--platform", name]
    run(
        [*command, "--dest", str(target), "--requirement", str(requirements)],
        purpose=f"downloading the packages of {requirements.name}",
        timeout_seconds=_SECONDS,
    )


def ensure_wheels(folder: Path, lock: Path, *, architecture: str, progress: Progress) -> tuple[Path, str]:
    """Return a folder with the lock as requirements.txt, its wheels and pip's own wheel; and the hash of it all.

    An interrupted download goes on where it ended: pip keeps the files whose hash is right.

    Parameters
    ----------
    folder
        The cache folder.
    lock
        Requirements with hashes.
    architecture
        `x86_64` or `aarch64`.
    progress
        Receives a line before a download.

    Raises
    ------
    devstack.images.failure.ImageBuildFailed
        The package index cannot be reached, or a hash is wrong.
    """
    recipe = hashlib.sha256(lock.read_bytes() + _INSTALLER.read_bytes() + architecture.encode()).hexdigest()[:16]
    wheels = folder / f"wheels-{lock.stem}-{recipe}"
    if not wheels.is_dir():
        progress(f"downloading the packages of {lock.name}")
        partial = wheels.with_suffix(".part")
        partial.mkdir(exist_ok=True)
        _download(_INSTALLER, partial, architecture=architecture)
        _download(lock, partial, architecture=architecture)
        shutil.copyfile(lock, partial / "requirements.txt")
        partial.rename(wheels)
    return wheels, digest_of(wheels)
