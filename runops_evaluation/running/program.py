"""Which program made a result: a hash of its sources, and the commit."""

import hashlib
import importlib.util
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["commit", "sources_digest"]

_PACKAGES: Final = ("runops", "runops_worker")
_SUFFIXES: Final = frozenset({".py", ".toml"})
_GIT_SECONDS: Final = 10.0


def sources_digest(packages: Iterable[str] = _PACKAGES) -> str:
    """Return a hash of the sources that turn a recording into a SOP.

    A commit that changes only other files leaves it as it was, and so its results can be used again. Prompts count by
    their own hashes.
    """
    digest = hashlib.sha256()
    for package in packages:
        spec = importlib.util.find_spec(package)
        assert spec is not None, package
        for folder in spec.submodule_search_locations or ():
            root = Path(folder)
            for path in sorted(path for path in root.rglob("*") if path.suffix in _SUFFIXES):
                digest.update(f"{package}/{path.relative_to(root)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def commit(folder: Path | None = None) -> str | None:
    """Return the commit of the checkout, with `-dirty` where files differ from it; None where there is none."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=folder or Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
