"""Notes in the row how long the recording is, for readers of the tables."""

import logging

from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops.time_left.finished import model_key
from runops.time_left.took import Recording
from runops_worker.task import Task

__all__ = ["note_recording"]

_LOG = logging.getLogger(__name__)


async def note_recording(task: Task, jobs: JobsTable, *, seconds: float) -> None:
    """Put length and models into the row. No video fails for it: a failure is only logged, and a lost claim ignored.

    The heartbeats find out that the claim is lost.
    """
    models = model_key(task.transcribe_model, task.sop_model)
    said = {"recording": Recording(seconds=round(seconds, 1), models=models).dump()}
    try:
        await jobs.say(task.job_id, task.claim, said)
    except SupabaseError as error:
        _LOG.warning("the length of the recording could not be noted in the row", extra={"kind": error.kind})
