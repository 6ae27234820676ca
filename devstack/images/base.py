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
_LEFT_OUT = (
    *(f"/usr/share/{name}/*" for name in ("doc", "info", "lintian", "locale", "man")),
    "/usr/lib/*/gconv/*",  # glibc's character sets; Python brings its own
    "/usr/lib/python3*/pydoc_data/*",
    "/usr/lib/python3*/test/*",
)
_KEPT = ("/usr/share/doc/*/copyright",)
# Debian calls these essential, for installing and for logging in: neither is done in a container of ours. Removed by
# dpkg, not by rm, so that its status, from which scanners and the SBOM read, tells the truth.
_REMOVED = (
    # The scripts of the first need what the second holds.
    ("libpam-modules", "libpam-modules-bin", "libpam-runtime", "libpam0g"),
    (
        *("bash", "bsdutils", "debconf", "debianutils", "diffutils", "hostname", "init-system-helpers"),
        *("libblkid1", "libdb5.3t64", "liblastlog2-2", "libmount1", "libsmartcols1", "libudev1", "mawk"),
        *("ncurses-bin", "openssl", "perl-base", "sysvinit-utils", "tar", "util-linux"),
    ),
)
_FORCED = "--force-depends --force-remove-essential --force-remove-protected"
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
    options = [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
    options += [f"--dpkgopt=path-include={path}" for path in _KEPT]
    options += [
        f'--customize-hook=DEBIAN_FRONTEND=noninteractive chroot "$1" dpkg {_FORCED} --purge {" ".join(names)}'
        for names in _REMOVED
    ]
    # Logs and caches tell when and how it was made, and would differ each time.
    options.append('--customize-hook=rm -rf "$1"/var/cache/* "$1"/var/log/* "$1"/var/lib/dpkg/*-old')
    # Else a folder of apt's belongs to _apt or to root, as that user can reach the temporary folder or not.
    options.append('--aptopt=APT::Sandbox::User "root"')
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
        mmdebstrap cannot be installed, or failed.
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
