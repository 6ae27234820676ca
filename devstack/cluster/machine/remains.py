"""Finds and removes what a node leaves outside its namespaces: control groups, its link, its state folder."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
_PAUSE = 0.1
_DEADLINE = 120.0


@dataclass(frozen=True)
class ProcessId:
    """A process, identified by its number and start time.

    Attributes
    ----------
    pid
        Its number in the machine's own pid namespace.
    started
        Clock ticks since boot (field 22 of /proc/PID/stat, proc(5)).
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """Look a process up; None when it is gone or only waits to be collected."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The program's name is in brackets and may contain anything, even spaces.
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in {"Z", "X"} else cls(pid, int(fields[19]))

    def alive(self) -> bool:
        """Tell whether this very process still runs."""
        return ProcessId.of(self.pid) == self

    def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)
            wait_until(lambda: not self.alive())


def children_of(parent: int) -> list[int]:
    """Find the processes that a process started."""
    children = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                children.append(int(folder.name))
    return children


def wait_until(condition: Callable[[], bool], *, deadline: float = _DEADLINE) -> bool:
    """Wait for a condition; False when it did not come true within the deadline (seconds)."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE)
    return True


def _hierarchies() -> list[Path]:
    """Give the roots of the control groups: one in version 2, one for each controller in version 1."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return [folder for folder in CGROUPS.glob("*") if (folder / "cgroup.procs").exists()]


def may_make_cgroups() -> bool:
    """Tell whether control groups are there and writable."""
    hierarchies = _hierarchies()
    return bool(hierarchies) and all(os.access(hierarchy, os.W_OK) for hierarchy in hierarchies)


def make_cgroups(group: str) -> None:
    """Make a control group in every hierarchy.

    Raises
    ------
    OSError
        The control groups are not ours to change.
    """
    hierarchies = _hierarchies()
    if hierarchies == [CGROUPS]:
        _hand_down_controllers()
    for hierarchy in hierarchies:
        made = hierarchy / group.strip("/")
        made.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            # A new version 1 cpuset is empty, and nothing can run in it.
            inherited = hierarchy / setting
            if inherited.exists():
                (made / setting).write_text(inherited.read_text())


def _hand_down_controllers() -> None:
    """Let groups below the root of version 2 limit processor, memory and processes."""
    wanted = {"cpu", "cpuset", "memory", "pids"} & set((CGROUPS / "cgroup.controllers").read_text().split())
    line = " ".join(f"+{name}" for name in sorted(wanted))
    control = CGROUPS / "cgroup.subtree_control"
    try:
        control.write_text(line)
    except OSError as refused:
        if refused.errno != errno.EBUSY:
            raise
        # Inside a container the root is not the real one, and may not both hold processes and hand down controllers.
        aside = CGROUPS / "runops-others"
        aside.mkdir(exist_ok=True)
        for pid in (CGROUPS / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                (aside / "cgroup.procs").write_text(pid)
        control.write_text(line)


def cgroup_folders(group: str) -> list[Path]:
    """Give the control group's folder in every hierarchy that has one."""
    name = group.strip("/")
    places = [CGROUPS / name, *CGROUPS.glob(f"*/{name}")]
    return [place for place in places if place.is_dir()]


def remove_cgroups(group: str) -> None:
    """Remove a control group and those below it, once their processes are gone.

    Raises
    ------
    TimeoutError
        A process stays in one of them.
    """
    if not wait_until(lambda: all(map(_remove_tree, cgroup_folders(group)))):
        raise TimeoutError(f"processes stay in the control group {group}")


def _remove_tree(folder: Path) -> bool:
    try:
        for parent, children, _ in os.walk(folder, topdown=False):
            for child in children:
                (Path(parent) / child).rmdir()
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_link(name: str) -> None:
    """Remove a network interface, and with it its routes, if it is still there."""
    if Path(f"/sys/class/net/{name}").exists():
        # The kernel may remove it at this very moment, because its other end is gone: both are fine.
        subprocess.run(["ip", "link", "delete", name], capture_output=True, timeout=120, check=False)
        wait_until(lambda: not Path(f"/sys/class/net/{name}").exists())


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it.

    Raises
    ------
    TimeoutError
        It cannot be emptied.
    """

    def gone() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    if not wait_until(gone):
        raise TimeoutError(f"{folder} cannot be removed")
