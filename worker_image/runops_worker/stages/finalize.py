"""finalizing: the results go into their tables, then the row is completed."""

import logging
from typing import Any

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops_worker.running import Running

__all__ = ["finalize"]

_LOG = logging.getLogger(__name__)


async def finalize(running: Running, *, transcript: list[dict[str, Any]], sop: dict[str, Any]) -> None:
    """Write both results and complete the row. Idempotent: a second run writes the same again.

    Raises
    ------
    Failed
        `ClaimLost` where the row is somebody else's by now; `InvalidUser`, `DuplicateResults` from the tables.
    """
    task, results = running.task, running.supabase.results
    await running.meter.enter(Stage.FINALIZING)
    await results.write_transcript(task.job_id, task.claim, transcript)
    await results.write_sop(task.job_id, task.claim, sop, user_id=task.user_id)
    async with running.meter.silent():
        held = await running.supabase.jobs.complete(task.job_id, task.claim)
    if not held:
        raise Failed(Reason.CLAIM_LOST)
    _LOG.info("the row is completed")
