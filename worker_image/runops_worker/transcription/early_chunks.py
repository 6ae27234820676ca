"""Stretches of a recording that are transcribed while the rest of it is still being encoded."""

import asyncio
import logging
from pathlib import Path

from runops_worker.media.probe.media_info import MediaInfo
from runops_worker.media.transcode.check import shortest_seconds
from runops_worker.media.transcode.chunks import Chunk, settled_chunks
from runops_worker.media.transcode.growing_slim import GrowingSlim
from runops_worker.running import Running
from runops_worker.transcription.chunk_transcriber import Stretches
from runops_worker.transcription.stored_transcript import kept_transcript

__all__ = ["EarlyStretches", "early_stretches"]

_LOG = logging.getLogger(__name__)


async def early_stretches(
    running: Running, *, recording: Path, info: MediaInfo, key: str | None, group: asyncio.TaskGroup
) -> "EarlyStretches | None":
    """Return what asks about stretches before all is encoded; None where there is nothing to be asked early.

    Parameters
    ----------
    running
        The run.
    recording
        Its file; deleted as soon as it is not read any more.
    info
        What `probe` said of it.
    key
        Of the slim video; without one nobody knew later what an answer was about.
    group
        Where it is done.
    """
    pieces = settled_chunks(shortest_seconds(info, fps=running.task.fps))
    if key is None or not pieces or await kept_transcript(running, origin=key) is not None:
        return None
    return EarlyStretches(running, recording=recording, info=info, key=key, pieces=pieces, group=group)


class EarlyStretches:
    """A watcher of the transcode, see `media.growing.Watcher`. Parameters are those of `early_stretches`.

    Attributes
    ----------
    stretches
        Of the slim video that is being written; None before that begins.
    """

    def __init__(
        self,
        running: Running,
        *,
        recording: Path,
        info: MediaInfo,
        key: str,
        pieces: tuple[Chunk, ...],
        group: asyncio.TaskGroup,
    ) -> None:
        self._running, self._recording, self._info = running, recording, info
        self._key, self._pieces, self._group = key, pieces, group
        self.stretches: Stretches | None = None

    async def begun(self, video: GrowingSlim, *, whole: bool) -> None:
        """Ask about the pieces of a slim video as they come."""
        if self.stretches is not None:
            _LOG.warning("the recording is decoded once more, as a whole; what was told of it so far is dropped")
            await self.stretches.end()
        done = self._running.done
        if whole and done.decoded_whole != self._key:
            done.decoded_whole, done.chunks, done.cut_off = self._key, [], []
            await self._running.remember()
        self.stretches = Stretches(
            self._running, video, origin=self._key, has_audio=self._info.has_audio, group=self._group
        )
        self.stretches.begin(self._pieces, seconds=self._info.duration_seconds)

    async def accepted(self) -> None:
        """Delete the recording: from here on the slim video takes twice its size."""
        self._recording.unlink()
