"""Notes in the row how long the recording is, for readers of the tables."""

import logging

from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops.time_left.finished import model_key
from runops.time_left.took import Recording
from runops_worker.task import Task

__all__ = ["note_recording"]

_LOG = logging.getLogger(__name__)


async def note_recording(task: Task, jobs: JobsTable, *, seconds: float, started: str) -> None:
    """Put length, models and the beginning of the work into the row.

    No video fails for it: a failure is only logged, and a lost claim ignored, which the heartbeats find out.
    """
    models = model_key(task.transcribe_model, task.sop_model)
    # A pod that was bound to the claim has said when it started; `runops work` has not.
    said = {"recording": Recording(seconds=round(seconds, 1), models=models).dump(), "started": started}
    try:
        await jobs.say(task.job_id, task.claim, said)
    except SupabaseError as error:
        _LOG.warning("the length of the recording could not be noted in the row", extra={"kind": error.kind})
