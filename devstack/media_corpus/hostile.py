"""Every hostile file and what must become of it: the reason it is refused for, or that it is a recording like others."""

from pathlib import Path
from typing import Final

from devstack.media_corpus.disguised import DISGUISED, SPARSE
from devstack.media_corpus.hostile_matroska import MATROSKA
from devstack.media_corpus.hostile_mp4 import MP4

__all__ = ["GOOD_ENOUGH", "HOSTILE", "make_hostile"]

GOOD_ENOUGH: Final = "good"
"""What stands in the place of a reason for a file that does no harm and shows its pictures."""

HOSTILE: Final[dict[str, str]] = dict.fromkeys([*DISGUISED, *SPARSE, *MP4, *MATROSKA], "")


def make_hostile(name: str, folder: Path) -> Path:
    """Write one of them, or give the one already there.

    Parameters
    ----------
    name
        A key of `HOSTILE`.
    folder
        Where it goes, as `NAME.mp4` whatever it is.
    """
    path = folder / f"{name}.mp4"
    if path.exists():
        return path
    part = folder / f"{name}.part"
    if name in SPARSE:
        recipe, size = SPARSE[name]
        part.write_bytes(recipe(folder))
        with part.open("r+b") as file:
            file.truncate(size)
    else:
        part.write_bytes((DISGUISED | MP4 | MATROSKA)[name](folder))
    part.replace(path)
    return path
