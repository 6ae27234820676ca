"""Keeps what a process holds in memory, its keys above all, from other processes and from core files."""

import ctypes
import sys

__all__ = ["hide_memory"]

_PR_SET_DUMPABLE = 4
"""linux/prctl.h."""


def hide_memory() -> None:
    """Have no core file written of this process, and let none of the same user read its memory or environment.

    A limit of 0 for core files would not do: it does not hold where the kernel pipes them to a program (core(5)).
    Elsewhere than on Linux nothing happens.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
