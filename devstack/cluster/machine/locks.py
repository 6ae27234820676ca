"""Locks between processes, as files that vanish when they are released.

The kernel gives up a lock when its holder dies, so a crash never leaves one behind.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.cluster.model import Progress

_PAUSE = 0.2


class FileLock:
    """An exclusive lock on a file, held until `release` or the death of every process that inherited it.

    Use `FileLock.try_take`.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    @classmethod
    def try_take(cls, path: Path) -> FileLock | None:
        """Take the lock, or answer None when somebody holds it.

        Raises
        ------
        OSError
            The file cannot be made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if _names(path, descriptor):
                return cls(path, descriptor)
            # Its last holder removed the file between our open and our lock: this lock would guard nothing.
            os.close(descriptor)

    def release(self) -> None:
        """Give the lock up and remove its file."""
        if _names(self.path, self.descriptor):
            self.path.unlink()
        os.close(self.descriptor)

    def hand_over(self) -> None:
        """Close our copy only: a child process that inherited the lock goes on holding it."""
        os.close(self.descriptor)


@contextmanager
def waiting_lock(path: Path, *, deadline: float, waiting_for: str, progress: Progress) -> Iterator[None]:
    """Hold the lock inside the block, waiting for it if needed.

    Parameters
    ----------
    path
        The lock's file.
    deadline
        How long to wait, in seconds.
    waiting_for
        What the other holder is doing, for the person who waits.
    progress
        Receives one line if there is something to wait for.

    Raises
    ------
    TimeoutError
        Somebody else held the lock all the time.
    """
    end = time.monotonic() + deadline
    lock = FileLock.try_take(path)
    if lock is None:
        progress(f"waiting for another run: {waiting_for}")
    while lock is None:
        if time.monotonic() > end:
            raise TimeoutError(f"another run held {path} for {deadline:.0f} s: {waiting_for}")
        time.sleep(_PAUSE)
        lock = FileLock.try_take(path)
    try:
        yield
    finally:
        lock.release()


def _names(path: Path, descriptor: int) -> bool:
    """Tell whether the path still is the file behind the descriptor."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
