"""Tar and gzip files that hold nothing of when, where and by whom they were made."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

__all__ = ["GZIP_LEVEL", "compress", "compressed", "plain_tar", "rewrite_tar"]

GZIP_LEVEL = 6
_BLOCK = 1 << 20


def compress(source: IO[bytes], target: IO[bytes]) -> None:
    """Write a stream as gzip, with neither a name nor a time in the header."""
    with gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=target, mtime=0) as stream:
        while block := source.read(_BLOCK):
            stream.write(block)


def compressed(content: bytes) -> bytes:
    """Return bytes as gzip, with neither a name nor a time in the header."""
    target = io.BytesIO()
    compress(io.BytesIO(content), target)
    return target.getvalue()


def plain_tar(files: Iterable[tuple[str, bytes | Path]], target: IO[bytes], *, seconds: int) -> None:
    """Write files as a tar file in the order given, all of root, readable by everyone, of one time.

    Parameters
    ----------
    files
        Names inside the archive, and each one's content or the file that holds it.
    target
        Where the archive is written.
    seconds
        Time of every file, since 1970.
    """
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.mode = 0o644
            entry.mtime = seconds
            if isinstance(content, Path):
                entry.size = content.stat().st_size
                with content.open("rb") as stream:
                    archive.addfile(entry, stream)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))


def rewrite_tar(source: IO[bytes], target: IO[bytes], *, latest: int) -> None:
    """Write an image's layer anew without what differs between two builds of the same content.

    Owners are told by number alone, sub-second and access times are dropped, and no file is younger than the release.
    Order, modes, links and extended attributes stay.

    Parameters
    ----------
    source
        A tar file.
    target
        Where the new one is written.
    latest
        The time of what claims to be younger, since 1970.
    """
    with (
        tarfile.open(fileobj=source, mode="r|") as old,
        tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for entry in old:
            entry.mtime = min(int(entry.mtime), latest)
            entry.uname = entry.gname = ""
            entry.pax_headers = {
                key: value
                for key, value in entry.pax_headers.items()
                if key.startswith(("SCHILY.xattr.", "LIBARCHIVE."))
            }
            new.addfile(entry, old.extractfile(entry) if entry.isreg() else None)
