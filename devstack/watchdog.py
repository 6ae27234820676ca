"""Takes a stack down when the process that wanted it is gone: ``python -m devstack.watchdog DIRECTORY``.

The owner holds the other end of standard input; its end, however it comes, ends the stack.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Wait for the end of standard input, then remove the stack."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    # Imported only now: the watchdog of a test run should cost next to nothing while it waits.
    from devstack import stack  # noqa: PLC0415 the comment above

    stack.down(Path(sys.argv[1]), keep=False)


if __name__ == "__main__":
    main()
