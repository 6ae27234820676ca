"""The seccomp filter of the tool: it allows a list of system calls and refuses all others.

This imports as little as possible, because the launcher imports it at each start of the tool.
"""

import ctypes
import os
import struct

from runops_worker.media.sandbox.syscall_numbers import AUDIT_ARCH, NUMBERS

__all__ = ["build", "install"]

_PR_SET_SECCOMP = 22  # linux/prctl.h
_MODE_FILTER = 2  # linux/seccomp.h

# linux/bpf_common.h: the instructions in use.
_LOAD = 0x20
_EQUAL = 0x15
_AT_LEAST = 0x35
_ANY_BIT = 0x45
_RETURN = 0x06

# linux/seccomp.h: verdicts of a filter.
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL = 0x80000000
_EPERM = 1
_ENOSYS = 38

# Offsets in struct seccomp_data: number of the call, architecture, arguments.
_NUMBER_AT = 0
_ARCH_AT = 4
_ARGUMENTS_AT = 16

_X32_BIT = 0x40000000
# A C library tries calls from this number on and falls back to older ones on ENOSYS, but not on EPERM.
_NEW_CALLS = 424

_CLONE_THREAD = 0x00010000
# Flags for new namespaces: mount, cgroup, uts, ipc, user, pid, net.
_CLONE_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
# TCGETS, TIOCGWINSZ, FIONREAD; FIONBIO, FIONCLEX, FIOCLEX.
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# Duplicates and flags. F_SETOWN is left out: it makes the kernel send signals to other processes.
_FCNTLS = (0, 1, 2, 3, 4, 1030)
# Names of threads and of memory.
_PRCTLS = (15, 16, 0x53564D41)

_Instruction = tuple[int, int, int, int]


def build(machine: str, *, pid: int, exec_pointer: int) -> bytes | None:
    """Build the filter.

    The launcher installs the filter and then executes one program; no other may follow. A filter cannot read the path
    of a program, but it sees the path's address. So the launcher puts the path at a random address, and the filter
    allows an exec from that address only. The address disappears with the launcher's memory. Any other exec kills the
    process, so that an attacker has one guess.

    Parameters
    ----------
    machine
        The machine as named by `uname -m`.
    pid
        The process to whose threads it may send signals: its own.
    exec_pointer
        Address of the path of the program that may be executed.

    Returns
    -------
    bytes or None
        None for a processor that is not in `NUMBERS`.
    """
    numbers = NUMBERS.get(machine)
    if numbers is None:
        return None
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL)]
    special = {
        "clone": _threads_only(),
        "clone3": [(_RETURN, 0, 0, _ERRNO | _ENOSYS)],
        "execve": _pointer(0, exec_pointer, otherwise=_KILL),
        "ioctl": _one_of(1, _IOCTLS),
        "fcntl": _one_of(1, _FCNTLS),
        "prctl": _one_of(0, _PRCTLS),
        "prlimit64": _own_limits_to_read(),
        "tgkill": _one_of(0, (pid,)),
    }
    for name, number in numbers.items():
        then = special.get(name, [(_RETURN, 0, 0, _ALLOW)])
        program += [(_EQUAL, 0, len(then), number), *then]
    program += [
        (_AT_LEAST, 0, 1, _NEW_CALLS),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _low(argument: int) -> _Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument)


def _high(argument: int) -> _Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument + 4)


def _one_of(argument: int, values: tuple[int, ...]) -> list[_Instruction]:
    # The kernel reads these arguments as 32 bits, so the filter ignores the upper half.
    count = len(values)
    return [
        _low(argument),
        *((_EQUAL, count - place, 0, value) for place, value in enumerate(values)),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _pointer(argument: int, value: int, *, otherwise: int = _ERRNO | _EPERM) -> list[_Instruction]:
    return [
        _low(argument),
        (_EQUAL, 0, 2, value & 0xFFFFFFFF),
        _high(argument),
        (_EQUAL, 1, 0, value >> 32),
        (_RETURN, 0, 0, otherwise),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _threads_only() -> list[_Instruction]:
    return [
        _low(0),
        (_ANY_BIT, 0, 1, _CLONE_THREAD),
        (_ANY_BIT, 0, 1, _CLONE_NAMESPACES),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _own_limits_to_read() -> list[_Instruction]:
    return [_low(0), (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _ERRNO | _EPERM), *_pointer(2, 0)]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def install(program: bytes) -> None:
    """Install the filter. This cannot be undone. PR_SET_NO_NEW_PRIVS must be set before.

    Parameters
    ----------
    program
        The result of `build`.

    Raises
    ------
    OSError
        The kernel does not have seccomp filters, or something forbids their use.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    filled = _Program(len(program) // 8, program)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(filled), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "seccomp")
