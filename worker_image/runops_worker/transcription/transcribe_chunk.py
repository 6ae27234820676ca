"""Transcribes one chunk: asks what `next_questions` decides to ask, and saves the state after each answer."""

import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from runops.progress import Stage
from runops_worker.checkpoint.format import Checkpoint, ChunkState, OpenQuestion
from runops_worker.checkpoint.keys import transcript_key
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.model.protocol import Answer, AnswerEnd, InputTooLarge, Model, ModelOut, UploadedVideo
from runops_worker.task import Task
from runops_worker.transcription.chunk_request import clip_question, repair_question
from runops_worker.transcription.chunk_state import about_clip, begun, is_usable
from runops_worker.transcription.clip_source import ClipSource, Measure
from runops_worker.transcription.heard_answer import Heard, heard, without_secrets
from runops_worker.transcription.known_secrets import KnownSecrets
from runops_worker.transcription.made_up import without_made_up, without_speech_in_silence
from runops_worker.transcription.mask_checkpoint import masked_checkpoint
from runops_worker.transcription.next_questions.after_answer import after_answer, unanswered
from runops_worker.transcription.next_questions.ranges import may_be_halved
from runops_worker.transcription.sent_clip import (
    Condense,
    DropSound,
    SentClip,
    in_time_of_the_recording,
    sent_clip,
)

