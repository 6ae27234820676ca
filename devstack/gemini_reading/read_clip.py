"""Reads a clip in a process of its own, which has a deadline and a limit of memory, and keeps the result by content."""

import asyncio
import hashlib
import os
import signal
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from devstack.gemini_reading import environment
from devstack.gemini_reading.recording import READ_VERSION, Reading

__all__ = ["NotReadError", "read_clip"]

_SECONDS: Final = 7_200.0
"""Far more than any clip takes: that a machine is busy is no fault of the clip."""
_PROCESSOR_SECONDS: Final = 1_800
"""A clip of five minutes takes up to 120."""
_AT_ONCE: Final = asyncio.Semaphore(1)
_ROOT: Final = Path(__file__).parents[2]


class NotReadError(Exception):
    """A clip could not be read; the text says why."""


async def read_clip(clip: Path) -> Reading:
    """Return what is in a clip. One that was read before, by whichever process, is not read again.

    Raises
    ------
    NotReadError
        The environment is missing, or the reader failed or took too long.
    """
    folder = environment.kept_folder() / f"v{READ_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"clip-{await asyncio.to_thread(_sha256, clip)}.json"
    if (kept := _kept(path)) is not None:
        return kept
    async with _AT_ONCE:
        # While this one waited, the same clip may have been read for somebody else.
        if (kept := _kept(path)) is not None:
            return kept
        written = await _read(clip, folder)
        reading = Reading.model_validate_json(written)
        draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
        draft.write_bytes(written)
        draft.replace(path)
    return reading


def _kept(path: Path) -> Reading | None:
    if path.exists():
        try:
            return Reading.model_validate_json(path.read_bytes())
        except ValidationError:
            path.unlink(missing_ok=True)
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _read(clip: Path, folder: Path) -> bytes:
    python = environment.python()
    if python is None:
        raise NotReadError(environment.MISSING)
    process = await asyncio.create_subprocess_exec(
        *(str(python), "-m", "devstack.gemini_reading.reader", str(clip), "--kept", str(folder.parent / "parts")),
        *("--processor-seconds", str(_PROCESSOR_SECONDS)),
        cwd=_ROOT,
        # Threads of OpenMP that wait for each other spin: on a busy machine that takes minutes.
        env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            written, told = await process.communicate()
    except TimeoutError as error:
        raise NotReadError(f"The clip could not be read within {_SECONDS:.0f} s.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        if process.returncode == -signal.SIGXCPU:
            raise NotReadError(f"The clip took more than {_PROCESSOR_SECONDS} s of processor time.")
        last = told.decode(errors="replace").strip().splitlines()[-1:]
        raise NotReadError(f"The reader ended with {process.returncode}: {''.join(last)[:300]}")
    return written
