"""What follows an attempt that ended: success, another attempt, or the end. Pure."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from runops.breakers.shared_faults import concerns_all, is_shared, rule_of
from runops.failures import TABLE, Failure, FailureClass, Reason
from runops.progress import Stage
from runops.retry_policy import LONGEST_ASKED_SECONDS, Again, GiveUp, after_failure
from runops_operator.config import OperatorConfig
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
    NoteFailure,
    PatchStatus,
    ReadRow,
    RequeueAfter,
)
from runops_operator.planning.ended_job import delete_after_the_end
from runops_operator.planning.observation import Observation
from runops_operator.planning.why_ended import Ended
from runops_operator.times import moment

__all__ = ["plan_complete", "plan_without_result"]

_LONGEST_REQUEUE_SECONDS = 3600.0


def plan_complete(seen: Observation, job: JobView, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the actions for a worker that succeeded while its row is still in processing: the tables decide."""
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    match seen.results:
        case None:
            return [CheckResults()]
        case False:
            failure = TABLE[Reason.RESULTS_LOST]
            return plan_without_result(seen, job, Ended(failure, failure.sentence), config, now)
        case True:
            report = next((pod.report for pod in seen.pods if pod.exit_code == 0), None)
            patch = status.succeeded(seen.videojob, report, attempts=seen.held_claim.failures + 1, now=now)
            return [
                CompleteRow(seen.token),
                PatchStatus(patch),
                *delete_after_the_end(job, config.worker, succeeded=True),
            ]


def plan_without_result(
    seen: Observation, job: JobView, ended: Ended, config: OperatorConfig, now: datetime
) -> list[Action]:
    """Return the actions that prepare the next attempt, or give up."""
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    ended = _for_the_holder(ended)
    of_all = concerns_all(
        ended.failure.reason,
        seen.spec,
        models=config.models,
        prompts=config.prompts,
        earlier_prompts=seen.videojob.has_earlier_prompts(config.prompts.config_map),
        words=ended.sentence,
    )
    shared = of_all and is_shared(ended.failure.reason, seen.faults, began=moment(job.start_time))
    if not of_all:
        ended = replace(ended, failure=_of_one_video(ended.failure))
    decision = after_failure(
        ended.failure,
        seen.held_claim.history,
        retry_limit=seen.spec.retry_limit,
        shared=shared,
        asked_seconds=ended.asked_seconds,
        jitter=_jitter(job.uid),
    )
    match decision:
        case GiveUp(words):
            end, *rest = _give_up(seen, ended, ended.sentence + words, config, now)
        case Again():
            end, *rest = _try_again(seen, job, ended, decision, now, blocked=shared)
    # After the write to the row: if that finds the row changed, the attempt's end is another plan's.
    return [end, *(_note(seen, ended) if of_all else ()), *rest]


def _note(seen: Observation, ended: Ended) -> list[Action]:
    if rule_of(ended.failure.reason) is None:
        return []
    stage = next((stage for stage in Stage if stage == seen.videojob.status.stage), None)
    asked = min(ended.asked_seconds or 0.0, LONGEST_ASKED_SECONDS)
    return [NoteFailure(ended.failure.reason, ended.sentence, stage, asked)]


def _of_one_video(failure: Failure) -> Failure:
    """Return the failure as one of this video alone: nobody changes the VideoJob's own model or prompt."""
    return (
        replace(failure, failure_class=FailureClass.PERMANENT) if failure.failure_class is FailureClass.KEY else failure
    )


def _for_the_holder(ended: Ended) -> Ended:
    """Return why the attempt ended. A worker that lost its claim while the row is held lost it to another pod."""
    if ended.failure.failure_class is not FailureClass.CLAIM:
        return ended
    failure = TABLE[Reason.POD_LOST]
    return Ended(failure, failure.sentence, ended.report)


def _give_up(seen: Observation, ended: Ended, message: str, config: OperatorConfig, now: datetime) -> list[Action]:
    job = seen.job
    assert job is not None
    attempts = seen.held_claim.failures + 1
    patch = status.failed(seen.videojob, ended.failure.reason, message, attempts=attempts, report=ended.report, now=now)
    stop = [] if job.over else [DeleteJob(job.name, job.uid)]
    remove = delete_after_the_end(job, config.worker, succeeded=False)
    return [FailRow(seen.held_claim.token, message), *stop, PatchStatus(patch), *remove]


def _try_again(
    seen: Observation, job: JobView, ended: Ended, again: Again, now: datetime, *, blocked: bool
) -> list[Action]:
    not_before = now + timedelta(seconds=again.seconds)
    claim = seen.held_claim.after(job.uid, again.history, not_before=not_before, reason=ended.failure.reason)
    patch = status.trying_again(
        seen.videojob,
        ended.failure,
        ended.sentence,
        attempts=again.history.failures,
        not_before=not_before,
        now=now,
        blocked=blocked,
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
