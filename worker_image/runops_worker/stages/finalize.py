"""finalizing: the results go into their tables, then the row is completed."""

import logging
from dataclasses import dataclass

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.quality import SopEdits
from runops.report import Output
from runops.time_left.finished import model_key
from runops.time_left.took import Took
from runops.transcript_gaps import gaps_in
from runops_worker.checkpoint.format import SlimDone
from runops_worker.context import Context
from runops_worker.reporting.conflict_notes import conflict_notes
from runops_worker.reporting.gap_notes import gap_notes
from runops_worker.reporting.loss_notes import loss_notes
from runops_worker.reporting.stage_progress import StageProgress
from runops_worker.sop.kept_edits import KeptEdits
from runops_worker.sop.stored_sop import SopObject
from runops_worker.stages.store_page import store_page
from runops_worker.task import Task
from runops_worker.transcription.stored_transcript import Transcript

__all__ = ["Finalized", "finalize", "outputs_of"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finalized:
    """What the report says of the results.

    Attributes
    ----------
    outputs
        Where each is.
    edits
        What became of what people edited in an earlier SOP; None where nothing was.
    """

    outputs: tuple[Output, ...]
    edits: SopEdits | None = None


async def finalize(
    context: Context, progress: StageProgress, *, slim: SlimDone, transcript: Transcript, sop: SopObject
) -> Finalized:
    """Write both results, complete the row with what its owner should know, and return what the report says.

    A SOP that people edited is merged with the new one, or stays where both changed the same. Where the installation
    wants a page of the procedure, it is written before the row is completed; the row does not depend on it. A second
    run writes the same again.

    Raises
    ------
    Failed
        `ClaimLost` where the row is no longer held; `InvalidUser`, `DuplicateResults` from the tables.
    """
    task, results, jobs, kept = context.task, context.supabase.results, context.supabase.jobs, context.storage.kept
    await progress.enter(Stage.FINALIZING)
    await kept.fenced(lambda: results.write_transcript(task.job_id, task.claim, transcript.items))
    edits = KeptEdits(task=task, storage=context.storage, sop=sop)
    await kept.fenced(
        lambda: results.write_sop(task.job_id, task.claim, sop.value, user_id=task.user_id, keep=edits.keep)
    )
    await edits.settle()
    page = await store_page(context, transcript.items) if task.page else None
    await progress.stop_reporting()
    notes = [*loss_notes(slim.losses), *gap_notes(gaps_in(transcript.items)), *conflict_notes(edits.conflicts)]
    models = model_key(task.transcribe_model, task.sop_model)
    took = Took.of(slim.duration_seconds, progress.stage_times(), models=models)
    said = {"took": took.dump()} | ({"notes": notes} if notes else {})
    if not await kept.written(lambda: jobs.complete(task.job_id, task.claim, said=said)):
        raise Failed(Reason.CLAIM_LOST)
    _LOG.info("the row is completed")
    outputs = outputs_of(task, slim=slim, transcript=transcript, sop=sop)
    return Finalized(
        outputs if page is None else (*outputs, page),
        "conflict" if edits.conflicts else "kept" if edits.keeps_edits else None,
    )


def outputs_of(task: Task, *, slim: SlimDone, transcript: Transcript, sop: SopObject) -> tuple[Output, ...]:
    """Return where each result is, with its hash. Pure."""
    return (
        Output(
            name="slim",
            location=f"{task.source_bucket}/{task.slim_object}",
            sha256=slim.sha256 or None,
            size_bytes=slim.size_bytes,
        ),
        Output(name="transcript", location=f"transcripts/{task.job_id}", sha256=transcript.sha256),
        Output(name="sop", location=f"sops/{task.job_id}", sha256=sop.sha256),
        Output(name="evidence", location=f"{task.source_bucket}/{task.evidence_object}"),
    )
