"""preparing_video: the recording becomes a slim video."""

import hashlib
import logging
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runops.failures import Failed
from runops.progress import Stage
from runops.quality import LONGEST_LOSS_DETAIL, MOST_LOSSES, RecordingLoss
from runops.supabase.errors import SupabaseError
from runops.supabase.objects import Downloaded, ObjectInfo
from runops_worker.checkpoint.format import Checkpoint, SlimDone
from runops_worker.checkpoint.keys import slim_key
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.context import Context
from runops_worker.media.probe.examine import examine
from runops_worker.media.recording.loss import Loss
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.chunks import Chunk, settled_chunks
from runops_worker.media.transcode.growing_slim import GrowingSlim
from runops_worker.media.transcode.slim_length import shortest_seconds
from runops_worker.media.transcode.transcode import transcode
from runops_worker.recording.download import download
from runops_worker.recording.gone import recording_gone
from runops_worker.reporting.stage_progress import StageProgress
from runops_worker.transcription.clip_source import ClipSource
from runops_worker.transcription.stored_transcript import Transcript

__all__ = ["EarlyChunks", "ExpectCost", "FindTranscript", "Prepared", "prepare", "store_slim"]

_LOG = logging.getLogger(__name__)
_BLOCK = 1024 * 1024
# How the stage's progress is divided: the download, and the rest is the transcode.
_DOWNLOADED = 0.25
# An attempt begins its upload three times at most, and the next attempt deletes what it left.
_MOST_LEFTOVERS = 3

FindTranscript = Callable[[str], Awaitable[Transcript | None]]
"""Returns the transcript that an earlier attempt made of a slim video of this origin, if there is one."""


class ExpectCost(Protocol):
    """Hears how long the recording is, before the model is asked about it."""

    async def __call__(self, *, seconds: float, has_audio: bool, is_transcribed: bool) -> None:
        """Estimate the cost.

        Parameters
        ----------
        seconds
            Length of the recording.
        has_audio
            Whether it has sound.
        is_transcribed
            Whether an earlier attempt made its transcript.

        Raises
        ------
        Failed
            `CostCapReached`.
        """
        ...


class EarlyChunks(Protocol):
    """Receives the chunks that can be transcribed before the whole recording is encoded."""

    async def drop(self) -> None:
        """Stop all chunks: the slim video that they are cut from is encoded again."""
        ...

    def follow(self, clips: ClipSource, *, origin: str, has_audio: bool) -> None:
        """Take the video to cut clips from."""
        ...

    def start(self, chunks: Sequence[Chunk], *, video_seconds: float, has_end: bool) -> None:
        """Take planned chunks; `has_end`: up to the end of the video. Each may be cut once the video is long enough."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A slim video.

    Attributes
    ----------
    slim
        What it is.
    file
        Where it is in the scratch folder. None where it is in storage and nothing needs the file.
    in_storage
        Whether nothing is to be uploaded; otherwise `store_slim` does. It is in storage then, unless both it and the
        recording were deleted after it was transcribed.
    transcript
        The transcript that an earlier attempt made of it, if there is one.
    """

    slim: SlimDone
    file: Path | None
    in_storage: bool
    transcript: Transcript | None = None


async def prepare(
    context: Context,
    checkpoint: CheckpointStore,
    progress: StageProgress,
    *,
    early_chunks: EarlyChunks,
    find_transcript: FindTranscript,
    expect_cost: ExpectCost,
) -> Prepared:
    """Make the slim video, or take that of an earlier attempt.

    Parameters
    ----------
    context, checkpoint, progress
        Of the run.
    early_chunks
        Receives chunks of a long recording while the rest is encoded.
    find_transcript
        Decides whether anything is still to be transcribed.
    expect_cost
        Decides whether the model may be asked.

    Raises
    ------
    Failed, MediaRejected, MediaToolFailed, SupabaseError
        The recording is missing or rejected, or something around it failed.
    """
    task, storage = context.task, context.supabase.storage
    await progress.enter(Stage.PREPARING_VIDEO)
    source = await storage.stat(task.source_bucket, task.source_object)
    earlier = await _earlier(context, checkpoint, source=source, find_transcript=find_transcript)
    if earlier is not None:
        slim, is_transcribed = earlier.slim, earlier.transcript is not None
        await expect_cost(seconds=slim.duration_seconds, has_audio=slim.has_audio, is_transcribed=is_transcribed)
        return earlier
    if source is None:
        source = await storage.awaited(task.source_bucket, task.source_object)
    if source is None:
        raise await _gone(context)
    await _delete_unfinished_uploads(context, checkpoint)
    prepared = await _make(
        context,
        checkpoint,
        progress,
        source=source,
        early_chunks=early_chunks,
        find_transcript=find_transcript,
        expect_cost=expect_cost,
    )
    # Before the upload, not beside it: loading takes a second of processor time, and after a SIGTERM there is little
    # time to delete the upload.
    await context.model.open()
    return prepared


