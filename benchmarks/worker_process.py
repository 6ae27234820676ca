"""The worker in a container of this machine, as the kernel shows it. It has to be looked for as root."""

import os
import time
from pathlib import Path

__all__ = ["disk_bytes", "start_time", "wait_for_worker"]

_PROC = Path("/proc")
_LOOK_SECONDS = 0.1
_WORKDIR = "work"


def wait_for_worker(*, seconds: float) -> int:
    """Return the first process of a worker's container, once there is one.

    Raises
    ------
    RuntimeError
        None came up in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for folder in _PROC.iterdir():
            if folder.name.isdigit() and _is_worker(folder):
                return int(folder.name)
        time.sleep(_LOOK_SECONDS)
    raise RuntimeError(f"no worker came up in {seconds:.0f} s")


def start_time(pid: int) -> float:
    """Return when a process was started, in Unix time, to a hundredth of a second."""
    ticks = int((_PROC / str(pid) / "stat").read_text("utf-8").rpartition(")")[2].split()[19])
    age = float((_PROC / "uptime").read_text("ascii").split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def disk_bytes(pid: int) -> int:
    """Return what a worker's scratch folder takes of the disk; 0 once the worker has ended."""
    total = 0
    for folder, _, names in os.walk(_PROC / str(pid) / "root" / _WORKDIR):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_blocks * 512
            except OSError:
                continue
    return total


def _is_worker(folder: Path) -> bool:
    try:
        if b"runops-worker" not in (folder / "cmdline").read_bytes():
            return False
        status = (folder / "status").read_text("utf-8")
    except OSError:
        return False
    numbers = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
    return len(numbers) > 1 and numbers[-1] == "1"
