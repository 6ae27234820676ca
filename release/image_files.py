"""The few files of an image that tell what is in it, read from its layers without unpacking them."""

from __future__ import annotations

import posixpath
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["TELLING", "read_files"]

TELLING = re.compile(
    r".*\.dist-info/(METADATA|direct_url\.json)"
    r"|var/lib/dpkg/status"
    r"|usr/share/doc/[^/]+/copyright"
    r"|(usr/lib|etc)/os-release"
    r"|usr/local/include/python3[^/]*/patchlevel\.h"
    r"|.*/imageio_ffmpeg/binaries/ffmpeg-[^/]+"
)
"""Paths, without a slash in front, of what the inventory is taken from."""

# Packages of one source share the folder of their licence by a link.
_SHARED = re.compile(r"usr/share/doc/[^/]+")
_HIDDEN = ".wh."
_HIDES_ALL = ".wh..wh..opq"


def read_files(layers: Iterable[Path], wanted: re.Pattern[str] = TELLING) -> dict[str, bytes]:
    """Return the wanted files as a container would see them.

    Parameters
    ----------
    layers
        Tar files, the lowest first. What a layer deletes of those below it is gone.
    wanted
        Which paths.
    """
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for layer in layers:
        added: dict[str, bytes] = {}
        with tarfile.open(layer, mode="r:") as archive:
            for entry in archive:
                path = entry.name.removeprefix("./").lstrip("/")
                folder, _, name = path.rpartition("/")
                if name == _HIDES_ALL:
                    _forget(files, f"{folder}/")
                elif name.startswith(_HIDDEN):
                    gone = f"{folder}/{name.removeprefix(_HIDDEN)}".lstrip("/")
                    files.pop(gone, None)
                    _forget(files, f"{gone}/")
                elif entry.isfile() and wanted.fullmatch(path) and (stream := archive.extractfile(entry)) is not None:
                    added[path] = stream.read()
                elif entry.issym() and _SHARED.fullmatch(path):
                    links[path] = posixpath.normpath(posixpath.join(folder, entry.linkname)).lstrip("/")
        files |= added
    for link, target in sorted(links.items()):
        below = [path for path in files if path.startswith(f"{target}/")]
        files |= {path: files[found] for found in below if wanted.fullmatch(path := link + found[len(target) :])}
    return files


def _forget(files: dict[str, bytes], below: str) -> None:
    for path in [path for path in files if path.startswith(below)]:
        del files[path]
