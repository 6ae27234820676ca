"""Where clips of a slim video come from."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from runops_worker.media.limits import Limits
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.cut_chunk import cut_chunk
from runops_worker.media.transcode.seams import SeamSignal
from runops_worker.media.transcode.slim_video import SlimVideo

__all__ = ["ClipSource", "FinishedSlim", "Measure", "MeasureSeam"]

Measure = Callable[[Path, Chunk], Awaitable[Activity]]
"""Measures what happens in the clip of a chunk that was copied from the slim video."""

MeasureSeam = Callable[[Path, Chunk], Awaitable[SeamSignal]]
"""Measures what happens in the clip around a seam."""


class ClipSource(Protocol):
    """A slim video from which clips can be cut, now or later. A `GrowingSlim` is one, too."""

    async def until(self, end: float) -> None:
        """Wait until everything before a second can be read."""
        ...

    async def cut(self, chunk: Chunk, target: Path, /) -> None:
        """Write the clip of a chunk."""
        ...


class FinishedSlim:
    """A slim video that is whole.

    Parameters
    ----------
    video
        The file.
    limits
        What ffmpeg may use.
    """

    def __init__(self, video: SlimVideo, *, limits: Limits) -> None:
        self._video, self._limits = video, limits

    async def until(self, end: float) -> None:
        """Return at once."""

    async def cut(self, chunk: Chunk, target: Path, /) -> None:
        """Write the clip of a chunk, see `cut_chunk`."""
        await cut_chunk(self._video, chunk, target, limits=self._limits)
