"""What a process of this machine costs, as the kernel accounts for it."""

import os
from pathlib import Path

__all__ = ["cpu_seconds", "peak_resident_mib", "resident_mib"]


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    return _memory(pid, "VmRSS")


def peak_resident_mib(pid: int) -> float:
    """Return the most resident memory that a process has had so far, in MiB."""
    return _memory(pid, "VmHWM")


def _memory(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has ended")
