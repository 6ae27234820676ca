"""What follows for a finished VideoJob: repair its row, delete its Job, delete it when it has expired. Pure."""

from datetime import datetime

from runops.failures import TABLE, Reason
from runops.job_row import JobRow
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import Unread
from runops_operator.planning.actions import (
    Action,
    CheckResults,
    CompleteRow,
    DeleteVideoJob,
    FailRow,
    ReadRow,
    RequeueAfter,
)
from runops_operator.planning.ended_job import delete_ended, seconds_until_deletion
from runops_operator.planning.observation import Observation
from runops_operator.times import moment

__all__ = ["plan_finished"]

_LONGEST_PAUSE_SECONDS = 3600.0


def plan_finished(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the actions for a VideoJob whose outcome is recorded."""
    token = seen.videojob.claim
    if isinstance(seen.row, JobRow) and token is not None and seen.row.is_held_by(token):
        return _end_row(seen, token)
    left = seconds_until_deletion(seen.videojob, seen.own_job, config.worker, now)
    if left is None:
        return _expire(seen, now)
    if left > 0:
        return _expire(seen, now, at_latest=left)
    if isinstance(seen.row, Unread):
        # What the pod told is gone with the Job: the row must have its end before.
        return [ReadRow()]
    assert seen.job is not None
    return [*delete_ended(seen.job), *_expire(seen, now)]


def _end_row(seen: Observation, token: str) -> list[Action]:
    """End a row that is still in processing under the VideoJob's token."""
    videojob = seen.videojob
    if videojob.holds("Failed"):
        sentence = videojob.status.message or TABLE[Reason.JOB_DELETED].sentence
        return [FailRow(token, sentence, required=False)]
    match seen.results:
        case None:
            return [CheckResults()]
        case True:
            return [CompleteRow(token)]
        case False:
            # The row is then taken up again with a new VideoJob, whose worker continues from the checkpoints.
            return [DeleteVideoJob(videojob.uid)]


def _expire(seen: Observation, now: datetime, *, at_latest: float = _LONGEST_PAUSE_SECONDS) -> list[Action]:
    """Return what follows by the time to live; `at_latest` where something else is due sooner."""
    ended = moment(seen.videojob.status.completion_time)
    if seen.videojob.spec is None or ended is None:
        return []
    left = seen.spec.ttl_seconds_after_finished - (now - ended).total_seconds()
    if left > 0:
        return [RequeueAfter(min(left, at_latest, _LONGEST_PAUSE_SECONDS))]
    if isinstance(seen.row, Unread):
        # Without its VideoJob, a row that is still in processing would run again.
        return [ReadRow()]
    return [DeleteVideoJob(seen.videojob.uid)]
