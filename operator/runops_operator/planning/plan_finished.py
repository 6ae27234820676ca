"""What follows for a finished VideoJob: repair its row, delete it when it has expired. Pure."""

from datetime import datetime

from runops.failures import TABLE, Reason
from runops.job_row import JobRow
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
from runops_operator.planning.observation import Observation
from runops_operator.times import moment

__all__ = ["plan_finished"]

_LONGEST_PAUSE_SECONDS = 3600.0


def plan_finished(seen: Observation, now: datetime) -> list[Action]:
    """Return the actions for a VideoJob whose outcome is recorded."""
    token = seen.videojob.claim
    if isinstance(seen.row, JobRow) and token is not None and seen.row.is_held_by(token):
        return _end_row(seen, token)
    return _expire(seen, now)


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


def _expire(seen: Observation, now: datetime) -> list[Action]:
    ended = moment(seen.videojob.status.completion_time)
    if seen.videojob.spec is None or ended is None:
        return []
    left = seen.spec.ttl_seconds_after_finished - (now - ended).total_seconds()
    if left > 0:
        return [RequeueAfter(min(left, _LONGEST_PAUSE_SECONDS))]
    if isinstance(seen.row, Unread):
        # Without its VideoJob, a row that is still in processing would run again.
        return [ReadRow()]
    return [DeleteVideoJob(seen.videojob.uid)]
