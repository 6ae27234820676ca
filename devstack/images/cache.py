"""The folder where images and what they are made of are kept between builds."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.images.failure import ImageBuildFailed

__all__ = ["Progress", "cache_folder", "digest_of", "exclusive", "keep_newest"]

Progress = Callable[[str], None]
"""Takes one line about what happens now."""

_LOCK_SECONDS = 1800.0


def cache_folder() -> Path:
    """Return the images' cache folder, made where it is missing: `$XDG_CACHE_HOME/runops-operator/images`."""
    home = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(home) if home else Path.home() / ".cache") / "runops-operator" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def exclusive(folder: Path, *, progress: Progress, wait_seconds: float = _LOCK_SECONDS) -> Iterator[None]:
    """Hold the folder's lock; two builds at once would spoil each other's storage.

    Parameters
    ----------
    folder
        The cache folder.
    progress
        Receives one line if another process builds.
    wait_seconds
        How long to wait for the other build.

    Raises
    ------
    ImageBuildFailed
        The lock was not free in time.
    """
    deadline = time.monotonic() + wait_seconds
    printed = False
    with (folder / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise ImageBuildFailed(
                        f"Another image build has held {folder / 'lock'} for {wait_seconds:.0f} s. "
                        "End it, then try again."
                    ) from error
                if not printed:
                    progress("waiting for another image build to end")
                    printed = True
                time.sleep(0.5)
        yield


def digest_of(folder: Path) -> str:
    """Return the SHA-256 over the names, executable bits and contents of all files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
        name = path.relative_to(folder).as_posix()
        mode = "x" if path.stat().st_mode & 0o100 else "-"
        digest.update(f"{mode} {len(name)} {name} {path.stat().st_size}\n".encode())
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def keep_newest(folder: Path, pattern: str, *, count: int) -> None:
    """Delete all but the newest entries that match, so that the cache does not grow with every build."""
    entries = sorted(folder.glob(pattern), key=lambda entry: entry.stat().st_mtime, reverse=True)
    for entry in entries[count:]:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
