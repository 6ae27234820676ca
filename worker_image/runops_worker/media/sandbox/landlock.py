"""Landlock by raw system calls: after `confine` this process can open the named files only.

This imports as little as possible, because the launcher imports it at each start of the tool.
"""

import ctypes
import os
import struct

__all__ = ["confine", "kernel_abi", "rights"]

# Numbers of the system calls, the same on every processor.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1

# linux/landlock.h
_EXECUTE = 1 << 0
_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_TRUNCATE = 1 << 14
_FS_OF_ABI_1 = (1 << 13) - 1
# Rights of later versions as (ABI, right): move to another folder, truncate, device ioctl, connect to a named socket.
_FS_LATER = ((2, 1 << 13), (3, _TRUNCATE), (5, 1 << 15), (9, 1 << 16))
# TCP: bind and connect.
_NET, _NET_ABI = 0b11, 4
# Scopes: abstract sockets and signals.
_SCOPES, _SCOPES_ABI = 0b11, 6


def rights(abi: int) -> tuple[int, int, int]:
    """Return everything that a version of Landlock can forbid: rights on files, on the network, and scopes.

    Parameters
    ----------
    abi
        The kernel's Landlock version. Versions after 9 add rights on datagram sockets. They are not used here, because
        the system call filter forbids such sockets.
    """
    files = _FS_OF_ABI_1
    for since, right in _FS_LATER:
        if abi >= since:
            files |= right
    return files, _NET if abi >= _NET_ABI else 0, _SCOPES if abi >= _SCOPES_ABI else 0


def kernel_abi() -> int:
    """Return the kernel's Landlock version; 0 if there is none or a seccomp profile blocks it."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)), 0)


def confine(abi: int, *, reads: list[str], executes: list[str], writes: list[str]) -> None:
    """Give up all rights that Landlock knows, except those on the named files. This cannot be undone.

    Parameters
    ----------
    abi
        The result of `kernel_abi`; not 0.
    reads
        Files, or folders with everything in them, that may be read.
    executes
        Programs that may be read and executed.
    writes
        Existing files that may be read, overwritten and truncated.

    Raises
    ------
    OSError
        A file does not exist, or the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    files, net, scopes = rights(abi)
    # The structure grew with later versions. A kernel is given only the fields that its version has.
    attributes = struct.pack("=QQQ", files, net, scopes)[: 8 * (1 + (abi >= _NET_ABI) + (abi >= _SCOPES_ABI))]
    ruleset = _checked(libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for paths, granted in (
            (reads, _READ_FILE | _READ_DIR),
            (executes, _READ_FILE | _EXECUTE),
            (writes, _READ_FILE | _WRITE_FILE | _TRUNCATE),
        ):
            for path in paths:
                _grant(libc, ruleset, path, granted & files)
        _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _grant(libc: ctypes.CDLL, ruleset: int, path: str, granted: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - importing pathlib would double the time of a start
            granted &= ~_READ_DIR
        rule = struct.pack("=Qi", granted, descriptor)
        _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(descriptor)


def _checked(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "landlock")
    return answer
