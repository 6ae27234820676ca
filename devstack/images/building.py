"""Building an image, or finding it built already."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from devstack.images.cache import Progress, cache_folder, exclusive, keep_newest
from devstack.images.engine import choose_engine
from devstack.images.recipe import Which, prepare

__all__ = ["Image", "build"]

_ARCHIVES_KEPT = 3


@dataclass(frozen=True, slots=True)
class Image:
    """A built image.

    Attributes
    ----------
    name
        `runops.local/<which>:<hash of all that went in>`.
    archive
        The image as a docker archive (a tar file).
    size_bytes
        Size of the archive. Layers in it are not compressed: it is what the image takes when unpacked.
    """

    name: str
    archive: Path
    size_bytes: int


def build(which: Which, *, progress: Progress = print) -> Image:
    """Return the image of the checkout as it is now.

    Base, wheels and layers are cached below `$XDG_CACHE_HOME/runops-operator/images`: a change of our code costs
    seconds, no change nothing. An interrupted build goes on where it was.

    Parameters
    ----------
    which
        `operator` or `worker`.
    progress
        Takes a line for every long step.

    Raises
    ------
    devstack.images.failure.ImageBuildFailed
        This machine cannot build images, or a step failed; the message says what to do.
    """
    folder = cache_folder()
    with exclusive(folder, progress=progress):
        engine = choose_engine(folder)
        base = engine.base(progress=progress)
        with tempfile.TemporaryDirectory(prefix="context-", dir=folder) as temporary:
            prepared = prepare(
                which, Path(temporary), folder=folder, architecture=engine.architecture, progress=progress
            )
            identity = hashlib.sha256(f"{base.identity} {prepared.identity}".encode()).hexdigest()[:16]
            name = f"runops.local/{which}:{identity}"
            archive = folder / f"{which}-{identity}.tar"
            if not archive.is_file():
                progress(f"building {name}")
                engine.build(name, prepared.context, base=base, arguments=prepared.arguments)
                partial = archive.with_suffix(f".{os.getpid()}.part")
                try:
                    engine.save(name, partial)
                    partial.replace(archive)
                finally:
                    partial.unlink(missing_ok=True)
                engine.forget_others(name)
        archive.touch()
        keep_newest(folder, f"{which}-*.tar", count=_ARCHIVES_KEPT)
    return Image(name, archive, archive.stat().st_size)
