"""Prepares the checkpoint of a completed job for a re-run."""

import asyncio
import logging

from runops.failures import Failed, Reason
from runops.job_row import RowStatus
from runops.supabase.connection import Supabase
from runops_worker.checkpoint.format import Checkpoint
from runops_worker.task import Task

__all__ = ["save_for_rerun"]

_LOG = logging.getLogger(__name__)
_WRITE_SECONDS = 10.0


async def save_for_rerun(checkpoint: Checkpoint, *, task: Task, supabase: Supabase) -> None:
    """Write the checkpoint without the SOP and the cost.

    The row is completed. A failure here costs a later run one call and this run nothing, so it is only logged.
    """

    async def check_still_completed() -> None:
        # A row that was set back to queued may have a worker already, whose checkpoint is newer.
        row = await supabase.jobs.get(task.job_id)
        if row is None or row.status != RowStatus.COMPLETED or not row.was_held_by(task.claim):
            raise Failed(Reason.CLAIM_LOST)

    try:
        async with asyncio.timeout(_WRITE_SECONDS):
            await supabase.storage.upload_json(
                task.source_bucket,
                task.checkpoint_object,
                checkpoint.for_rerun().model_dump(mode="json"),
                before_write=check_still_completed,
            )
    except Exception as error:  # noqa: BLE001 - the job is completed, see above
        _LOG.warning("the checkpoint could not be prepared for a re-run", extra={"error": type(error).__name__})
