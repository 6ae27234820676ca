"""Turn this process into the tool: bind it to its parent's life, limit it, then execute it.

It runs as a script in a fresh interpreter (`python -I -S launcher.py SETTINGS BINARY ARGUMENT...`) and not as a hook
between fork and exec, because such a hook may deadlock in a program with threads. Whatever further confines the tool
belongs here, just before the exec. It imports the standard library only.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Final

__all__ = ["run"]

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_NO_NEW_PRIVS: Final = 38  # linux/prctl.h
_STACK_BYTES: Final = 2 * 1024 * 1024


def _lower(kind: int, wanted: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (value, value))


def run(arguments: list[str]) -> None:
    """Execute the tool; never returns.

    Parameters
    ----------
    arguments
        The settings as a JSON object (`parent`: process id, `memory`, `cpu_seconds`, `file_bytes`, `open_files`), then
        the tool's path, then its arguments.

    Raises
    ------
    SystemExit
        When the parent is gone already.
    OSError
        When a limit cannot be set or the tool cannot be executed.
    """
    settings = json.loads(arguments[0])
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_PDEATHSIG, signal.SIGKILL), (_PR_SET_NO_NEW_PRIVS, 1)):
        if libc.prctl(option, int(value), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != settings["parent"]:
        # The parent died before the binding took effect: nobody is left to read the result.
        raise SystemExit(1)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, settings["open_files"])
    _lower(resource.RLIMIT_FSIZE, settings["file_bytes"])
    _lower(resource.RLIMIT_CPU, settings["cpu_seconds"])
    # Every thread reserves a stack of this size, and the memory limit counts reserves.
    _lower(resource.RLIMIT_STACK, _STACK_BYTES)
    _lower(resource.RLIMIT_DATA, settings["memory"])
    os.execve(arguments[1], arguments[1:], {})  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    run(sys.argv[1:])
