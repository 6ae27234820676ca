"""Become the tool: tie this process to its parent, set limits, confine it, then execute the tool.

This runs in a fresh interpreter (`python -I -S -c START ROOT SETTING... -- BINARY ARGUMENT...`) and not as a hook
between fork and exec, because such a hook can deadlock in a program with threads. Each start of the tool pays for the
imports here, so there are few: no json, pathlib or typing.
"""

import ctypes
import os
import resource
import sys

from runops_worker.media.sandbox import landlock, seccomp

__all__ = ["REFUSED", "REFUSED_CODE", "START", "run"]

START = (
    "import sys; sys.path.append(sys.argv[1]); from runops_worker.media.sandbox.launcher import run; run(sys.argv[2:])"
)
"""The code of the fresh interpreter. ROOT goes last on its path, so that no file there hides a standard module."""

REFUSED = "runops-launcher: "
"""Prefix of the line on standard error that says why the tool was not started."""
REFUSED_CODE = 125
"""The exit code in that case."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_SIGKILL = 9
_STACK_BYTES = 2 * 1024 * 1024
# For mapped programs and libraries, and for addresses that the C library reserves and never uses.
_ADDRESSES_BESIDE_MEMORY = 1024 * 1024 * 1024
_PAGE = 4096
_MAP_PRIVATE, _MAP_ANONYMOUS, _MAP_FIXED_NOREPLACE = 0x02, 0x20, 0x100000
_PLACING_TRIES = 16

_Settings = dict[str, list[str]]


def run(arguments: list[str]) -> None:
    """Execute the tool and never return. Without a tool, print how this process was confined.

    Parameters
    ----------
    arguments
        Settings as `NAME=VALUE`, then `--`, then the tool's path and its arguments. `parent` (process id), `memory`,
        `cpu_seconds`, `file_bytes` and `open_files` are required. `read`, `execute` and `write` name one file each and
        may be repeated. With `landlock=required`, a kernel without Landlock is an error.

    Raises
    ------
    SystemExit
        With `REFUSED_CODE` after a line on standard error, or because the parent has exited.
    """
    end = arguments.index("--")
    settings: _Settings = {}
    for argument in arguments[:end]:
        name, _, value = argument.partition("=")
        settings.setdefault(name, []).append(value)
    command = arguments[end + 1 :]
    try:
        _tie_to_parent(int(settings["parent"][0]))
        _limit(settings)
        exec_pointer = _place_at_random(command[0]) if command else 0
        confinement = _confine(settings, exec_pointer)
        if not command:
            os.write(1, confinement.encode() + b"\n")
            return
        _execute(exec_pointer, command)
    except OSError as error:
        sys.stderr.write(f"{REFUSED}{error.strerror} ({error.filename})\n")
        raise SystemExit(REFUSED_CODE) from None


def _tie_to_parent(parent: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_PDEATHSIG, _SIGKILL), (_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_DUMPABLE, 0)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "prctl")
    if os.getppid() != parent:
        # The parent exited before PR_SET_PDEATHSIG was set.
        raise SystemExit(1)


def _limit(settings: _Settings) -> None:
    memory = int(settings["memory"][0])
    for kind, wanted in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, int(settings["open_files"][0])),
        (resource.RLIMIT_FSIZE, int(settings["file_bytes"][0])),
        (resource.RLIMIT_CPU, int(settings["cpu_seconds"][0])),
        # Each thread reserves a stack of this size, and RLIMIT_DATA counts it.
        (resource.RLIMIT_STACK, _STACK_BYTES),
        (resource.RLIMIT_DATA, memory),
        # RLIMIT_DATA does not count shared memory.
        (resource.RLIMIT_AS, memory + _ADDRESSES_BESIDE_MEMORY),
    ):
        _, hard = resource.getrlimit(kind)
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))


def _confine(settings: _Settings, exec_pointer: int) -> str:
    abi = landlock.kernel_abi()
    if abi:
        landlock.confine(
            abi,
            reads=settings.get("read", []),
            executes=settings.get("execute", []),
            writes=settings.get("write", []),
        )
    elif settings.get("landlock") == ["required"]:
        raise OSError(0, "Landlock is required, and this kernel does not have it", "landlock")
    program = seccomp.build(os.uname().machine, pid=os.getpid(), exec_pointer=exec_pointer)
    if program is not None:
        try:
            seccomp.install(program)
        except OSError:
            program = None
    return f"landlock={abi} seccomp={int(program is not None)}"


def _place_at_random(path: str) -> int:
    """Copy the tool's path to an address that nobody can guess; see `seccomp.build`."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    name = os.fsencode(path) + b"\0"
    size = (len(name) // _PAGE + 2) * _PAGE
    for _ in range(_PLACING_TRIES):
        random = int.from_bytes(os.urandom(8), "little")
        page = (1 << 32) + random % (1 << 26) * _PAGE
        flags = _MAP_PRIVATE | _MAP_ANONYMOUS | _MAP_FIXED_NOREPLACE
        answer = libc.mmap(ctypes.c_void_p(page), ctypes.c_size_t(size), 3, flags, -1, ctypes.c_long(0))
        if answer == page:
            address = page + (random >> 32) % _PAGE
            ctypes.memmove(address, name, len(name))
            return address
    raise OSError(0, f"no free memory at {_PLACING_TRIES} random addresses", "mmap")


def _execute(pointer: int, command: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_char_p * (len(command) + 1))(*[os.fsencode(argument) for argument in command], None)
    libc.execve(ctypes.c_void_p(pointer), arguments, (ctypes.c_char_p * 1)(None))
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), command[0])
