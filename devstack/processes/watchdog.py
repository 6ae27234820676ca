"""Runs a command when the process that started it is gone: ``python -m devstack.processes.watchdog COMMAND...``.

The owner holds the other end of standard input. When the owner ends, in any way, standard input ends too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

__all__ = ["watchdog"]


@contextmanager
def watchdog(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[None]:
    """Have a command run after this process, even one that is killed. After the block it is run too, and waited for.

    Parameters
    ----------
    command
        What takes down what the block starts. It finds nothing to do where that was taken down already.
    environment
        Its environment.
    """
    # The kernel closes the pipe when this process dies, even by SIGKILL: that wakes the watchdog.
    with subprocess.Popen(
        [sys.executable, "-m", "devstack.processes.watchdog", *command],
        stdin=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
        env=dict(environment),
    ) as waiting:
        try:
            yield
        finally:
            assert waiting.stdin is not None
            waiting.stdin.close()


def main() -> None:
    """Wait for the end of standard input, then become the command."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 the command is its owner's, and no shell reads it


if __name__ == "__main__":
    main()
