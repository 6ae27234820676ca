"""transcribing: the slim video becomes a transcript, stretch by stretch."""

import asyncio
import logging
from typing import Any

from runops.progress import Stage
from runops.transcript import dump_transcript
from runops_worker.checkpoint.format import SlimDone
from runops_worker.media.transcode.chunks import plan_chunks
from runops_worker.media.transcode.slim_video import SlimVideo
from runops_worker.running import Running
from runops_worker.stages.prepare import Prepared, local_slim, slim_file
from runops_worker.transcription.chunk_transcriber import FinishedSlim, Stretches
from runops_worker.transcription.merge_transcript import merged
from runops_worker.transcription.stored_transcript import keep_transcript, kept_transcript

__all__ = ["transcribe"]

_LOG = logging.getLogger(__name__)


async def transcribe(running: Running, prepared: Prepared, *, group: asyncio.TaskGroup) -> list[dict[str, Any]]:
    """Return the transcript as the JSON array for the table, and keep it in storage, once the slim video is there.

    Parameters
    ----------
    running
        The run.
    prepared
        The slim video, which may still be on its way to storage.
    group
        Where the stretches are asked for.

    Raises
    ------
    Failed
        The model gave no answer that can be used; the sentence says why.
    Exception
        The first failure of what ran side by side.
    """
    kept = await kept_transcript(running, origin=prepared.slim.origin)
    if kept is None:
        # Before the stage begins, for it may mean that the slim video is made anew: a stage never goes back.
        prepared = await local_slim(running, prepared, group=group)
    await running.meter.enter(Stage.TRANSCRIBING)
    if kept is not None:
        _LOG.info("the transcript of an earlier attempt is used")
        await _under_way(running, prepared)
        return kept
    slim = prepared.slim
    plan = plan_chunks(slim.duration_seconds)
    stretches = prepared.stretches or _of_finished(running, slim, group=group)
    stretches.begin(plan, seconds=slim.duration_seconds, shown_whole=slim_file(running) if len(plan) == 1 else None)
    told = await stretches.told(plan)
    await _under_way(running, prepared)
    transcript = dump_transcript(merged(told))
    await keep_transcript(running, transcript, slim=slim)
    _LOG.info("the transcript is in storage", extra={"items": len(transcript), "stretches": len(told)})
    return transcript


async def _under_way(running: Running, prepared: Prepared) -> None:
    """Wait for the slim video to be in storage, and raise what failed."""
    if prepared.upload is not None:
        await prepared.upload
    if running.failures:
        raise running.failures[0]


def _of_finished(running: Running, slim: SlimDone, *, group: asyncio.TaskGroup) -> Stretches:
    video = SlimVideo(
        path=slim_file(running),
        bytes=slim.size_bytes,
        duration_seconds=slim.duration_seconds,
        frames=slim.frames,
        has_audio=slim.has_audio,
        fps=running.task.fps,
    )
    return Stretches(
        running,
        FinishedSlim(video, limits=running.limits),
        origin=slim.origin,
        has_audio=slim.has_audio,
        group=group,
    )
