"""Folders outside the checkout: caches, state, and folders that an unprivileged database user can enter."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
"""The overflow user id of every Linux: PostgreSQL refuses to run as root."""

_SHARED = Path("/var/cache/runops-devstack")


def unprivileged_user() -> int | None:
    """Return the user id to run databases as when we are root, else None: our own."""
    return NOBODY if os.geteuid() == 0 else None


def cache_folder() -> Path:
    """Return the folder for things that can be made again, readable for `unprivileged_user`; made if missing."""
    if os.geteuid() == 0:
        folder = _SHARED
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "runops-devstack"
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    return folder


def default_stack_directory() -> Path:
    """Return where the stack named "default" keeps its state."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "runops-devstack" / "default"


def reachable_by(path: Path, user: int) -> bool:
    """Tell whether a user without privileges can enter every folder on the way to a path."""
    for folder in path.resolve().parents:
        try:
            status = folder.stat()
        except FileNotFoundError:
            continue
        needed = stat.S_IXUSR if status.st_uid == user else stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def new_run_folder() -> Path:
    """Make a folder for unix sockets, whose paths may have 107 bytes at most, owned by the database user."""
    folder = Path(tempfile.mkdtemp(prefix="runops-stack-", dir="/tmp"))
    give_to_database_user(folder)
    return folder


def give_to_database_user(folder: Path) -> None:
    """Make the database user the only one who may enter a folder."""
    user = unprivileged_user()
    if user is not None:
        os.chown(folder, user, user)
    folder.chmod(0o700)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; others wait. The lock ends with the process, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
