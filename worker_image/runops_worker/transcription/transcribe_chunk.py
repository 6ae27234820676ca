"""Transcribes one chunk: cuts its clip, asks the model, and halves the chunk where the answer is cut off."""

import logging
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from runops.progress import Stage
from runops.transcript import TranscriptItem, dump_transcript, parse_item
from runops_worker.checkpoint.format import ChunkDone
from runops_worker.checkpoint.keys import transcript_key
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.model.ask import IncompleteAnswer, Reading, ask_and_repair, failure_of
from runops_worker.model.protocol import Answer, AnswerEnd, InputTooLarge, Model
from runops_worker.task import Task
from runops_worker.transcription.answer.read_answer import read_answer
from runops_worker.transcription.chunk_request import (
    chunk_question,
    cut_off_failure,
    empty_failure,
    halves,
    may_be_halved,
)
from runops_worker.transcription.clip_source import ClipSource
from runops_worker.transcription.mask_secrets import mask_items
from runops_worker.transcription.merge.chunk_transcript import ChunkTranscript

__all__ = ["ChunkInputs", "transcribe_chunk"]

_LOG = logging.getLogger(__name__)
_EMPTY_TRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkInputs:
    """What all chunks of one slim video have in common.

    Attributes
    ----------
    task, model
        Whose prompt and settings, and who is asked.
    checkpoint
        Answers of earlier attempts are read from it, and new ones saved to it.
    workdir
        Scratch folder for clips.
    clips
        Where clips are cut from.
    origin
        First part of the keys, see `SlimDone.origin`.
    has_audio
        Whether the slim video has sound.
    """

    task: Task
    model: Model
    checkpoint: CheckpointStore
    workdir: Path
    clips: ClipSource
    origin: str
    has_audio: bool


async def transcribe_chunk(
    chunk: Chunk, inputs: ChunkInputs, *, whole_video: Path | None = None, halvings: int = 0
) -> list[ChunkTranscript]:
    """Return the transcript of a chunk, in one part or, where the answer was cut off, in a part for each half.

    Parameters
    ----------
    chunk, inputs
        What to transcribe.
    whole_video
        The slim video, where the chunk is all of it and no clip is needed.
    halvings
        How often the chunk was halved already.

    Raises
    ------
    Failed
        `OutputCutOff`, `ModelEmptyAnswer`, `Blocked`, `InvalidOutput`, or the failure of the model.
    """
    model, checkpoint = inputs.task.transcribe_model, inputs.checkpoint
    start, end = chunk.start, chunk.start + chunk.length
    key = _key(chunk, inputs)
    saved = _saved_items(checkpoint, key)
    if saved is not None:
        _LOG.info("using a chunk that an earlier attempt transcribed", extra={"start": start, "end": end})
        return [ChunkTranscript(start, end, saved)]
    if key not in checkpoint.state.cut_off:
        try:
            items = await _ask(chunk, inputs, whole_video=whole_video)
        except IncompleteAnswer as incomplete:
            if incomplete.answer.end not in {AnswerEnd.CUT_OFF, AnswerEnd.LOOPED}:
                raise failure_of(incomplete.answer, model=model) from incomplete
            if may_be_halved(chunk, halvings=halvings):
                await checkpoint.save(lambda state: state.with_chunk_cut_off(key))
        except InputTooLarge:
            if not may_be_halved(chunk, halvings=halvings):
                raise
            await checkpoint.save(lambda state: state.with_chunk_cut_off(key))
        else:
            if not items:
                raise empty_failure(chunk, model=model, is_whole_video=whole_video is not None)
            items = _without_secrets(items, inputs.task)
            await checkpoint.save(lambda state: state.with_chunk(ChunkDone(key=key, items=dump_transcript(items))))
            return [ChunkTranscript(start, end, items)]
    if not may_be_halved(chunk, halvings=halvings):
        raise cut_off_failure(chunk, model=model)
    _LOG.warning("the answer was cut off, halving the chunk", extra={"start": start, "end": end})
    return [part for half in halves(chunk) for part in await transcribe_chunk(half, inputs, halvings=halvings + 1)]


def _key(chunk: Chunk, inputs: ChunkInputs) -> str:
    task = inputs.task
    return transcript_key(
        inputs.origin,
        prompt=task.transcription_prompt,
        model=task.transcribe_model,
        redaction=task.redaction,
        chunk=(chunk.start, chunk.start + chunk.length),
    )


def _without_secrets(items: tuple[TranscriptItem, ...], task: Task) -> tuple[TranscriptItem, ...]:
    if not task.redaction:
        return items
    masked, count = mask_items(items)
    if count:
        _LOG.info("secrets in the recording were hidden", extra={"count": count})
    return masked


def _saved_items(checkpoint: CheckpointStore, key: str) -> list[TranscriptItem] | None:
    saved = checkpoint.state.chunk_items(key)
    if saved is None:
        return None
    try:
        return [parse_item(item) for item in saved]
    except ValidationError:
        return None


async def _ask(chunk: Chunk, inputs: ChunkInputs, *, whole_video: Path | None) -> tuple[TranscriptItem, ...]:
    if whole_video is not None:
        return await _ask_about(whole_video, chunk, inputs)
    clip = inputs.workdir / f"clip-{chunk.start:.3f}-{chunk.start + chunk.length:.3f}.mp4"
    try:
        await inputs.clips.cut(chunk, clip)
        return await _ask_about(clip, chunk, inputs)
    finally:
        clip.unlink(missing_ok=True)


async def _ask_about(clip: Path, chunk: Chunk, inputs: ChunkInputs) -> tuple[TranscriptItem, ...]:
    task = inputs.task
    items: tuple[TranscriptItem, ...] = ()
    async with inputs.model.uploaded(clip, job_id=task.job_id, seconds=chunk.length, fps=task.fps) as video:
        for _ in range(_EMPTY_TRIES):
            items = await ask_and_repair(
                inputs.model,
                chunk_question(task, seconds=chunk.length, has_audio=inputs.has_audio),
                lambda text: _read(text, length=chunk.length),
                video=video,
                on_usage=inputs.checkpoint.call_counter(Stage.TRANSCRIBING),
                stage="transcript",
            )
            if items:
                break
    return items


def _read(text: str, *, length: float) -> Reading[tuple[TranscriptItem, ...]]:
    answer = read_answer(text, length=length)
    if answer.settled or answer.dropped:
        _LOG.info("the answer was settled", extra={"rules": dict(answer.settled), "dropped": len(answer.dropped)})
    if not answer.complete:
        raise IncompleteAnswer(Answer(text, AnswerEnd.CUT_OFF, "the JSON ends early"))
    if answer.unusable is not None:
        return Reading(None, (answer.unusable,))
    return Reading(answer.items, tuple(f"[{one.index}]: {fault}" for one in answer.unsettled for fault in one.faults))
