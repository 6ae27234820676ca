"""Which files are recordings: those that are named, and those in folders that are named."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["SUFFIXES", "Recordings", "find_recordings"]

SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".3gp", ".ogv", ".flv"})
"""Of files in folders. A file that is named is taken whatever its suffix: its content tells."""


@dataclass(slots=True)
class Recordings:
    """What was found.

    Attributes
    ----------
    files
        The recordings, each once, in the order in which they were named; those of a folder by name.
    left_out
        Files of folders that are no recordings by their names.
    broken
        Links in folders that lead nowhere.
    unread
        Folders that cannot be read.
    links
        Links to folders, which are not followed: they may lead back.
    """

    files: list[Path] = field(default_factory=list)
    left_out: list[Path] = field(default_factory=list)
    broken: list[Path] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)


def find_recordings(paths: Iterable[Path]) -> Recordings:
    """Return the files that are named, and all recordings in folders that are named and in the folders in those.

    Hidden files and folders are passed over, and links to folders are not followed.
    """
    found, known = Recordings(), set[Path]()

    def cannot_read(error: OSError) -> None:
        found.unread.append(Path(error.filename))

    def add(path: Path) -> None:
        real = path.resolve()
        if real not in known:
            known.add(real)
            found.files.append(path)

    for path in paths:
        if not path.is_dir():
            add(path)
            continue
        for folder, folders, names in os.walk(path, onerror=cannot_read):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            found.links += [link for name in folders if (link := Path(folder) / name).is_symlink()]
            for name in sorted(name for name in names if not name.startswith(".")):
                file = Path(folder) / name
                if not file.exists():
                    found.broken.append(file)
                elif file.suffix.lower() in SUFFIXES:
                    add(file)
                else:
                    found.left_out.append(file)
    return found
