"""Landlock: from here on this process may open the named files and nothing else. By raw system calls.

Standard library only, and no more of it than needed: the launcher imports this for every start of the tool.
"""

import ctypes
import os
import struct

__all__ = ["confine", "kernel_abi", "rights"]

# The same on every processor.
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
# What came later: (ABI, right). Moving to another folder, truncating, ioctl of devices, connecting to a named socket.
_FS_LATER = ((2, 1 << 13), (3, _TRUNCATE), (5, 1 << 15), (9, 1 << 16))
# TCP bind and connect.
_NET, _NET_ABI = 0b11, 4
# Abstract sockets and signals.
_SCOPES, _SCOPES_ABI = 0b11, 6


def rights(abi: int) -> tuple[int, int, int]:
    """Return all that a kernel can forbid: rights on files, on the network, and scopes.

    Parameters
    ----------
    abi
        What the kernel calls its version of Landlock. Rights of versions after 9 are not known here; what they are
        about, sockets for datagrams, the system call filter forbids.
    """
    files = _FS_OF_ABI_1
    for since, right in _FS_LATER:
        if abi >= since:
            files |= right
    return files, _NET if abi >= _NET_ABI else 0, _SCOPES if abi >= _SCOPES_ABI else 0


def kernel_abi() -> int:
    """Return the kernel's version of Landlock; 0 where it has none, or where a filter keeps it away."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)), 0)


def confine(abi: int, *, reads: list[str], executes: list[str], writes: list[str]) -> None:
    """Give up every right on files, sockets and others' processes but those on the named files, for good.

    Parameters
    ----------
    abi
        What `kernel_abi` said; not 0.
    reads
        Files to be read, and folders of which everything may be read.
    executes
        Programs to be read and started.
    writes
        Existing files to be read, overwritten and emptied.

    Raises
    ------
    OSError
        A file is not there, or the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    files, net, scopes = rights(abi)
    # An older kernel takes a longer description only where the rest of it is 0, and one with less fields not at all.
    described = struct.pack("=QQQ", files, net, scopes)[: 8 * (1 + (abi >= _NET_ABI) + (abi >= _SCOPES_ABI))]
    ruleset = _checked(libc.syscall(_CREATE_RULESET, described, ctypes.c_size_t(len(described)), 0))
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
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib would double the time of a start
            granted &= ~_READ_DIR
        rule = struct.pack("=Qi", granted, descriptor)
        _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(descriptor)


def _checked(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "landlock")
    return answer
