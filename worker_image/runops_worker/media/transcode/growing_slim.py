"""Cuts chunks from a slim video while ffmpeg still writes it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.cut_chunk import cut_chunk
from runops_worker.media.transcode.slim_command import FRAGMENT_SECONDS
from runops_worker.media.transcode.slim_length import expected_frames
from runops_worker.media.transcode.slim_video import SlimVideo, inspect_slim

__all__ = ["GrowingSlim", "Watcher"]

_ROUNDING_SECONDS: Final = 1e-6


class Watcher(Protocol):
    """Cuts chunks from a slim video before it is complete."""

    async def begun(self, video: "GrowingSlim", *, whole: bool, same_content: bool) -> None:
        """Handle the start of a run of the encoder.

        A second run replaces the first one, whose file cannot be read any more.

        Parameters
        ----------
        video
            The slim video. Nothing of it is written yet.
        whole
            Whether all pictures of the recording are decoded for it.
        same_content
            Whether it shows and plays the same as that of the run before, as far as that had come: only its frame is
            larger, or a change of the sound that comes later is heard.
        """
        ...

    async def accepted(self) -> None:
        """Handle the end of encoding: the slim video is accepted, and the recording is not read again."""
        ...


class GrowingSlim:
    """The slim video of one run of the encoder.

    Parameters
    ----------
    fragments
        The file that ffmpeg writes.
    recording
        The result of `probe` for the recording.
    fps
        Pictures per second.
    limits
        What ffmpeg may use.
    """

    def __init__(self, fragments: Path, *, recording: Recording, fps: int, limits: Limits) -> None:
        self._fragments, self._recording, self._fps, self._limits = fragments, recording, fps, limits
        self._encoded_seconds = 0.0
        self._readable_seconds = 0.0
        self._finished: SlimVideo | None = None
        self._progressed = asyncio.Event()
        self._one_check = asyncio.Lock()
        self._readers = 0
        self._no_readers = asyncio.Event()
        self._no_readers.set()

    def encoded(self, seconds: float) -> None:
        """Record how far the encoder is."""
        self._encoded_seconds = max(self._encoded_seconds, seconds)
        self._wake()

    async def finish(self, video: SlimVideo) -> None:
        """Cut chunks from the finished file from now on. Return when no chunk is cut from the fragments any more."""
        self._finished = video
        self._wake()
        await self._no_readers.wait()

    async def until(self, end: float) -> None:
        """Wait until everything before second `end` can be read."""
        wanted, step = end + FRAGMENT_SECONDS, FRAGMENT_SECONDS
        while end > self._readable_seconds and not await self._is_finished_before(wanted):
            async with self._one_check:
                # Both may have changed while another task held the lock. The fragments of a finished video are deleted.
                if end > self._readable_seconds and self._finished is None and await self._reaches(end):
                    self._readable_seconds = max(self._readable_seconds, end)
            # The interval doubles: if the sound ended long before this chunk, no check will ever find it.
            wanted, step = self._encoded_seconds + step, 2 * step

    async def cut(self, chunk: Chunk, target: Path) -> None:
        """Write a chunk as soon as all of it can be read; see `cut_chunk`."""
        await self.until(chunk.start + chunk.length)
        wanted = 0.0
        while not await self._is_finished_before(wanted):
            with self._reading():
                try:
                    await cut_chunk(self._so_far(), chunk, target, limits=self._limits)
                except MediaToolFailed:
                    # ffmpeg may just be writing the index of the last fragment; then nothing can be read.
                    wanted = self._encoded_seconds + FRAGMENT_SECONDS
                else:
                    return
        assert self._finished is not None
        await cut_chunk(self._finished, chunk, target, limits=self._limits)

    async def _is_finished_before(self, wanted: float) -> bool:
        """Wait until the encoder reaches a second or the video is finished. Return whether it is finished."""
        while self._finished is None and self._encoded_seconds < wanted:
            await self._progressed.wait()
        return self._finished is not None

    async def _reaches(self, end: float) -> bool:
        with self._reading():
            try:
                packets = await inspect_slim(self._fragments, limits=self._limits, since=end)
            except MediaToolFailed:
                return False
        # Each stream is written in the order of its times, but one may be far behind the other.
        streams = (packets.video, packets.audio) if self._recording.has_audio else (packets.video,)
        return all(stream.packets and stream.latest >= end - _ROUNDING_SECONDS for stream in streams)

    def _so_far(self) -> SlimVideo:
        return SlimVideo(
            path=self._fragments,
            bytes=self._fragments.stat().st_size,
            duration_seconds=self._recording.duration_seconds,
            frames=expected_frames(self._recording, fps=self._fps),
            has_audio=self._recording.has_audio,
            fps=self._fps,
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._readers += 1
        self._no_readers.clear()
        try:
            yield
        finally:
            self._readers -= 1
            if not self._readers:
                self._no_readers.set()

    def _wake(self) -> None:
        self._progressed.set()
        self._progressed = asyncio.Event()
