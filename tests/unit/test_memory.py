"""A process that hides its memory leaves no core file, whatever the limits say."""

import ctypes
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from runops.memory import hide_memory

_PR_SET_DUMPABLE = 4


def _dumped_core(tmp_path: Path, first: Callable[[], None]) -> bool:
    """Tell whether a process that does something first and then crashes is dumped."""
    child = os.fork()
    if child == 0:
        os.chdir(tmp_path)
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        # This process may have hidden itself already, in the test of a command that does.
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
        first()
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGSEGV
    return os.WCOREDUMP(status)


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_CORE)[1] == 0, reason="this machine lets nobody write core files"
)
def test_a_process_that_shows_its_memory_leaves_a_core_file(tmp_path: Path) -> None:
    assert _dumped_core(tmp_path, lambda: None)


def test_a_process_that_hides_its_memory_leaves_none(tmp_path: Path) -> None:
    assert not _dumped_core(tmp_path, hide_memory)
    assert list(tmp_path.iterdir()) == []
