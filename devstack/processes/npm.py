"""Packages from npm, pinned by the integrity hashes of a lock file and installed once into the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from devstack.processes import places
from devstack.processes.errors import StackError

_INSTALL_SECONDS = 300


def installed(recipe: Path, *, name: str, what: str) -> Path:
    """Return the folder with the `node_modules` of a lock file, installing them on first use.

    Parameters
    ----------
    recipe : Path
        Folder with `package.json` and `package-lock.json`.
    name : str
        Of the folder in the cache.
    what : str
        What is installed, for a person.

    Raises
    ------
    StackError
        If npm is missing, or the installation fails.
    """
    lock = (recipe / "package-lock.json").read_bytes()
    home = places.cache_folder() / f"{name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    with places.locked(home.with_name(f"{home.name}.lock")):
        if not (home / "node_modules").exists():
            _install(recipe, home, what=what)
    return home


def _install(recipe: Path, home: Path, *, what: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise StackError(f"{what} comes from npm, which is not on PATH: install Node.js with npm.")
    shutil.rmtree(home, ignore_errors=True)
    half = Path(tempfile.mkdtemp(dir=home.parent))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(recipe / name, half)
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=half,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"npm could not install {what} ({recipe / 'package.json'}):\n{done.stdout}")
        half.chmod(0o755)
        half.rename(home)
    finally:
        shutil.rmtree(half, ignore_errors=True)
