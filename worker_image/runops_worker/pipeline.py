"""The way of a video: four stages in their order, what runs beside them, and what a run reports at its end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.quality import Quality, edits_sentence
from runops.report import Output, Report, ResolvedPrompt, StageTime, Usage
from runops.supabase.connection import Supabase
from runops_worker.check_row import check_row
from runops_worker.checkpoint.format import Checkpoint, SlimDone
from runops_worker.checkpoint.keys import sop_key, transcript_key
from runops_worker.checkpoint.rerun import save_for_rerun
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.claimed_storage import UPLOAD_SECONDS, ClaimedStorage
from runops_worker.context import Context
from runops_worker.cost.cap import NO_CAP, Cap
from runops_worker.cost.cost_gate import CostGate
from runops_worker.cost.video_estimate import sop_calls, video_calls
from runops_worker.failure_reason import as_failed
from runops_worker.media.limits import Limits
from runops_worker.media.transcode.condense import condense
from runops_worker.media.transcode.drop_sound import drop_sound
from runops_worker.media.transcode.measure_activity import measure_activity, measure_seam
from runops_worker.model.call_gate import GateableModel, GatedModel
from runops_worker.model.fallback import ModelWithFallback
from runops_worker.model.ledger import Ledger
from runops_worker.overlapping_work import overlapping_work
from runops_worker.reporting.heartbeat import with_heartbeat
from runops_worker.reporting.note_recording import note_recording
from runops_worker.reporting.progress_sink import ProgressSink
from runops_worker.reporting.stage_progress import StageProgress
from runops_worker.sop.given_answers import NO_ANSWERS, GivenAnswers, read_given_answers
from runops_worker.stages.finalize import finalize
from runops_worker.stages.parse_sop import parse_sop
from runops_worker.stages.prepare import ExpectCost, prepare, store_slim
from runops_worker.stages.reuse_transcript import reuse_transcript
from runops_worker.stages.transcribe import transcribe
from runops_worker.task import Task
from runops_worker.transcription.chunk_transcriber import ChunkTranscriber
from runops_worker.transcription.stored_transcript import StoredTranscript, Transcript

__all__ = ["make_transcript", "models_to_ask", "run"]

_LOG = logging.getLogger(__name__)
_SAVE_COST_SECONDS = 10.0
_SAVE_COST_SECONDS_AFTER_SIGTERM = 2.0
"""Shorter than the time after which the process of a worker that was asked to stop ends itself."""


async def run(
    task: Task,
    *,
    supabase: Supabase,
    model: GateableModel,
    workdir: Path,
    progress: ProgressSink,
    limits: Limits | None = None,
    heartbeat_seconds: float = 2.0,
    upload_seconds: float = UPLOAD_SECONDS,
    cap: Cap = NO_CAP,
    on_usage: Callable[[Usage], None] | None = None,
    usage_reported: Callable[[], Awaitable[None]] | None = None,
    on_end: Callable[[Usage, Quality | None, tuple[StageTime, ...]], None] | None = None,
) -> Report:
    """Turn one recording into a transcript and a SOP, and complete its row.

    Parameters
    ----------
    task
        The video. Its row is claimed already.
    supabase, model
        Connections. Both stay open.
    workdir
        An existing, empty folder with room for the recording and its slim video.
    progress
        Receives every stage at once, and the percentage with each heartbeat; it decides what to write.
    limits
        On the recording; the defaults where None.
    heartbeat_seconds
        Between two heartbeats; a sink that reads the row ends the run that soon after its claim is lost.
    upload_seconds
        Deadline of one upload to storage.
    cap
        The most that the video may cost at the model.
    on_usage
        Called with the cost of the video so far whenever a call to the model begins or ends.
    usage_reported
        Returns once that cost is where the operator sees it; each call waits for it. None where nobody looks.
    on_end
        Called at the end, also of a failed run, with cost and quality of the video so far and the time of each stage.

    Returns
    -------
    Report
        Of a success.

    Raises
    ------
    Failed
        Every failure. The row stays as it is: the caller decides about a further attempt.
    """
    storage = ClaimedStorage(
        supabase=supabase,
        bucket=task.source_bucket,
        job_id=task.job_id,
        claim=task.claim,
        upload_seconds=upload_seconds,
    )
    checkpoint = CheckpointStore(storage, task.checkpoint_object, now=_now)

    def changed() -> None:
        if on_usage is not None:
            on_usage(_usage(checkpoint.state))

    gate = CostGate(checkpoint, cap=cap, now=_now, on_change=changed, reported=usage_reported or _at_once)
    context = Context(
        task=task,
        supabase=supabase,
        storage=storage,
        model=ModelWithFallback(GatedModel(model, gate)),
        limits=limits or Limits(),
        workdir=workdir,
        now=_now,
    )
    stage_progress = StageProgress(progress)
    try:
        return await with_heartbeat(
            _stages(context, checkpoint, stage_progress, gate), stage_progress, seconds=heartbeat_seconds
        )
    except Failed as failure:
        _LOG.warning("the run failed", extra={"reason": failure.reason, "stage": stage_progress.stage})
        await checkpoint.save_cost(seconds=_SAVE_COST_SECONDS)
        raise
    except asyncio.CancelledError:
        await checkpoint.save_cost(seconds=_SAVE_COST_SECONDS_AFTER_SIGTERM)
        raise
    except Exception as error:
        named = as_failed(error)
        level = logging.ERROR if named.reason is Reason.INTERNAL else logging.WARNING
        _LOG.log(level, "the run failed", exc_info=error, extra={"reason": named.reason})
        await checkpoint.save_cost(seconds=_SAVE_COST_SECONDS)
        raise named from error
    finally:
        if on_end is not None:
            on_end(_usage(checkpoint.state), checkpoint.state.quality, stage_progress.stage_times())


async def _at_once() -> None:
    """Wait for nobody."""


def _now() -> datetime:
    return datetime.now(UTC)


async def _stages(context: Context, checkpoint: CheckpointStore, progress: StageProgress, gate: CostGate) -> Report:
    found = await check_row(context.task, context.supabase)
    await checkpoint.load()
    progress.resumes(checkpoint.state.begun)
    answers = NO_ANSWERS
    if found.has_sop or found.only_sop:
        answers = await read_given_answers(context.storage, context.task)
    checkpoint.change(partial(Checkpoint.with_ledger, change=Ledger.with_attempt))
    for models in models_to_ask(context.task, checkpoint.state, answers=answers, only_sop=found.only_sop):
        await context.model.check(*models)
    expect_cost = _cost_check(context, gate)
    if found.only_sop:
        slim, transcript = await reuse_transcript(context, checkpoint)
        await expect_cost(seconds=slim.duration_seconds, has_audio=slim.has_audio, is_transcribed=True)
    else:
        slim, transcript = await make_transcript(context, checkpoint, progress, expect_cost=expect_cost)
    sop = await parse_sop(
        context, checkpoint, progress, slim=slim, transcript=transcript, answers=answers, has_sop=found.has_sop
    )
    done = await finalize(context, progress, slim=slim, transcript=transcript, sop=sop)
    checkpoint.change(partial(Checkpoint.with_sop_edits, edits=done.edits))
    report = _report(context.task, checkpoint.state, outputs=done.outputs, stages=progress.stage_times())
    await save_for_rerun(checkpoint.state, task=context.task, supabase=context.supabase)
    return report


def models_to_ask(
    task: Task, state: Checkpoint, *, answers: GivenAnswers = NO_ANSWERS, only_sop: bool = False
) -> list[tuple[str, ...]]:
    """Return the models of each stage that this run still needs, fallback models included. Pure.

    One that is gone does not harm what it made before.
    """
    slim, transcript, sop = state.slim, state.transcript, state.sop
    if only_sop:
        return [task.sop_models]
    if slim is None or transcript is None:
        return [task.transcription_models, task.sop_models]
    key = transcript_key(
        slim.origin,
        prompt=task.transcription_prompt,
        model=task.transcribe_model,
        redaction=task.redaction,
        resolution=task.resolution,
    )
    if transcript.key != key:
        return [task.transcription_models, task.sop_models]
    key = sop_key(
        transcript.sha256,
        prompt=task.sop_prompt,
        model=task.sop_model,
        redaction=task.redaction,
        language=task.sop_language,
        answers_sha256=answers.sha256,
    )
    return [] if sop is not None and sop.key == key else [task.sop_models]


async def make_transcript(
    context: Context, checkpoint: CheckpointStore, progress: StageProgress, *, expect_cost: ExpectCost
) -> tuple[SlimDone, Transcript]:
    """Run the first two stages, which overlap; `expect_cost` as for `prepare`.

    The first chunks of a long recording are transcribed while the rest is encoded: `prepare` hands them to the
    transcriber. The slim video is uploaded while the other chunks are transcribed.
    """
    task = context.task
    stored = StoredTranscript(task=task, storage=context.storage, checkpoint=checkpoint)
    async with overlapping_work() as work:
        chunks = ChunkTranscriber(
            task=task,
            model=context.model,
            checkpoint=checkpoint,
            workdir=context.workdir,
            measure=partial(measure_activity, fps=task.fps, limits=context.limits),
            measure_seam=partial(measure_seam, fps=task.fps, limits=context.limits),
            drop_sound=partial(drop_sound, limits=context.limits),
            condense=partial(condense, fps=task.fps, limits=context.limits),
            work=work,
            on_progress=lambda share: progress.advance(Stage.TRANSCRIBING, share),
        )
        prepared = await prepare(
            context,
            checkpoint,
            progress,
            early_chunks=chunks,
            find_transcript=stored.find,
            expect_cost=expect_cost,
        )
        noted = work.start(
            partial(
                note_recording,
                task,
                context.supabase.jobs,
                seconds=prepared.slim.duration_seconds,
                started=progress.stage_times()[0].start_time,
            )
        )
        upload = None if prepared.in_storage else work.start(partial(store_slim, context, checkpoint, prepared))

        async def slim_stored() -> None:
            if upload is not None:
                await work.result(upload)

        transcript = await transcribe(
            context,
            progress,
            slim=prepared.slim,
            file=prepared.file,
            earlier=prepared.transcript,
            chunks=chunks,
            stored=stored,
            slim_stored=slim_stored,
        )
        await noted
    return prepared.slim, transcript


def _cost_check(context: Context, gate: CostGate) -> ExpectCost:
    async def expect_cost(*, seconds: float, has_audio: bool, is_transcribed: bool) -> None:
        if is_transcribed:
            await gate.expect(sop_calls(context.task, seconds=seconds))
        else:
            await gate.expect(video_calls(context.task, seconds=seconds, has_audio=has_audio))

    return expect_cost


def _usage(state: Checkpoint) -> Usage:
    return state.ledger.usage(media_seconds=0.0 if state.slim is None else state.slim.duration_seconds)


def _report(task: Task, state: Checkpoint, *, outputs: tuple[Output, ...], stages: tuple[StageTime, ...]) -> Report:
    return Report(
        message=edits_sentence(state.quality) or "The SOP is in the table.",
        stage=Stage.COMPLETED,
        usage=_usage(state),
        quality=state.quality,
        stages=stages,
        outputs=outputs,
        prompts=tuple(
            ResolvedPrompt(name=prompt.name[:128], sha256=prompt.sha256)
            for prompt in (task.transcription_prompt, task.sop_prompt)
        ),
    )
