"""The files that a program needs to run: itself, its loader and its shared libraries."""

import re
import struct
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaToolFailed

__all__ = ["Linked", "linked_files"]

_SECONDS: Final = 10.0
_PATH: Final = re.compile(r"(/\S.*?) \(0x[0-9a-f]+\)$")
# The loader finds libraries by this cache.
_CACHE: Final = "/etc/ld.so.cache"
# elf.h: offsets of a 64-bit header, and the kind of segment that names the loader.
_SEGMENTS_AT: Final = 32
_SEGMENT_SIZE_AT: Final = 54
_NAMES_LOADER: Final = 3
_MOST_SEGMENTS: Final = 64
_MOST_NAME: Final = 4096


@dataclass(frozen=True, slots=True)
class Linked:
    """The files of one program.

    Attributes
    ----------
    programs
        Files to read and execute: the program, and its loader if it has one.
    libraries
        Files to read.
    """

    programs: tuple[str, ...]
    libraries: tuple[str, ...]


@lru_cache(maxsize=8)
def linked_files(program: str) -> Linked:
    """Return the files that a program needs; cached per process.

    As `ldd` does, this runs the loader on the program. The program must be trusted.

    Parameters
    ----------
    program
        Absolute path.

    Raises
    ------
    MediaToolFailed
        It is not a program for this machine.
    """
    try:
        loader = _loader(Path(program))
        if loader is None:
            return Linked((program,), ())
        listing = subprocess.run(
            [loader, "--list", program], env={}, capture_output=True, text=True, timeout=_SECONDS, check=True
        ).stdout
    except (OSError, struct.error, ValueError, subprocess.SubprocessError) as error:
        raise MediaToolFailed(
            f"{program} is not a program that runs on this machine ({type(error).__name__})."
        ) from error
    found = [match[1] for line in listing.splitlines() if (match := _PATH.search(line)) is not None]
    libraries = tuple(path for path in (*found, _CACHE) if Path(path).is_file() and path != loader)
    return Linked((program, loader), libraries)


def _loader(program: Path) -> str | None:
    """Return the loader that a program names, or None for a static program."""
    with program.open("rb") as file:
        head = file.read(64)
        if head[:5] != b"\x7fELF\x02":
            raise ValueError("not a 64-bit ELF file")
        (offset,) = struct.unpack_from("<Q", head, _SEGMENTS_AT)
        size, count = struct.unpack_from("<HH", head, _SEGMENT_SIZE_AT)
        file.seek(offset)
        table = file.read(size * min(count, _MOST_SEGMENTS))
        for begin in range(0, len(table), max(size, 1)):
            kind, _, place, _, _, length = struct.unpack_from("<IIQQQQ", table, begin)
            if kind == _NAMES_LOADER:
                file.seek(place)
                return file.read(min(length, _MOST_NAME)).rstrip(b"\0").decode()
    return None
