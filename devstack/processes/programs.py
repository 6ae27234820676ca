"""Starts and ends programs, and tells a live one from another process that got its pid."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

END_SECONDS = 10.0
"""How long a program may take to end before it is killed."""

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Programs this very process started: they must be waited for, or they stay as zombies."""


class Program(BaseModel):
    """A running program.

    Attributes
    ----------
    pid : int
        Process id.
    started : int
        Start time in clock ticks since boot; together with the pid it names the process for good.
    """

    pid: int
    started: int


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: dict[str, str],
    user: int | None = None,
    directory: Path | None = None,
) -> Program:
    """Start a program in its own session, so that a Ctrl-C in the terminal does not reach it.

    Parameters
    ----------
    command
        Program and arguments.
    log : Path
        Receives its output, appended.
    environment : dict of str
        All of its environment.
    user : int, optional
        Run as this user and group id; needs root.
    directory : Path, optional
        Working directory, by default the root: a program must not keep a folder busy.

    Raises
    ------
    OSError
        If the program cannot be started.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=directory or "/",
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,
            umask=0o077,
        )
    _children[child.pid] = child
    return Program(pid=child.pid, started=_start_time(child.pid) or 0)


def is_alive(program: Program) -> bool:
    """Tell whether this very process still runs."""
    child = _children.get(program.pid)
    if child is not None and child.poll() is not None:
        return False
    return _start_time(program.pid) == program.started


def end(program: Program, *, first: signal.Signals = signal.SIGTERM, seconds: float = END_SECONDS) -> None:
    """End a program: a signal, a deadline, then SIGKILL. One that is gone already is left in peace."""
    if not is_alive(program):
        _children.pop(program.pid, None)
        return
    handle = os.pidfd_open(program.pid)
    try:
        for number in (first, signal.SIGKILL):
            try:
                signal.pidfd_send_signal(handle, number)
            except ProcessLookupError:
                break
            if _ends_within(handle, seconds):
                break
    finally:
        os.close(handle)
    child = _children.pop(program.pid, None)
    if child is not None:
        child.wait(timeout=seconds)


def pause(program: Program) -> None:
    """Freeze a program: it keeps its connections and answers nothing."""
    os.kill(program.pid, signal.SIGSTOP)


def resume(program: Program) -> None:
    """Let a frozen program go on."""
    os.kill(program.pid, signal.SIGCONT)


def log_tail(log: Path, *, lines: int = 20) -> str:
    """Return the last lines of a log, for an error message."""
    if not log.exists():
        return "(no output)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) or "(no output)"


def _ends_within(handle: int, seconds: float) -> bool:
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if poller.poll(left * 1000):
            return True
    return False


def _start_time(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat (proc(5)); None when there is no such process or it is a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])