async def store_slim(context: Context, checkpoint: CheckpointStore, prepared: Prepared) -> None:
    """Upload the slim video and add it to the checkpoint.

    Raises
    ------
    Failed, SupabaseError
        It is not in storage.
    """
    assert prepared.file is not None
    slim = prepared.slim

    async def note(upload: str) -> None:
        await checkpoint.save(lambda state: state.with_upload(upload))

    await context.storage.put_file(context.task.slim_object, prepared.file, content_type="video/mp4", on_upload_id=note)
    await checkpoint.save(lambda state: state.with_slim(slim))
    _LOG.info("the slim video is in storage", extra={"bytes": slim.size_bytes, "frames": slim.frames})


async def _gone(context: Context) -> Failed:
    """Return why there is no recording."""
    task = context.task
    row = await context.supabase.jobs.get(task.job_id)
    try:
        oldest = await context.supabase.storage.oldest(task.source_bucket, task.source_object.rpartition("/")[0])
    except SupabaseError:
        oldest = None
    return recording_gone(
        f"{task.source_bucket}/{task.source_object}",
        created_at=None if row is None else row.created_at,
        oldest=oldest,
        now=context.now(),
    )


async def _earlier(
    context: Context, checkpoint: CheckpointStore, *, source: ObjectInfo | None, find_transcript: FindTranscript
) -> Prepared | None:
    """Return the slim video of an earlier attempt, if it has the same inputs and is unchanged.

    Where the recording was deleted since, the slim video is what is left of it, whatever its settings, and a transcript
    of it is used even without the slim video.
    """
    task, storage = context.task, context.supabase.storage
    slim = checkpoint.state.slim
    if slim is None:
        return None
    if source is not None and slim.key != slim_key(task, etag=source.etag, size=source.size):
        return None
    said = {"recording_is_there": source is not None}
    found = await storage.stat(task.source_bucket, task.slim_object)
    is_there = found is not None and found.size == slim.size_bytes
    if not is_there and source is not None:
        return None
    transcript = await find_transcript(slim.origin)
    if transcript is not None:
        _LOG.info("using what an earlier attempt made of the recording", extra={**said, "slim_is_there": is_there})
        return Prepared(slim=slim, file=None, in_storage=True, transcript=transcript)
    if not is_there:
        return None
    file = context.slim_file
    fetched = await storage.download(task.source_bucket, task.slim_object, file, max_bytes=context.limits.max_bytes)
    if fetched.sha256 == slim.sha256:
        _LOG.info("using the slim video of an earlier attempt", extra=said)
        return Prepared(slim=slim, file=file, in_storage=True)
    _LOG.warning("the slim video in storage is not the one an earlier attempt stored; it will be made again")
    file.unlink()
    checkpoint.change(lambda state: state.without_slim())
    return None


async def _delete_unfinished_uploads(context: Context, checkpoint: CheckpointStore) -> None:
    """Delete what a killed attempt began to upload: otherwise storage keeps it for a day, and counts it."""
    for upload in checkpoint.state.uploads[:_MOST_LEFTOVERS]:
        await context.supabase.storage.end_upload(upload)
    checkpoint.change(lambda state: state.without_uploads())


