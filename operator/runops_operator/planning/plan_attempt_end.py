"""What follows an attempt that ended: success, another attempt, or the end. Pure."""

import hashlib
from datetime import datetime, timedelta

from runops.failures import TABLE, FailureClass, Reason
from runops.retry_policy import Again, GiveUp, after_failure
from runops_operator.manifests.observed import JobView, Unread
from runops_operator.planning import status
from runops_operator.planning.actions import (
    Action,
    AdoptClaim,
    CheckResults,
    CompleteRow,
    DeleteJob,
    FailRow,
    NextAttempt,
    PatchStatus,
    ReadRow,
    RequeueAfter,
)
from runops_operator.planning.observation import Observation
from runops_operator.planning.why_ended import Ended

__all__ = ["plan_complete", "plan_without_result"]

_LONGEST_REQUEUE_SECONDS = 3600.0


def plan_complete(seen: Observation, job: JobView, now: datetime) -> list[Action]:
    """Return the actions for a Job that succeeded while its row is still in processing: the tables decide."""
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    match seen.results:
        case None:
            return [CheckResults()]
        case False:
            failure = TABLE[Reason.RESULTS_LOST]
            return plan_without_result(seen, job, Ended(failure, failure.sentence), now)
        case True:
            report = next((pod.report for pod in seen.pods if pod.exit_code == 0), None)
            patch = status.succeeded(seen.videojob, report, attempts=seen.held_claim.failures + 1, now=now)
            return [CompleteRow(seen.token), PatchStatus(patch)]


def plan_without_result(seen: Observation, job: JobView, ended: Ended, now: datetime) -> list[Action]:
    """Return the actions that prepare the next attempt, or give up."""
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    ended = _for_the_holder(ended)
    decision = after_failure(
        ended.failure,
        seen.held_claim.history,
        retry_limit=seen.spec.retry_limit,
        asked_seconds=ended.asked_seconds,
        jitter=_jitter(job.uid),
    )
    match decision:
        case GiveUp(words):
            return _give_up(seen, job, ended, ended.sentence + words, now)
        case Again():
            return _try_again(seen, job, ended, decision, now)


def _for_the_holder(ended: Ended) -> Ended:
    """Return why the attempt ended. A worker that lost its claim while the row is held lost it to another pod."""
    if ended.failure.failure_class is not FailureClass.CLAIM:
        return ended
    failure = TABLE[Reason.POD_LOST]
    return Ended(failure, failure.sentence, ended.report)


def _give_up(seen: Observation, job: JobView, ended: Ended, message: str, now: datetime) -> list[Action]:
    attempts = seen.held_claim.failures + 1
    patch = status.failed(seen.videojob, ended.failure.reason, message, attempts=attempts, report=ended.report, now=now)
    stop = [] if job.over else [DeleteJob(job.name, job.uid)]
    return [FailRow(seen.held_claim.token, message), *stop, PatchStatus(patch)]


def _try_again(seen: Observation, job: JobView, ended: Ended, again: Again, now: datetime) -> list[Action]:
    not_before = now + timedelta(seconds=again.seconds)
    claim = seen.held_claim.after(job.uid, again.history, not_before=not_before, reason=ended.failure.reason)
    patch = status.trying_again(
        seen.videojob,
        ended.failure,
        ended.sentence,
        attempts=again.history.failures,
        not_before=not_before,
        now=now,
        report=ended.report,
    )
    return [
        NextAttempt(seen.held_row, claim),
        AdoptClaim(claim.token, seen.videojob.version),
        PatchStatus(patch),
        DeleteJob(job.name, job.uid),
        RequeueAfter(min(again.seconds, _LONGEST_REQUEUE_SECONDS)),
    ]


def _jitter(name: str) -> float:
    """Return a number from 0 to 1 that follows from a name, so that two replicas choose the same pause."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32
