"""Turn this process into the tool: bind it to its parent's life, limit it, confine it, then execute it.

It runs in a fresh interpreter (`python -I -S -c START ROOT SETTING... -- BINARY ARGUMENT...`) and not as a hook
between fork and exec, because such a hook may deadlock in a program with threads. Every start of the tool pays for
what is imported here: only what is needed, no json, no pathlib, no typing.
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
"""What the fresh interpreter is given to do. The folder comes last, so that nothing in it hides a standard module."""

REFUSED = "runops-launcher: "
"""How the line begins that says why the tool was not started."""
REFUSED_CODE = 125
"""How the process ends then."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_SIGKILL = 9
_STACK_BYTES = 2 * 1024 * 1024
# Programs and libraries are mapped, and the C library reserves addresses that it never touches.
_ADDRESSES_BESIDE_MEMORY = 1024 * 1024 * 1024
_PAGE = 4096
_MAP_PRIVATE, _MAP_ANONYMOUS, _MAP_FIXED_NOREPLACE = 0x02, 0x20, 0x100000
_TRIES = 16

_Settings = dict[str, list[str]]


def run(arguments: list[str]) -> None:
    """Execute the tool and never return; or, where none is named, print what confinement there is.

    Parameters
    ----------
    arguments
        Settings as `NAME=VALUE`, then `--`, then the tool's path and its arguments. `parent` (process id), `memory`,
        `cpu_seconds`, `file_bytes`, `open_files` are needed once each; `read`, `execute` and `write` name a file each;
        `landlock=required` makes it an error that the kernel has none.

    Raises
    ------
    SystemExit
        With `REFUSED_CODE`, after a line on standard error; or the parent is gone already.
    """
    end = arguments.index("--")
    settings: _Settings = {}
    for argument in arguments[:end]:
        name, _, value = argument.partition("=")
        settings.setdefault(name, []).append(value)
    command = arguments[end + 1 :]
    try:
        _bind(int(settings["parent"][0]))
        _limit(settings)
        exec_pointer = _place_at_random(command[0]) if command else 0
        had = _confine(settings, exec_pointer)
        if not command:
            os.write(1, had.encode() + b"\n")
            return
        _execute(exec_pointer, command)
    except OSError as error:
        sys.stderr.write(f"{REFUSED}{error.strerror} ({error.filename})\n")
        raise SystemExit(REFUSED_CODE) from None


def _bind(parent: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_PDEATHSIG, _SIGKILL), (_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_DUMPABLE, 0)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "prctl")
    if os.getppid() != parent:
        # The parent died before the binding took effect: nobody is left to read the result.
        raise SystemExit(1)


def _limit(settings: _Settings) -> None:
    memory = int(settings["memory"][0])
    for kind, wanted in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, int(settings["open_files"][0])),
        (resource.RLIMIT_FSIZE, int(settings["file_bytes"][0])),
        (resource.RLIMIT_CPU, int(settings["cpu_seconds"][0])),
        # Every thread reserves a stack of this size, and the memory limit counts reserves.
        (resource.RLIMIT_STACK, _STACK_BYTES),
        (resource.RLIMIT_DATA, memory),
        # The one above does not count memory that is shared.
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
        raise OSError(0, "the kernel has no Landlock, and it is required", "landlock")
    program = seccomp.build(os.uname().machine, pid=os.getpid(), exec_pointer=exec_pointer)
    if program is not None:
        try:
            seccomp.install(program)
        except OSError:
            program = None
    return f"landlock={abi} seccomp={int(program is not None)}"


def _place_at_random(path: str) -> int:
    """Put the tool's path where nobody can guess it, see `seccomp.build`."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    name = os.fsencode(path) + b"\0"
    size = (len(name) // _PAGE + 2) * _PAGE
    for _ in range(_TRIES):
        drawn = int.from_bytes(os.urandom(8), "little")
        page = (1 << 32) + drawn % (1 << 26) * _PAGE
        flags = _MAP_PRIVATE | _MAP_ANONYMOUS | _MAP_FIXED_NOREPLACE
        answer = libc.mmap(ctypes.c_void_p(page), ctypes.c_size_t(size), 3, flags, -1, ctypes.c_long(0))
        if answer == page:
            address = page + (drawn >> 32) % _PAGE
            ctypes.memmove(address, name, len(name))
            return address
    raise OSError(0, "no memory at any of the addresses that were drawn", "mmap")


def _execute(pointer: int, command: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_char_p * (len(command) + 1))(*[os.fsencode(argument) for argument in command], None)
    libc.execve(ctypes.c_void_p(pointer), arguments, (ctypes.c_char_p * 1)(None))
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), command[0])
