"""Transcribes the chunks of one slim video, some at once, while the stages go on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from runops_worker.checkpoint.format import Checkpoint, ChunkState
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.media.transcode.chunks import Chunk, between_seams
from runops_worker.model.protocol import Model
from runops_worker.overlapping_work import OverlappingWork
from runops_worker.task import Task
from runops_worker.transcription.chunk_state import transcripts_of, with_lost_ranges_open
from runops_worker.transcription.clip_source import ClipSource, Measure, MeasureSeam
from runops_worker.transcription.known_secrets import KnownSecrets
from runops_worker.transcription.lost_ranges import lost_failure
from runops_worker.transcription.mask_checkpoint import masked_checkpoint
from runops_worker.transcription.merge.merge import merged
from runops_worker.transcription.seam_chooser import SeamChooser
from runops_worker.transcription.sent_clip import Condense, DropSound
from runops_worker.transcription.so_far import so_far
from runops_worker.transcription.transcribe_chunk import ChunkInputs, transcribe_chunk

__all__ = ["ChunkTranscriber"]

_LOG = logging.getLogger(__name__)
_AT_ONCE = 3


@dataclass(kw_only=True)
class ChunkTranscriber:
    """Takes chunks as they become ready, and gives their transcripts at the end.

    First `follow` a video, then `start` chunks of it, as often as new ones are known. Each chunk is asked about once.

    Parameters
    ----------
    task, model, checkpoint, workdir, measure
        See `ChunkInputs`.
    measure_seam
        See `SeamChooser`.
    drop_sound, condense
        See `ChunkInputs`.
    work
        Where chunks are transcribed; after its first failure no further chunk begins.
    on_progress
        Called with the share of the video that is transcribed, 0 to 1.
    secrets
        What the answers told so far.
    """

    task: Task
    model: Model
    checkpoint: CheckpointStore
    workdir: Path
    measure: Measure
    measure_seam: MeasureSeam
    drop_sound: DropSound
    condense: Condense
    work: OverlappingWork
    on_progress: Callable[[float], None]
    secrets: KnownSecrets = field(default_factory=KnownSecrets, init=False)
    _inputs: ChunkInputs | None = field(default=None, init=False)
    _seams: SeamChooser | None = field(default=None, init=False)
    _started: dict[Chunk, "asyncio.Task[None]"] = field(default_factory=dict, init=False)
    _done: dict[Chunk, ChunkState] = field(default_factory=dict, init=False)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE), init=False)
    _seconds_done: float = field(default=0.0, init=False)

    @property
    def follows_a_video(self) -> bool:
        """Whether chunks can be started."""
        return self._inputs is not None

    def follow(self, clips: ClipSource, *, origin: str, has_audio: bool) -> None:
        """Take the slim video to cut clips from; `origin` and `has_audio` as in `ChunkInputs`."""
        assert not self._started
        self._inputs = ChunkInputs(
            task=self.task,
            model=self.model,
            checkpoint=self.checkpoint,
            workdir=self.workdir,
            clips=clips,
            measure=self.measure,
            drop_sound=self.drop_sound,
            condense=self.condense,
            origin=origin,
            has_audio=has_audio,
            secrets=self.secrets,
        )
        self._seams = SeamChooser(
            clips=clips,
            measure=self.measure_seam,
            checkpoint=self.checkpoint,
            workdir=self.workdir,
            origin=origin,
        )

    async def drop(self) -> None:
        """Cancel all chunks: their slim video is encoded again. What is transcribed of them is in the checkpoint."""
        if self._started:
            _LOG.warning("the recording is encoded again; transcripts of chunks that do not change are kept")
        for task in self._started.values():
            task.cancel()
        await asyncio.gather(*self._started.values(), return_exceptions=True)
        self._started.clear()
        self._done.clear()
        self._seconds_done = 0.0
        self._inputs = self._seams = None

    def start(
        self, chunks: Sequence[Chunk], *, video_seconds: float, has_end: bool, whole_video: Path | None = None
    ) -> None:
        """Transcribe chunks that are not started yet.

        Parameters
        ----------
        chunks
            Planned ones of the video that is followed. Each begins where its seam is.
        video_seconds
            Length of the slim video, as far as it is known.
        has_end
            Whether the last of them is the last of the video, so that no other one follows it.
        whole_video
            The slim video, where its only chunk is all of it.
        """
        assert self._inputs is not None
        assert self._seams is not None
        for chunk in chunks:
            if chunk not in self._started:
                place = partial(_placed, chunk, self._seams, is_last=has_end and chunk == chunks[-1])
                self._started[chunk] = self.work.start(
                    partial(
                        self._transcribe,
                        chunk,
                        self._inputs,
                        place=place,
                        video_seconds=video_seconds,
                        whole_video=whole_video,
                    )
                )

    async def states(self, chunks: Sequence[Chunk]) -> list[ChunkState]:
        """Return the states of planned chunks that were started, once nothing is left to ask about them.

        Raises
        ------
        Exception
            The first failure of the overlapping work, once everything under way has ended.
        """
        for chunk in chunks:
            await self.work.result(self._started[chunk])
        return [self._done[chunk] for chunk in chunks]

    async def _transcribe(
        self,
        planned: Chunk,
        inputs: ChunkInputs,
        *,
        place: Callable[[], Awaitable[Chunk]],
        video_seconds: float,
        whole_video: Path | None,
    ) -> None:
        chunk = await place()
        await inputs.clips.until(chunk.start + chunk.length)
        async with self._slots:
            if self.work.has_failed:
                return
            self._done[planned] = await transcribe_chunk(
                chunk, inputs, so_far=self._so_far(chunk), whole_video=whole_video
            )
        await self._check_lost(video_seconds)
        self._seconds_done += chunk.length
        self.on_progress(self._seconds_done / max(video_seconds, 1.0))

    def _so_far(self, chunk: Chunk) -> str:
        """Return what the earlier chunks tell that are done. No chunk waits for another one."""
        earlier = [state for other, state in self._done.items() if other.index < chunk.index]
        items = merged([part for state in earlier for part in transcripts_of(state)])
        return so_far(items, start=chunk.start)

    async def _check_lost(self, video_seconds: float) -> None:
        """Fail as soon as too much is lost: asking about the rest would only cost more."""
        lost = [part for state in self._done.values() for part in state.lost]
        failure = lost_failure(lost, video_seconds=video_seconds, model=" and ".join(self.task.transcription_models))
        if failure is None:
            return
        # The next attempt asks about what was lost, and about nothing else.
        reopened = [with_lost_ranges_open(state) for state in self._done.values() if state.lost]
        for state in reopened:
            self.checkpoint.change(partial(Checkpoint.with_chunk, chunk=state))
        if self.task.redaction:
            self.checkpoint.change(partial(masked_checkpoint, known=self.secrets))
        await self.checkpoint.save(lambda checkpoint: checkpoint)
        raise failure


async def _placed(planned: Chunk, seams: SeamChooser, *, is_last: bool) -> Chunk:
    """Return the chunk in place of a planned one, once the slim video is long enough to tell."""
    start = await seams.start_of(planned.index)
    next_start = None if is_last else await seams.start_of(planned.index + 1)
    return between_seams(planned, start=start, next_start=next_start)
