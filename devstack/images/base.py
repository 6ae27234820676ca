"""The base image for a machine that reaches no image registry: Debian, Python and certificates, nothing else."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from devstack.images.cache import Progress
from devstack.images.programs import ensure_debian_programs, run

__all__ = ["BaseTarball", "ensure_base"]

_SUITE = "trixie"
_PACKAGES = ("ca-certificates", "libpython3-stdlib", "python3-minimal")
# Licences stay: shipping an image is distributing what is in it.
_LEFT_OUT = ("doc", "info", "lintian", "locale", "man")
_KEPT = ("/usr/share/doc/*/copyright",)
_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class BaseTarball:
    """A root file system.

    Attributes
    ----------
    archive
        The tar file.
    identity
        Hash of its content.
    """

    archive: Path
    identity: str


def _command(target: Path) -> list[str]:
    """Return the call that makes the root file system. Without apt in it: nothing is ever installed there later."""
    options = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT]
    options += [f"--dpkgopt=path-include={path}" for path in _KEPT]
    return [
        "mmdebstrap",
        "--quiet",
        "--variant=essential",
        f"--include={','.join(_PACKAGES)}",
        *options,
        _SUITE,
        str(target),
    ]


def ensure_base(folder: Path, *, progress: Progress) -> BaseTarball:
    """Return the root file system, made by mmdebstrap where it is not in the cache.

    Raises
    ------
    devstack.images.failure.ImageBuildFailed
        mmdebstrap cannot be had or failed.
    """
    recipe = hashlib.sha256("\n".join(_command(Path("base"))).encode()).hexdigest()[:16]
    archive = folder / f"base-{recipe}.tar"
    identity = archive.with_suffix(".sha256")
    if not (archive.is_file() and identity.is_file()):
        ensure_debian_programs(["mmdebstrap"], progress=progress)
        progress("making the base image from Debian packages (about half a minute)")
        partial = archive.with_suffix(f".{os.getpid()}.part.tar")
        try:
            # A fixed time keeps two bases of the same packages alike.
            run(
                _command(partial),
                purpose="making the base image",
                timeout_seconds=_SECONDS,
                environment={"SOURCE_DATE_EPOCH": "0"},
            )
            with partial.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            partial.replace(archive)
        finally:
            partial.unlink(missing_ok=True)
        identity.write_text(digest, "ascii")
    return BaseTarball(archive, identity.read_text("ascii"))
