"""A slim video that is still being written, and pieces of it that are there already."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.media_info import MediaInfo
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.cut_chunk import cut_chunk
from runops_worker.media.transcode.slim_command import FRAGMENT_SECONDS, expected_frames
from runops_worker.media.transcode.slim_video import SlimVideo, inspect_slim

__all__ = ["GrowingSlim", "Watcher"]

_ROUNDING_SECONDS: Final = 1e-6


class Watcher(Protocol):
    """Whoever wants pieces of a slim video before it is whole."""

    async def begun(self, video: "GrowingSlim", *, whole: bool) -> None:
        """Take a slim video of which nothing is written yet.

        A second one takes the place of the first, which is void: what it showed cannot be trusted.

        Parameters
        ----------
        video
            What will be written.
        whole
            Whether all of the recording is decoded for it.
        """
        ...

    async def accepted(self) -> None:
        """Take note that the slim video is what was asked for: the recording is not read any more."""
        ...


class GrowingSlim:
    """One run of the encoder, for those who wait for its pieces.

    Parameters
    ----------
    fragments
        The file that is written.
    info
        What `probe` said of the recording.
    fps
        Pictures per second.
    limits
        What ffmpeg may use.
    """

    def __init__(self, fragments: Path, *, info: MediaInfo, fps: int, limits: Limits) -> None:
        self._fragments, self._info, self._fps, self._limits = fragments, info, fps, limits
        self._encoded = 0.0
        self._held = 0.0
        self._finished: SlimVideo | None = None
        self._moved = asyncio.Event()
        self._looking = asyncio.Lock()
        self._readers = 0
        self._unread = asyncio.Event()
        self._unread.set()

    def encoded(self, seconds: float) -> None:
        """Take note of how far the encoder is."""
        self._encoded = max(self._encoded, seconds)
        self._wake()

    async def finish(self, video: SlimVideo) -> None:
        """Have pieces cut from the finished file from here on, and return when the fragments are not read any more."""
        self._finished = video
        self._wake()
        await self._unread.wait()

    async def until(self, end: float) -> None:
        """Wait until everything before a second can be read."""
        wanted, step = end + FRAGMENT_SECONDS, FRAGMENT_SECONDS
        while end > self._held and not await self._is_finished_before(wanted):
            async with self._looking:
                # Either may have changed while others looked, and a finished video's fragments are deleted.
                if end > self._held and self._finished is None and await self._holds(end):
                    self._held = max(self._held, end)
            # Sound that ended long before this piece does not come, however often it is looked for.
            wanted, step = self._encoded + step, 2 * step

    async def cut(self, piece: Chunk, target: Path) -> None:
        """Write one piece as soon as all of it is there, see `cut_chunk`."""
        await self.until(piece.start + piece.length)
        wanted = 0.0
        while not await self._is_finished_before(wanted):
            with self._reading():
                try:
                    await cut_chunk(self._so_far(), piece, target, limits=self._limits)
                except MediaToolFailed:
                    # The index of the last fragment may be half written just now, and then nothing can be read.
                    wanted = self._encoded + FRAGMENT_SECONDS
                else:
                    return
        assert self._finished is not None
        await cut_chunk(self._finished, piece, target, limits=self._limits)

    async def _is_finished_before(self, wanted: float) -> bool:
        """Wait until the encoder is so far or the file is finished, and tell whether it is finished."""
        while self._finished is None and self._encoded < wanted:
            await self._moved.wait()
        return self._finished is not None

    async def _holds(self, end: float) -> bool:
        with self._reading():
            try:
                packets = await inspect_slim(self._fragments, limits=self._limits, since=end)
            except MediaToolFailed:
                return False
        # A stream is written in the order of its times, but the other one may be far behind.
        streams = (packets.video, packets.audio) if self._info.has_audio else (packets.video,)
        return all(stream.packets and stream.latest >= end - _ROUNDING_SECONDS for stream in streams)

    def _so_far(self) -> SlimVideo:
        return SlimVideo(
            path=self._fragments,
            bytes=self._fragments.stat().st_size,
            duration_seconds=self._info.duration_seconds,
            frames=expected_frames(self._info, fps=self._fps),
            has_audio=self._info.has_audio,
            fps=self._fps,
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._readers += 1
        self._unread.clear()
        try:
            yield
        finally:
            self._readers -= 1
            if not self._readers:
                self._unread.set()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
