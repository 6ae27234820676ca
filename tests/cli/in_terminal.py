"""`runops` in a terminal of its own, at which somebody types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

__all__ = ["at_a_terminal", "read_until"]

_PROGRAM = """
import fcntl, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
# Tests that run in the background of a shell ignore SIGINT, and a child inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
from runops_cli.main import run
run()
"""


@contextmanager
def at_a_terminal(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a command in a session of its own; give it, and the side of its terminal at which one types."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=dict(environment),
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield process, ours
        finally:
            process.kill()
            os.close(ours)


def read_until(terminal: int, awaited: bytes) -> bytes:
    """Return what is shown until a text comes, and the rest of the prompt."""
    shown, until = b"", time.monotonic() + 240
    while awaited not in shown:
        assert time.monotonic() < until, shown
        if select.select([terminal], [], [], 1)[0]:
            try:
                shown += os.read(terminal, 4096)
            except OSError:
                raise AssertionError(f"the command has ended: {shown!r}") from None
    # The prompt is whole once the terminal does not echo any more.
    while select.select([terminal], [], [], 0.3)[0]:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            break
    return shown
