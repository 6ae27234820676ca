"""Scratch folders of `runops work`, one for each video. What a killed process left behind is removed.

A folder is locked as long as its process lives; the kernel lets go of the lock however that ends. An unlocked one is a
recording of somebody's screen that nobody would ever take away.
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
_NOT_YET_LOCKED_SECONDS = 60.0
"""Between being made and being locked a folder is nobody's."""


@contextmanager
def scratch_folder(place: Path | None) -> Iterator[Path]:
    """Make a folder that is removed at the end.

    Parameters
    ----------
    place
        Where; the system's place for such folders where None.
    """
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place) as folder:
        lock = _locked(Path(folder))
        try:
            yield Path(folder)
        finally:
            if lock is not None:
                os.close(lock)


def remove_left_behind(place: Path | None) -> int:
    """Remove the scratch folders of this user whose processes are gone; return how many there were.

    Parameters
    ----------
    place
        As for `scratch_folder`.
    """
    removed = 0
    for folder in (place or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*"):
        try:
            looks = folder.lstat()
            if looks.st_uid != os.getuid() or time.time() - looks.st_mtime < _NOT_YET_LOCKED_SECONDS:
                continue
            lock = _locked(folder)
        except OSError:
            continue
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
            removed += 1
    return removed


def _locked(folder: Path) -> int | None:
    """Return what holds the lock of a folder; None where another process has it, or the file system knows no locks."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held
