"""Compressed layers, kept between images and releases: gzip takes most of the CPU time of a release."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zlib
from pathlib import Path

from devstack.images.cache import Progress, exclusive, keep_newest
from release.archives import GZIP_LEVEL, compress

__all__ = ["PackedLayers"]

_KEPT = 10
"""The layers of two releases: five of each, since both images have the base's in common."""


class PackedLayers:
    """Layers as gzip, each compressed once for as long as its content stays the same.

    Parameters
    ----------
    folder
        Where they are kept; made where it is missing.
    progress
        Told where another process uses the folder.
    """

    def __init__(self, folder: Path, *, progress: Progress) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._progress = progress

    def write(self, layer: Path, digest: str, target: Path) -> None:
        """Write a layer as gzip.

        Parameters
        ----------
        layer
            A tar file.
        digest
            `sha256:` and the hash of its content.
        target
            The file to be written.

        Raises
        ------
        devstack.images.failure.ImageBuildFailed
            Another process has used the folder for half an hour.
        """
        # Another zlib may compress the same content to other bytes.
        key = f"{digest.removeprefix('sha256:')}-{GZIP_LEVEL}-{zlib.ZLIB_RUNTIME_VERSION}.gz"
        with exclusive(self._folder, progress=self._progress):
            kept = self._folder / key
            if not (kept.is_file() and _unpacked_digest(kept) == digest):
                partial = self._folder / "partial"
                with layer.open("rb") as whole, partial.open("wb") as small:
                    compress(whole, small)
                partial.replace(kept)
            kept.touch()
            keep_newest(self._folder, "*.gz", count=_KEPT)
            shutil.copyfile(kept, target)


def _unpacked_digest(path: Path) -> str | None:
    """Return the hash of what a gzip file holds; None where it is damaged."""
    digest = hashlib.sha256()
    try:
        with gzip.open(path) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except (OSError, EOFError, zlib.error):
        return None
    return f"sha256:{digest.hexdigest()}"
