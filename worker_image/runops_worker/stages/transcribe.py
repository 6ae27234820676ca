"""transcribing: the slim video becomes a transcript, chunk by chunk."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from runops.progress import Stage
from runops.transcript import TranscriptItem, dump_transcript, ordered
from runops.transcript_gaps import gap_item
from runops_worker.checkpoint.format import Checkpoint, SlimDone
from runops_worker.context import Context
from runops_worker.media.transcode.chunks import plan_chunks
from runops_worker.media.transcode.slim_video import SlimVideo
from runops_worker.reporting.stage_progress import StageProgress
from runops_worker.transcription.chunk_state import transcripts_of
from runops_worker.transcription.chunk_transcriber import ChunkTranscriber
from runops_worker.transcription.clip_source import FinishedSlim
from runops_worker.transcription.known_secrets import KnownSecrets
from runops_worker.transcription.lost_ranges import nothing_found
from runops_worker.transcription.mask_secrets import hide_known, mask_items
from runops_worker.transcription.merge.merge import merged
from runops_worker.transcription.stored_transcript import StoredTranscript, Transcript
from runops_worker.transcription.transcript_quality import gaps_of, quality_of

__all__ = ["transcribe"]

_LOG = logging.getLogger(__name__)


async def transcribe(
    context: Context,
    progress: StageProgress,
    *,
    slim: SlimDone,
    file: Path | None,
    earlier: Transcript | None,
    chunks: ChunkTranscriber,
    stored: StoredTranscript,
    slim_stored: Callable[[], Awaitable[None]],
) -> Transcript:
    """Return the transcript, and store it once the slim video is in storage.

    Parameters
    ----------
    context, progress
        Of the run.
    slim, file
        The slim video, and its file. The file is not needed where there is a transcript.
    earlier
        The transcript of an earlier attempt, if there is one.
    chunks
        Transcribes chunks. It may have started some of them while the slim video was encoded.
    stored
        Where the transcript is put.
    slim_stored
        Waits for the slim video to be in storage.

    Raises
    ------
    Failed
        The model gave no usable answer; the sentence says why.
    Exception
        The first failure of the overlapping work.
    """
    await progress.enter(Stage.TRANSCRIBING)
    if earlier is not None:
        _LOG.info("using the transcript of an earlier attempt")
        await slim_stored()
        return earlier
    assert file is not None
    if not chunks.follows_a_video:
        chunks.follow(_clips(context, slim, file), origin=slim.origin, has_audio=slim.has_audio)
    plan = plan_chunks(slim.duration_seconds)
    whole_video = file if len(plan) == 1 else None
    chunks.start(plan, video_seconds=slim.duration_seconds, has_end=True, whole_video=whole_video)
    states = await chunks.states(plan)
    await slim_stored()
    items = merged([part for state in states for part in transcripts_of(state)])
    if context.task.redaction:
        items = await asyncio.to_thread(_without_secrets, items, chunks.secrets)
    gaps, quality = gaps_of(states), quality_of(states, items, first_model=context.task.transcribe_model)
    if not items:
        await stored.checkpoint.save(Checkpoint.without_chunks)
        raise nothing_found(model=" and ".join(context.task.transcription_models))
    transcript = Transcript.of(dump_transcript(ordered([*items, *map(gap_item, gaps)])))
    await stored.save(transcript, origin=slim.origin, quality=quality)
    _LOG.log(
        logging.WARNING if gaps else logging.INFO,
        "the transcript is in storage",
        extra={"items": len(transcript.items), **quality.model_dump(mode="json")},
    )
    return transcript


def _without_secrets(items: Sequence[TranscriptItem], known: KnownSecrets) -> list[TranscriptItem]:
    """Hide what only the whole recording tells to be a secret; `known` learns it. Each chunk was masked by itself."""
    masked = mask_items(items)
    known.learn(masked.secrets, masked.typed)
    return list(hide_known(masked.items, known))


def _clips(context: Context, slim: SlimDone, file: Path) -> FinishedSlim:
    video = SlimVideo(
        path=file,
        bytes=slim.size_bytes,
        duration_seconds=slim.duration_seconds,
        frames=slim.frames,
        has_audio=slim.has_audio,
        fps=context.task.fps,
    )
    return FinishedSlim(video, limits=context.limits)
