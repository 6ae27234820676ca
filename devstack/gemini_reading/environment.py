"""The environment in which clips are read: what `requirements/reading.txt` locks, in a folder outside the checkout.

It is not the environment for development: with Pillow in it, google.genai offers another interface.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from devstack.processes import places
from devstack.processes.next_command import next_command

__all__ = ["MISSING", "ReadingUnavailableError", "install", "kept_folder", "python"]

MISSING: Final = f"Reading is not installed. Install it (800 MB) with: {next_command('reading')}"

_LOCKED: Final = Path(__file__).parents[2] / "requirements" / "reading.txt"
_SECONDS: Final = 900.0
_DONE: Final = ".complete"


class ReadingUnavailableError(Exception):
    """The environment could not be made; the text says why."""


def _folder() -> Path:
    digest = hashlib.sha256(_LOCKED.read_bytes() + sys.version.encode()).hexdigest()[:16]
    return places.cache_folder() / "reading" / digest


def kept_folder() -> Path:
    """Return the folder for what was read before; it can be removed at any time."""
    return places.cache_folder() / "reading" / "kept"


def python() -> Path | None:
    """Return the interpreter that reads; None where the environment is not installed."""
    folder = _folder()
    return folder / "bin" / "python" if (folder / _DONE).exists() else None


def install(progress: Callable[[str], None]) -> Path:
    """Return the interpreter that reads, and make its environment if there is none.

    Raises
    ------
    ReadingUnavailableError
        A wheel cannot be had, or the disk is full: what uv says.
    """
    folder = _folder()
    with places.locked(folder.with_suffix(".lock")):
        if (found := python()) is not None:
            return found
        progress("installing the models that read letters and hear speech: 800 MB, once")
        shutil.rmtree(folder, ignore_errors=True)
        uv, made = str(Path(sys.executable).parent / "uv"), folder / "bin" / "python"
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
        _run(uv, "pip", "sync", "--quiet", "--python", str(made), "--require-hashes", str(_LOCKED))
        (folder / _DONE).touch()
        progress("installed the models that read letters and hear speech")
        return made


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, timeout=_SECONDS, capture_output=True, text=True)
    except subprocess.TimeoutExpired as error:
        raise ReadingUnavailableError(f"reading could not be installed within {_SECONDS:.0f} s") from error
    except subprocess.CalledProcessError as error:
        told = (error.stderr or "").strip().splitlines()
        raise ReadingUnavailableError(f"reading could not be installed: {told[-1] if told else error}") from error
