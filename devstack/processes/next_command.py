"""How a command of the development stack is called again: as a line that works where this one was called."""

import shlex
import sys
from pathlib import Path

__all__ = ["next_command"]


def next_command(*words: str, directory: Path | None = None) -> str:
    """Return the command line of another command.

    Parameters
    ----------
    words
        The command and its arguments, such as `"cluster", "up"`.
    directory
        Of the stack, where it is not the default one.
    """
    python = sys.executable.removeprefix(f"{Path.cwd()}/")
    where = [] if directory is None else ["--directory", str(directory)]
    return shlex.join([python, "-m", "devstack", *where, *words])
