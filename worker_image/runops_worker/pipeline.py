"""The four stages in their order, what is checked before them, and what is told after them."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from runops.failures import Failed, Reason
from runops.job_row import RowStatus, user_of
from runops.progress import Stage
from runops.report import Output, Report, ResolvedPrompt, StageTime, Usage
from runops.supabase.connection import Supabase
from runops_worker.checkpoint.format import SlimDone, content_sha256
from runops_worker.failure_reason import as_failed
from runops_worker.media.limits import Limits
from runops_worker.model.ledger import Ledger
from runops_worker.model.protocol import Model
from runops_worker.prompts import Prompt, load_prompt
from runops_worker.reporting.meter import Meter, under_pulse
from runops_worker.reporting.progress import ProgressSink
from runops_worker.running import UPLOAD_SECONDS, Running
from runops_worker.stages.finalize import finalize
from runops_worker.stages.parse_sop import parse_sop
from runops_worker.stages.prepare import prepare
from runops_worker.stages.transcribe import transcribe
from runops_worker.task import Task

__all__ = ["ProgressSink", "Prompt", "Task", "load_prompt", "run"]

_LOG = logging.getLogger(__name__)
_BILL_SECONDS = 10.0
_LAST_BILL_SECONDS = 2.0
"""For a run that was asked to stop: less than the time after which its pod ends whatever still hangs."""


async def run(
    task: Task,
    *,
    supabase: Supabase,
    model: Model,
    workdir: Path,
    progress: ProgressSink,
    limits: Limits | None = None,
    pulse_seconds: float = 2.0,
    upload_seconds: float = UPLOAD_SECONDS,
    account: Callable[[Usage, tuple[StageTime, ...]], None] | None = None,
) -> Report:
    """Turn one recording into a transcript and a SOP, and complete its row.

    Parameters
    ----------
    task
        What is to be done. The row is claimed already.
    supabase, model
        The outside. Both stay open.
    workdir
        An existing, empty folder with room for the recording and its slim video.
    progress
        Told of every stage at once and of the percentage every `pulse_seconds`; it decides what to write.
    limits
        On the recording; the usual ones where None.
    pulse_seconds
        Between two reports; also how soon a lost claim stops the run, where the sink looks.
    upload_seconds
        Longest time for one upload to storage.
    account
        Told at the end, also of a run that failed, what the video has cost so far and where this run's time went.

    Returns
    -------
    Report
        Of a success.

    Raises
    ------
    Failed
        Every failure. The row is left as it is: whoever started the run decides about a further attempt.
    """
    running = Running(
        task=task,
        supabase=supabase,
        model=model,
        workdir=workdir,
        meter=Meter(progress),
        limits=limits or Limits(),
        upload_seconds=upload_seconds,
    )
    try:
        return await under_pulse(_stages(running), running.meter, seconds=pulse_seconds)
    except Failed as failure:
        _LOG.warning("the run failed", extra={"reason": failure.reason, "stage": running.meter.stage})
        await _keep_the_bill(running, seconds=_BILL_SECONDS)
        raise
    except asyncio.CancelledError:
        await _keep_the_bill(running, seconds=_LAST_BILL_SECONDS)
        raise
    except Exception as error:
        named = as_failed(error)
        level = logging.ERROR if named.reason is Reason.INTERNAL else logging.WARNING
        _LOG.log(level, "the run failed", exc_info=error, extra={"reason": named.reason})
        await _keep_the_bill(running, seconds=_BILL_SECONDS)
        raise named from error
    finally:
        if account is not None:
            account(_bill(running), running.meter.stages())


def _bill(running: Running) -> Usage:
    slim = running.done.slim
    return running.done.ledger.usage(media_seconds=slim.duration_seconds if isinstance(slim, SlimDone) else 0.0)


async def _keep_the_bill(running: Running, *, seconds: float) -> None:
    """Write down what a failed run cost, so that the attempt after it reports the whole. No failure of its own."""
    if running.done.ledger == Ledger():
        return
    # A task of its own: the one that runs this may have been cancelled.
    writing = asyncio.ensure_future(running.remember())
    await asyncio.wait({writing}, timeout=seconds)
    writing.cancel()
    (error,) = await asyncio.gather(writing, return_exceptions=True)
    if error is not None:
        _LOG.warning("the cost of the failed run could not be kept", extra={"error": type(error).__name__})


async def _stages(running: Running) -> Report:
    await _before_any_cost(running)
    await running.recall()
    transcript = await _transcript(running)
    sop = await parse_sop(running, transcript)
    await finalize(running, transcript=transcript, sop=sop)
    report = _report(running, transcript_sha256=content_sha256(transcript), sop_sha256=content_sha256(sop))
    await _make_room_for_a_rerun(running)
    return report


async def _transcript(running: Running) -> list[dict[str, Any]]:
    """Make the slim video and the transcript of it, which overlap.

    Of a long recording the first stretches are transcribed while the rest is encoded, and while the others are
    transcribed the slim video goes into storage.
    """
    try:
        async with asyncio.TaskGroup() as group:
            return await transcribe(running, await prepare(running, group=group), group=group)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _before_any_cost(running: Running) -> None:
    """Check what would make all work futile.

    Raises
    ------
    Failed
        `RowMissing`, `ClaimLost`, `InvalidUser` or `DuplicateResults`.
    """
    task, supabase = running.task, running.supabase
    row = await supabase.jobs.get(task.job_id)
    if row is None:
        raise Failed(Reason.ROW_MISSING, f"There is no row in `jobs` with job_id {task.job_id}.")
    if not row.is_held_by(task.claim):
        raise Failed(Reason.CLAIM_LOST)
    _check_user(user_of(row), task.user_id)
    await supabase.results.look_at_columns()
    for table, count in (
        ("transcripts", await supabase.results.transcript_count(task.job_id)),
        ("sops", await supabase.results.sop_count(task.job_id)),
    ):
        if count > 1:
            raise Failed(
                Reason.DUPLICATE_RESULTS,
                f"The table {table} holds {count} rows for job {task.job_id}. "
                "Keep one of them and set the job back to queued.",
            )


def _check_user(of_row: UUID | None, of_task: UUID | None) -> None:
    """Refuse a task whose SOP would go to somebody else than the row's user, or to everybody.

    Raises
    ------
    Failed
        `InvalidUser`.
    """
    if of_row is not None and of_row != of_task:
        named = "no user" if of_task is None else "another user"
        raise Failed(
            Reason.INVALID_USER,
            f"The row names a user in metadata.user_id, but the VideoJob names {named}. "
            "Give the VideoJob the row's user as spec.userId.",
        )


def _report(running: Running, *, transcript_sha256: str, sop_sha256: str) -> Report:
    task, slim = running.task, running.done.slim
    assert isinstance(slim, SlimDone)
    return Report(
        message="The SOP is in the table.",
        stage=Stage.COMPLETED,
        usage=_bill(running),
        stages=running.meter.stages(),
        outputs=(
            Output(
                name="slim",
                location=f"{task.source_bucket}/{task.slim_object}",
                sha256=slim.sha256,
                size_bytes=slim.size_bytes,
            ),
            Output(name="transcript", location=f"transcripts/{task.job_id}", sha256=transcript_sha256),
            Output(name="sop", location=f"sops/{task.job_id}", sha256=sop_sha256),
        ),
        prompts=tuple(
            ResolvedPrompt(name=prompt.name[:128], sha256=prompt.sha256)
            for prompt in (task.transcription_prompt, task.sop_prompt)
        ),
    )


async def _make_room_for_a_rerun(running: Running) -> None:
    """Forget the SOP and the bill: who runs a completed job again wants a new SOP, of the same transcript.

    The row is completed; whatever goes wrong here costs a later run a little and this one nothing.
    """
    task, done, supabase = running.task, running.done, running.supabase
    value = done.model_copy(update={"sop": None, "ledger": type(done.ledger)()}).model_dump(mode="json")

    async def still_ours() -> None:
        # Who sets a completed row back to queued has a worker at once, and its checkpoint is newer than this one.
        row = await supabase.jobs.get(task.job_id)
        if row is None or row.status != RowStatus.COMPLETED or not row.was_held_by(task.claim):
            raise Failed(Reason.CLAIM_LOST)

    try:
        async with asyncio.timeout(_BILL_SECONDS):
            await supabase.storage.upload_json(task.source_bucket, task.checkpoint_object, value, last_look=still_ours)
    except Exception as error:  # noqa: BLE001 - the job is done, see above
        _LOG.warning("the checkpoint could not be renewed", extra={"error": type(error).__name__})
