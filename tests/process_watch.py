"""Looks at processes as they come: with what arguments and in what environment. It has to run as root."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.cluster import ClusterInfo, processes

__all__ = ["Process", "descends_from", "in_pod_of", "processes_seen"]

_PROC = Path("/proc")
_LOOK_SECONDS = 0.02


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


def descends_from(pid: int, ancestors: Collection[int]) -> bool:
    """Whether a process is one of these or was started by one of them, directly or not."""
    while pid > 1:
        if pid in ancestors:
            return True
        pid = _parent(pid)
    return False


def in_pod_of(cluster: ClusterInfo) -> Callable[[int], bool]:
    """Return a function that tells whether a process runs on the node of this cluster, which is in namespaces."""
    # The first process of the node; every process of its pods descends from it.
    node = [_parent(kubelet) for kubelet in processes(cluster, "kubelet")]
    assert node, "the cluster's node runs on this machine, in namespaces"
    return lambda pid: descends_from(pid, node)


def _parent(pid: int) -> int:
    return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


@contextmanager
def processes_seen(which: Callable[[int], bool]) -> Iterator[list[Process]]:
    """Note every process that fits and lives for some hundredths of a second, as often as it becomes another program.

    Parameters
    ----------
    which
        Whether a process fits.
    """
    found: list[Process] = []
    known: set[Process] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            for folder in _PROC.iterdir():
                if not folder.name.isdigit():
                    continue
                try:
                    if not which(int(folder.name)):
                        continue
                    process = _process(folder)
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue
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