async def _make(
    context: Context,
    checkpoint: CheckpointStore,
    progress: StageProgress,
    *,
    source: ObjectInfo,
    early_chunks: EarlyChunks,
    find_transcript: FindTranscript,
    expect_cost: ExpectCost,
) -> Prepared:
    task, source_file, file = context.task, context.workdir / "recording", context.slim_file

    def advance(share: float) -> None:
        progress.advance(Stage.PREPARING_VIDEO, share)

    try:
        downloaded = await download(
            context.supabase.storage,
            task,
            source_file,
            limits=context.limits,
            on_progress=lambda share: advance(_DOWNLOADED * share),
        )
        key = await _key_of(context, downloaded, source=source)
        must_decode_whole = key is not None and checkpoint.state.decoded_whole == key
        examined = await examine(source_file, limits=context.limits, whole=must_decode_whole)
        recording = examined.recording
        _LOG.info(
            "the recording was probed",
            extra={
                "seconds": round(recording.duration_seconds, 1),
                "width": recording.width,
                "height": recording.height,
            },
        )
        transcript = None if key is None else await find_transcript(key)
        await expect_cost(
            seconds=recording.duration_seconds, has_audio=recording.has_audio, is_transcribed=transcript is not None
        )
        chunks = settled_chunks(shortest_seconds(recording, fps=task.fps))
        watcher = None
        if key is not None and transcript is None and chunks:
            watcher = _EncoderWatcher(
                checkpoint, early_chunks, file=source_file, recording=recording, key=key, chunks=chunks
            )
        slim = await transcode(
            source_file,
            file,
            examined=examined,
            fps=task.fps,
            height=task.height,
            crf=task.crf,
            limits=context.limits,
            on_progress=lambda share: advance(_DOWNLOADED + (1 - _DOWNLOADED) * share),
            watcher=watcher,
        )
    finally:
        # It may be gigabytes, and nothing after this needs it.
        source_file.unlink(missing_ok=True)
    done = SlimDone(
        key=key or "",
        sha256=await to_thread(_sha256, file),
        size_bytes=slim.bytes,
        duration_seconds=slim.duration_seconds,
        frames=slim.frames,
        has_audio=slim.has_audio,
        losses=tuple(map(_reported, slim.losses[:MOST_LOSSES])),
    )
    for loss in done.losses:
        _LOG.warning("a part of the recording cannot be used", extra={"kind": loss.kind})
    checkpoint.change(lambda state: state.with_movable_seams(done.origin))
    if key is None:
        transcript = await find_transcript(done.origin)
    return Prepared(slim=done, file=file, in_storage=False, transcript=transcript)


def _reported(loss: Loss) -> RecordingLoss:
    detail = loss.detail[:LONGEST_LOSS_DETAIL]
    return RecordingLoss(kind=loss.kind.value, detail=detail, start=max(loss.start, 0.0), end=loss.end)


async def _key_of(context: Context, downloaded: Downloaded, *, source: ObjectInfo) -> str | None:
    """Return the key of the recording that was downloaded; None where it is unknown which recording that was.

    Another recording may have been uploaded after `source` was read. The entity tag of the download alone does not
    tell: a proxy may rewrite it.
    """
    task = context.task
    now = await context.supabase.storage.stat(task.source_bucket, task.source_object)
    if now is None or now.size != downloaded.size or now.etag not in {source.etag, downloaded.etag}:
        return None
    return slim_key(task, etag=now.etag, size=now.size)


class _EncoderWatcher:
    """Hands chunks on while the encoder writes, see `media.transcode.growing_slim.Watcher`."""

    def __init__(
        self,
        checkpoint: CheckpointStore,
        early_chunks: EarlyChunks,
        *,
        file: Path,
        recording: Recording,
        key: str,
        chunks: Sequence[Chunk],
    ) -> None:
        self._checkpoint, self._early_chunks = checkpoint, early_chunks
        self._file, self._recording = file, recording
        self._key, self._chunks = key, chunks

    async def begun(self, video: GrowingSlim, *, whole: bool, same_content: bool) -> None:
        """Start the chunks of a slim video that is being written, in place of those of an earlier run of the encoder.

        What an earlier run was paid for is used where the clip of the chunk is still the same.
        """
        await self._early_chunks.drop()
        if whole and self._checkpoint.state.decoded_whole != self._key:
            await self._checkpoint.save(lambda state: state.with_whole_decode(self._key))
        elif not same_content:
            self._checkpoint.change(Checkpoint.with_doubted_chunks)
        self._checkpoint.change(lambda state: state.with_movable_seams(self._key))
        self._early_chunks.follow(video, origin=self._key, has_audio=self._recording.has_audio)
        self._early_chunks.start(self._chunks, video_seconds=self._recording.duration_seconds, has_end=False)

    async def accepted(self) -> None:
        """Delete the recording: from here on the slim video takes twice its size."""
        self._file.unlink()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
