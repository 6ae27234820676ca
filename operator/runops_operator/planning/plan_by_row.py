"""What the row alone decides about a VideoJob: it was cancelled, taken away, or ended already. Pure."""

from datetime import datetime

from runops.failures import TABLE, Reason
from runops.job_row import JobRow, RowStatus
from runops_operator.config import OperatorConfig
from runops_operator.planning import status
from runops_operator.planning.actions import Action, AdoptClaim, DeleteJob, PatchStatus, RemoveObjects, RequeueAfter
from runops_operator.planning.observation import Observation
from runops_operator.planning.waiting import newest
from runops_operator.planning.why_ended import why_ended

__all__ = ["plan_by_row"]

_LAST_WORD_SECONDS = 30.0
_LOOK_FOR_LAST_WORD_SECONDS = 1.0


def plan_by_row(
    seen: Observation, row: JobRow | None, claim: str, config: OperatorConfig, now: datetime
) -> list[Action]:
    """Return what the row alone decides; nothing where it is held under the VideoJob's claim."""
    if row is None or row.claim is None:
        return _cancelled_by_the_row(seen, row, now)
    if row.is_held_by(claim):
        return []
    if row.status == RowStatus.PROCESSING and row.claim.by == config.installation:
        # The next attempt was prepared, here or by the other replica, and the VideoJob does not know yet.
        return [AdoptClaim(row.claim.token, seen.videojob.version)]
    if not row.was_held_by(claim):
        return _cancelled_by_the_row(seen, row, now)
    over = seen.job is None or seen.job.over
    attempts = row.claim.failures + 1
    if row.status == RowStatus.COMPLETED and (row.claim.bound or seen.videojob.started or (seen.job and seen.job.over)):
        if _last_word_follows(seen):
            return [RequeueAfter(_LOOK_FOR_LAST_WORD_SECONDS)]
        report = next((pod.report for pod in seen.pods if pod.exit_code == 0), None)
        return [PatchStatus(status.succeeded(seen.videojob, report, attempts=attempts, now=now))]
    if row.status == RowStatus.ERROR and over:
        return _told(seen, row, now)
    # While its Job lives we tell a row nothing: it was somebody else.
    return _cancelled_by_the_row(seen, row, now)


def _last_word_follows(seen: Observation) -> bool:
    """Tell whether the worker, which has just completed the row, may still tell what it used and made."""
    pod = newest(seen.pods)
    works = seen.job is not None and not seen.job.over and pod is not None and pod.works
    told = seen.videojob.status.outputs is not None
    return works and not told and seen.completed_seconds < _LAST_WORD_SECONDS


def _told(seen: Observation, row: JobRow, now: datetime) -> list[Action]:
    """End a VideoJob whose row was told that it failed, just before we died."""
    assert row.claim is not None
    reason, report = row.claim.reason or Reason.JOB_DELETED, None
    if seen.job is not None:
        ended = why_ended(seen.job, seen.pods)
        reason, report = ended.failure.reason, ended.report
    message = row.error or TABLE[reason].sentence
    patch = status.failed(seen.videojob, reason, message, attempts=row.claim.failures + 1, report=report, now=now)
    return [PatchStatus(patch)]


def _cancelled_by_the_row(seen: Observation, row: JobRow | None, now: datetime) -> list[Action]:
    became = f"set to {row.status[:50]}" if row is not None and row.status else "deleted"
    if row is not None and row.status == RowStatus.PROCESSING:
        became = "claimed by somebody else"
    message = f"Cancelled: the row was {became} while the video was worked on."
    attempts = 1 if seen.job is not None and seen.job.ran else 0
    patch = status.failed(seen.videojob, Reason.CLAIM_LOST, message, attempts=attempts, report=None, now=now)
    stop = [DeleteJob(seen.job.name, seen.job.uid)] if seen.job else []
    # Without its row nobody will ask for what was made of the video, and nobody would ever delete it. Where no worker
    # ran nothing was made: a VideoJob that only claims to have had a row deletes nothing.
    made = row is None and (seen.videojob.started or attempts > 0)
    remove = [RemoveObjects(seen.videojob.spec.source.bucket)] if made and seen.videojob.spec is not None else []
    return [*stop, *remove, PatchStatus(patch)]