__all__ = ["ChunkInputs", "transcribe_chunk"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkInputs:
    """What all chunks of one slim video have in common.

    Attributes
    ----------
    task, model
        Whose prompt and settings, and who is asked.
    checkpoint
        The states of chunks are read from it, and saved to it after each answer.
    workdir
        Scratch folder for clips.
    clips
        Where clips are cut from.
    measure
        Measures what happens in a clip.
    drop_sound, condense
        Write a clip again, see `sent_clip`.
    origin
        First part of the keys, see `SlimDone.origin`.
    has_audio
        Whether the slim video has sound.
    secrets
        What the answers told so far; kept in memory only.
    """

    task: Task
    model: Model
    checkpoint: CheckpointStore
    workdir: Path
    clips: ClipSource
    measure: Measure
    drop_sound: DropSound
    condense: Condense
    origin: str
    has_audio: bool
    secrets: KnownSecrets = field(default_factory=KnownSecrets)


async def transcribe_chunk(
    chunk: Chunk, inputs: ChunkInputs, *, so_far: str = "", whole_video: Path | None = None
) -> ChunkState:
    """Return the state of a chunk about which nothing is left to ask.

    Parameters
    ----------
    chunk, inputs
        What to transcribe.
    so_far
        What is known of the recording before it. An earlier attempt that began this chunk keeps what it was told.
    whole_video
        The slim video, where the chunk is all of it and no clip is needed.

    Raises
    ------
    Failed
        Of the service, the key, the quota or the file. What the model answers never fails a chunk.
    """
    state = _saved(chunk, inputs, so_far=so_far)
    if not state.open and not state.is_doubted:
        _LOG.info("using a chunk that an earlier attempt transcribed", extra={"start": chunk.start})
        return state
    whole = _range_of(chunk)
    async with _clip(whole, chunk, inputs, whole_video=whole_video) as clip:
        # A clip has a few MB, so its hash takes milliseconds.
        clip_sha256 = _sha256(clip)
        state = about_clip(clip_sha256, state, begun(state.key, chunk, so_far=so_far))
        if not state.open:
            _LOG.info("using a chunk of an earlier slim video: its clip is the same", extra={"start": chunk.start})
            inputs.checkpoint.change(partial(Checkpoint.with_chunk, chunk=state))
            return state
        activity = await inputs.measure(clip, chunk)
        state = await _ask_about(clip, whole, state, inputs, activity=activity)
    while state.open:
        part = (state.open[0].start, state.open[0].end)
        async with _clip(part, chunk, inputs, whole_video=whole_video) as clip:
            state = await _ask_about(clip, part, state, inputs, activity=activity)
    _LOG.info(
        "a chunk is transcribed",
        extra={
            "start": chunk.start,
            "calls": state.calls,
            "dropped": state.dropped,
            "lost": [f"{lost.start:.0f}-{lost.end:.0f} {lost.trouble.reason}" for lost in state.lost],
        },
    )
    return state


def _saved(chunk: Chunk, inputs: ChunkInputs, *, so_far: str) -> ChunkState:
    task = inputs.task
    key = transcript_key(
        inputs.origin,
        prompt=task.transcription_prompt,
        model=task.transcribe_model,
        redaction=task.redaction,
        resolution=task.resolution,
        chunk=_range_of(chunk),
    )
    saved = inputs.checkpoint.state.chunk(key)
    return saved if saved is not None and is_usable(saved) else begun(key, chunk, so_far=so_far)


def _sha256(clip: Path) -> str:
    with clip.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _range_of(chunk: Chunk) -> tuple[float, float]:
    return chunk.start, chunk.start + chunk.length


@asynccontextmanager
async def _clip(
    part: tuple[float, float], chunk: Chunk, inputs: ChunkInputs, *, whole_video: Path | None
) -> AsyncIterator[Path]:
    """Give the clip of a part of the chunk for the time of the block."""
    if whole_video is not None and part == _range_of(chunk):
        yield whole_video
        return
    start, end = part
    clip = inputs.workdir / f"clip-{start:.3f}-{end:.3f}.mp4"
    try:
        await inputs.clips.cut(Chunk(index=chunk.index, start=start, length=end - start), clip)
        yield clip
    finally:
        clip.unlink(missing_ok=True)


async def _ask_about(
    clip: Path, part: tuple[float, float], state: ChunkState, inputs: ChunkInputs, *, activity: Activity
) -> ChunkState:
    """Ask the next questions, as long as they are about this part; the clip is uploaded once."""
    models = inputs.task.transcription_models
    if not _is_next(state, part):
        return state
    async with (
        sent_clip(
            clip,
            part,
            activity,
            has_audio=inputs.has_audio,
            leave_out_idle=inputs.task.leave_out_idle,
            drop_sound=inputs.drop_sound,
            condense=inputs.condense,
            workdir=inputs.workdir,
        ) as sent,
        inputs.model.uploaded(sent.path, job_id=inputs.task.job_id, seconds=sent.seconds, fps=inputs.task.fps) as video,
    ):
        while _is_next(state, part):
            question = state.open[0]
            # An earlier attempt may have had more fallback models.
            first = min(question.model, len(models) - 1)
            try:
                answer = await _answer(
                    question, models[first:], video, inputs, sent=sent, so_far=state.so_far, activity=activity
                )
            except ModelOut:
                if first == 0:
                    raise
                state = unanswered(state)
            else:
                answered = models.index(answer.model) if answer.model in models else first
                asked = question.model_copy(update={"model": answered})
                state = state.model_copy(update={"open": (asked, *state.open[1:])})
                state = after_answer(state, answer, activity=activity, models=len(models))
                _log_trouble(question, answer, state)
            await inputs.checkpoint.save(partial(_saved_with, chunk=state, inputs=inputs))
    return state


def _saved_with(checkpoint: Checkpoint, *, chunk: ChunkState, inputs: ChunkInputs) -> Checkpoint:
    """Return the checkpoint with the chunk in it; what its answer tells about secrets is hidden in all chunks."""
    changed = checkpoint.with_chunk(chunk)
    return masked_checkpoint(changed, inputs.secrets, newest=chunk.key) if inputs.task.redaction else changed


def _is_next(state: ChunkState, part: tuple[float, float]) -> bool:
    return bool(state.open) and (state.open[0].start, state.open[0].end) == part


async def _answer(
    question: OpenQuestion,
    models: Sequence[str],
    video: UploadedVideo,
    inputs: ChunkInputs,
    *,
    sent: SentClip,
    so_far: str,
    activity: Activity,
) -> Heard:
    seconds = sent.seconds
    if question.purpose == "repair":
        asked = repair_question(inputs.task, model=models[0], seconds=seconds, unsettled=question.unsettled)
    else:
        asked = clip_question(
            inputs.task,
            model=models[0],
            seconds=seconds,
            has_audio=sent.has_audio,
            is_condensed=sent.times is not None,
            start=question.start,
            so_far=so_far,
        )
    on_usage = inputs.checkpoint.call_counter(Stage.TRANSCRIBING)
    try:
        answer = await inputs.model.ask(replace(asked, fallback=tuple(models[1:])), video=video, on_usage=on_usage)
    except InputTooLarge:
        if not may_be_halved(question.start, question.end):
            raise
        answer = Answer("", AnswerEnd.CUT_OFF, "the input is too large", model=models[0])
    read = in_time_of_the_recording(heard(answer, length=seconds), sent.times)
    read = without_made_up(read, instruction=inputs.task.transcription_prompt.text, has_audio=sent.has_audio)
    read = without_speech_in_silence(read, activity, start=question.start)
    if read.settled or read.dropped:
        _LOG.info("the answer was settled", extra={"rules": dict(read.settled), "dropped": read.dropped})
    return without_secrets(read, inputs.secrets, start=question.start) if inputs.task.redaction else read


def _log_trouble(question: OpenQuestion, answer: Heard, state: ChunkState) -> None:
    if not (state.open or answer.unsettled or answer.end is not AnswerEnd.COMPLETE):
        return
    _LOG.warning(
        "an answer about a part of the recording is incomplete",
        extra={
            "start": question.start,
            "end": question.end,
            "purpose": question.purpose,
            "model": answer.model,
            "answer": answer.end,
            "detail": answer.detail,
            "items": len(answer.items),
            "unsettled": len(answer.unsettled),
            "next": [f"{follows.purpose} {follows.start:.0f}-{follows.end:.0f}" for follows in state.open],
        },
    )
