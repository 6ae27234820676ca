"""Decides where the chunks of one slim video begin, as soon as each seam can be looked at."""

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from runops_worker.checkpoint.format import Checkpoint
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.media.transcode.seams import candidates, chosen_start, seam_clip
from runops_worker.transcription.clip_source import ClipSource, MeasureSeam

__all__ = ["SeamChooser"]

_LOG = logging.getLogger(__name__)


@dataclass(kw_only=True)
class SeamChooser:
    """Gives the start of each chunk. Each seam is chosen once, by what is around it and nothing else.

    Each checkpoint that holds an answer about a chunk also holds where the chunk begins and ends. So the next attempt
    has the same chunks and finds their answers.

    Parameters
    ----------
    clips
        Where clips are cut from.
    measure
        Measures what happens around a seam.
    checkpoint
        Keeps the choices.
    workdir
        Scratch folder for clips.
    origin
        Of the slim video, see `SlimDone.origin`.
    """

    clips: ClipSource
    measure: MeasureSeam
    checkpoint: CheckpointStore
    workdir: Path
    origin: str
    _once: dict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock), init=False)
    _one_clip: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def start_of(self, index: int) -> float:
        """Return the second at which a chunk begins, once the slim video is long enough to tell.

        Parameters
        ----------
        index
            Of the chunk; the video has more than so many chunks.

        Raises
        ------
        MediaToolFailed
            ffmpeg could not read the slim video.
        """
        if index == 0:
            return 0.0
        possible = candidates(index)
        if not self.checkpoint.state.has_movable_seams(self.origin):
            return possible[-1]
        async with self._once[index]:
            known = self.checkpoint.state.seam_among(possible, origin=self.origin)
            return await self._choose(index) if known is None else known

    async def _choose(self, index: int) -> float:
        part = seam_clip(index)
        await self.clips.until(part.start + part.length)
        file = self.workdir / f"seam-{index}.mp4"
        # One at a time: once a slim video is whole, all of its seams can be looked at.
        async with self._one_clip:
            try:
                await self.clips.cut(part, file)
                start = chosen_start(index, await self.measure(file, part))
            finally:
                file.unlink(missing_ok=True)
        self.checkpoint.change(partial(Checkpoint.with_seam, start=start))
        _LOG.info("a chunk begins", extra={"index": index, "start": start, "planned": candidates(index)[-1]})
        return start
