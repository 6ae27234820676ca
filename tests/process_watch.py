"""Looks at processes as they come: with what arguments and in what environment. It has to run as root."""

import os
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.cluster import ClusterInfo, processes

__all__ = ["Process", "node_of", "processes_seen"]

_PROC = Path("/proc")
_LOOK_SECONDS = 0.01
_READ_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Process:
    """A program that was seen running.

    Attributes
    ----------
    pid
        Its number.
    name
        Of its program, as the kernel has it.
    arguments, environment
        Both as the kernel shows them, their parts separated by spaces.
    hidden
        Whether others of the same user are kept from its memory, and no core file is written of it.
    token
        Tokens of its pod's service account, separated by spaces.
    """

    pid: int
    name: str
    arguments: str
    environment: str
    hidden: bool
    token: str


def node_of(cluster: ClusterInfo) -> int:
    """Return the first process of a cluster's node, from which every process of its pods descends."""
    (kubelet,) = processes(cluster, "kubelet")
    return _parent_of(kubelet)


@contextmanager
def processes_seen(ancestors: Collection[int]) -> Iterator[list[Process]]:
    """Note every process that lives for some hundredths of a second, as often as it becomes another program.

    Parameters
    ----------
    ancestors
        Which processes to watch: these and those that they start, directly or not. It may still grow in the block.
    """
    found: list[Process] = []
    ended = threading.Event()

    def look() -> None:
        known: set[Process] = set()
        family = _Family(ancestors)
        glimpsed: set[tuple[int, bytes, int]] = set()
        read_again = time.monotonic() + _READ_AGAIN_SECONDS
        while not ended.wait(_LOOK_SECONDS):
            if time.monotonic() > read_again:
                # Tokens are replaced while a process runs.
                glimpsed.clear()
                read_again = time.monotonic() + _READ_AGAIN_SECONDS
            for pid in family.now():
                try:
                    glimpse = _glimpse(_PROC / str(pid))
                    if glimpse in glimpsed:
                        continue
                    process = _process(_PROC / str(pid))
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue
                glimpsed.add(glimpse)
                if process not in known:
                    known.add(process)
                    found.append(process)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


class _Family:
    """Processes and all that descend from them. Each process of the machine is asked once for its parent.

    Parameters
    ----------
    ancestors
        Read at each look.
    """

    def __init__(self, ancestors: Collection[int]) -> None:
        self._ancestors = ancestors
        self._oldest: frozenset[int] = frozenset()
        self._belongs: dict[int, bool] = {}

    def now(self) -> list[int]:
        """Return those that run now."""
        if (oldest := frozenset(self._ancestors)) != self._oldest:
            self._oldest, self._belongs = oldest, {}
        with os.scandir(_PROC) as entries:
            running = [int(entry.name) for entry in entries if entry.name.isdigit()]
        # What has ended is forgotten: its number may come again.
        self._belongs = {pid: self._belongs[pid] for pid in running if pid in self._belongs}
        return [pid for pid in running if self._is_one(pid)]

    def _is_one(self, pid: int) -> bool:
        known = self._belongs.get(pid)
        if known is None:
            known = self._belongs[pid] = pid in self._oldest or (pid > 1 and self._is_one(_parent_of(pid)))
        return known


def _parent_of(pid: int) -> int:
    """Return a process's parent; 0 where there is none, or the process has ended."""
    try:
        # The program's name is in brackets and may contain anything.
        return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _glimpse(folder: Path) -> tuple[int, bytes, int]:
    """What shows cheaply that a process has become another program, or has hidden its memory."""
    return int(folder.name), (folder / "cmdline").read_bytes(), (folder / "environ").stat().st_uid


def _process(folder: Path) -> Process:
    # Not below /var/run, which is an absolute link in many images and would lead out of the pod.
    tokens = (folder / "root/run/secrets").glob("**/token")
    owner = next(line.split()[1] for line in (folder / "status").read_text().splitlines() if line.startswith("Uid:"))
    return Process(
        pid=int(folder.name),
        name=(folder / "comm").read_text().strip(),
        arguments=_spaced(folder / "cmdline"),
        environment=_spaced(folder / "environ"),
        hidden=(folder / "environ").stat().st_uid == 0 != int(owner),
        token=" ".join(sorted(token.read_text().strip() for token in tokens)),
    )


def _spaced(path: Path) -> str:
    return path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
