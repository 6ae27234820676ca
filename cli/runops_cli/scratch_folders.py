"""Scratch folders of `runops work`, one per video, and removal of those that a killed process left behind.

A process holds a lock on its folder; the kernel releases the lock when the process ends in any way. So a folder without
a lock belongs to a dead process, and it may hold a recording of somebody's screen.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["remove_left_behind", "scratch_folder"]

_PREFIX = "runops-work-"
_CREATED_TO_LOCKED_SECONDS = 60.0
"""A folder this young may belong to a live process that has not locked it yet."""


@contextmanager
def scratch_folder(parent: Path | None) -> Iterator[Path]:
    """Create a folder and remove it at the end.

    Parameters
    ----------
    parent
        Where; the system's temporary directory where None.
    """
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=parent) as folder:
        lock = _lock(Path(folder))
        try:
            yield Path(folder)
        finally:
            if lock is not None:
                os.close(lock)


def remove_left_behind(parent: Path | None) -> int:
    """Remove this user's scratch folders whose processes have died; return their number.

    Parameters
    ----------
    parent
        As for `scratch_folder`.
    """
    return sum(_removed(folder) for folder in (parent or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*"))


def _removed(folder: Path) -> bool:
    try:
        found = folder.lstat()
        if found.st_uid != os.getuid() or time.time() - found.st_mtime < _CREATED_TO_LOCKED_SECONDS:
            return False
        lock = _lock(folder)
    except OSError:
        return False
    if lock is None:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)
    return True


def _lock(folder: Path) -> int | None:
    """Return the file descriptor of the lock; None if another process has it or the file system has no locks."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
