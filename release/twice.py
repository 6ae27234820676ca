"""Two releases from two clones with empty caches, compared byte by byte."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from devstack.images.failure import ImageBuildFailed
from devstack.images.programs import run
from devstack.images.sources import CHECKOUT
from release.commit import read_commit
from release.failure import ReleaseFailed
from release.package import Progress

__all__ = ["compare", "differences", "hashes"]

_CLONE_SECONDS = 120.0
_PACKAGE_SECONDS = 3600.0


def hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a release."""
    found = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            found[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def differences(one: Mapping[str, str], two: Mapping[str, str]) -> list[str]:
    """Return the names of the files that are not the same in two releases."""
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))


def compare(*, progress: Progress) -> dict[str, str]:
    """Make the release of the commit twice and return the hashes of its files.

    Each clone has its own environment, and a cache of its own for the base image, wheels and layers. Only compiled
    programs, such as helm, are shared.

    Parameters
    ----------
    progress
        Told about long steps.

    Raises
    ------
    ReleaseFailed
        The two differ, or one could not be made.
    """
    read_commit(CHECKOUT, dirty_allowed=False)
    tools = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "runops-operator" / "bin"
    made: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="runops-release-") as temporary:
        Path(temporary).chmod(0o755)
        for name in ("one", "two"):
            clone, cache = Path(temporary) / name, Path(temporary) / f"cache-{name}"
            (cache / "runops-operator").mkdir(parents=True)
            (cache / "tmp").mkdir()
            # Whether other users, such as apt's, can reach the folders must make no difference.
            cache.chmod(0o755 if name == "one" else 0o700)
            if tools.is_dir():
                (cache / "runops-operator" / "bin").symlink_to(tools)
            progress(f"clone {name}")
            try:
                run(
                    ["git", "clone", "--quiet", str(CHECKOUT), str(clone)],
                    purpose="git clone",
                    timeout_seconds=_CLONE_SECONDS,
                )
                run(
                    ["make", "--silent", "package"],
                    purpose=f"make package in clone {name}",
                    timeout_seconds=_PACKAGE_SECONDS,
                    directory=clone,
                    # buildah's run folder lies where temporary files do, and would stay.
                    environment={"XDG_CACHE_HOME": str(cache), "TMPDIR": str(cache / "tmp")},
                )
            except ImageBuildFailed as failure:
                raise ReleaseFailed(str(failure)) from failure
            made.append(hashes(clone / "dist"))
    if differing := differences(*made):
        raise ReleaseFailed(f"Two clones of one commit gave different {', '.join(differing)}.")
    return made[0]
