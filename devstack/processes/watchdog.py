"""Runs a command when the process that started it is gone: ``python -m devstack.processes.watchdog COMMAND...``.

The owner holds the other end of standard input. When the owner ends, in any way, standard input ends too.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Wait for the end of standard input, then become the command."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 the command is its owner's, and no shell reads it


if __name__ == "__main__":
    main()
