"""What to do about one VideoJob: a pure function from an observation to actions.

`plan` keeps no memory, so it may be called at any time: after a lost event, after a crash between two actions, or for no
reason at all. Every action that ends something depends on a row that was read for this very plan.
"""

from datetime import datetime

from runops.failures import TABLE, Reason
from runops.job_row import successor
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import JobView, Unread, VideoJobView
from runops_operator.planning.actions import Action, DeleteJob, FailRow, ReadRow, RequeueAfter
from runops_operator.planning.observation import Observation
from runops_operator.planning.plan_active import DELETED_JOB_SECONDS, plan_active
from runops_operator.planning.plan_attempt_end import plan_complete, plan_without_result
from runops_operator.planning.plan_by_row import plan_by_row
from runops_operator.planning.plan_finished import plan_finished
from runops_operator.planning.plan_start import plan_start
from runops_operator.planning.plan_unclaimed import plan_unclaimed
from runops_operator.planning.refuse import refuse
from runops_operator.planning.situation import Situation, situation_of
from runops_operator.planning.why_ended import why_ended

__all__ = ["plan", "plan_gone", "plan_unreadable"]


def plan(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the next actions for a VideoJob, in the order in which they are carried out.

    The row is written before the VideoJob that records it, so that a crash between two actions leaves a state from which
    the same plan results. An action that finds the row changed since it was read ends the plan, and a new one is made.

    Parameters
    ----------
    seen
        The observation.
    config
        Settings of this installation.
    now
        Current time, with its zone.
    """
    match situation_of(seen, installation=config.installation):
        case Situation.DELETING:
            return []
        case Situation.FINISHED:
            return plan_finished(seen, now)
        case Situation.MALFORMED:
            return refuse(seen, Reason.INVALID_SPEC, f"The VideoJob is malformed: {seen.videojob.spec_fault}.", now)
        case Situation.FOREIGN_JOB:
            return _delete_job(_job_of(seen))
        case Situation.UNCLAIMED:
            return plan_unclaimed(seen, config, now)
        case Situation.ROW_NOT_HELD:
            return plan_by_row(seen, config, now)
        case Situation.NO_JOB:
            return plan_start(seen, config, now)
        case Situation.OLD_JOB:
            return _old_job(seen, _job_of(seen))
        case Situation.JOB_COMPLETE:
            return plan_complete(seen, _job_of(seen), now)
        case Situation.JOB_FAILED:
            job = _job_of(seen)
            return plan_without_result(seen, job, why_ended(job, seen.pods), now)
        case Situation.JOB_ACTIVE:
            return plan_active(seen, _job_of(seen), config, now)


def plan_gone(last: VideoJobView, job: JobView | None) -> list[Action]:
    """Return what to do after a VideoJob was deleted: an unfinished one is cancelled, and its row set to error.

    Kubernetes' garbage collector deletes the Job as well, but may take half a minute to begin.

    Parameters
    ----------
    last
        The last view of the VideoJob.
    job
        The Job of its name, if there is one.
    """
    own = job if job is not None and job.owner_uid == last.uid else None
    stop: list[Action] = [DeleteJob(own.name, own.uid)] if own is not None else []
    if last.finished or last.claim is None:
        return stop
    # The row may already hold the token of the attempt after this Job, which the VideoJob does not carry yet.
    tokens = [last.claim] if own is None else [last.claim, successor(last.claim, own.uid)]
    return [*stop, *(FailRow(token, TABLE[Reason.CANCELLED].sentence, required=False) for token in tokens)]


def plan_unreadable(seen: Observation, words: str, now: datetime) -> list[Action]:
    """Return what to do when the row of a VideoJob can never be read as it is: end both.

    Parameters
    ----------
    seen
        The observation, without the row.
    words
        A sentence for a person.
    now
        As for `plan`.
    """
    if seen.videojob.finished:
        return []
    return refuse(seen, Reason.DATABASE_REFUSED, words, now)


def _old_job(seen: Observation, job: JobView) -> list[Action]:
    """Delete the Job of an attempt that is over. The row may show that the VideoJob's token is the older one."""
    return [ReadRow()] if isinstance(seen.row, Unread) else _delete_job(job)


def _delete_job(job: JobView) -> list[Action]:
    return [DeleteJob(job.name, job.uid), RequeueAfter(DELETED_JOB_SECONDS)]


<<<<<<< HEAD
def _pausing(seen: Observation, stamp: Claim, not_before: datetime, left: float, now: datetime) -> list[Action]:
    """Wait for the time of the next attempt, and say so where a crash kept it from being said."""
    reason = stamp.reason or Reason.JOB_DELETED
    said = any(item.type == "Progressing" and item.reason == reason for item in seen.videojob.status.conditions or ())
    failure = TABLE[reason]
    patch = status.trying_again(
        seen.videojob, failure, failure.sentence, attempts=stamp.failures, not_before=not_before, now=now
    )
    return [*(() if said else (PatchStatus(patch),)), RequeueAfter(min(left, _LONGEST_WAIT_SECONDS))]


def _done(seen: Observation, job: JobView, spec: VideoJobSpec, claim: str, now: datetime) -> list[Action]:
    """Make good for a worker whose Job is complete and whose row is not: what is in the tables decides."""
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    if seen.results is None:
        return [LookForResults()]
    if not seen.results:
        failure = TABLE[Reason.RESULTS_LOST]
        return _ended(seen, job, spec, Ended(failure, failure.sentence), now)
    assert isinstance(seen.row, JobRow)
    assert seen.row.claim is not None
    report = next((pod.report for pod in seen.pods if pod.exit_code == 0), None)
    patch = status.succeeded(seen.videojob, report, attempts=seen.row.claim.failures + 1, now=now)
    return [CompleteRow(claim), PatchStatus(patch)]


def _ended(seen: Observation, job: JobView, spec: VideoJobSpec, ended: Ended, now: datetime) -> list[Action]:
    """Prepare the next attempt after one that ended without a result, or give up."""
    row, videojob = seen.row, seen.videojob
    if isinstance(row, Unread):
        return [ReadRow()]
    assert row is not None
    assert row.claim is not None
    failure, sentence = ended.failure, ended.sentence
    if failure.failure_class is FailureClass.CLAIM:
        # It says that its claim is gone, and the row says that it is not: another pod is bound to it.
        failure = TABLE[Reason.POD_LOST]
        sentence = failure.sentence
    history = row.claim.history
    decision = after_failure(
        failure, history, retry_limit=spec.retry_limit, asked_seconds=ended.asked_seconds, jitter=_spread(job.uid)
    )
    if isinstance(decision, GiveUp):
        message = sentence + decision.words
        patch = status.failed(
            videojob, failure.reason, message, attempts=history.failures + 1, report=ended.report, now=now
        )
        stop = [] if job.over else [DeleteJob(job.name, job.uid)]
        return [FailRow(row.claim.token, message), *stop, PatchStatus(patch)]
    not_before = now + timedelta(seconds=decision.seconds)
    claim = row.claim.after(job.uid, decision.history, not_before=not_before, reason=failure.reason)
    patch = status.trying_again(
        videojob,
        failure,
        sentence,
        attempts=decision.history.failures,
        not_before=not_before,
        now=now,
        report=ended.report,
    )
    return [
        NextAttempt(row, claim),
        AdoptClaim(claim.token, videojob.version),
        PatchStatus(patch),
        DeleteJob(job.name, job.uid),
        RequeueAfter(min(decision.seconds, _LONGEST_WAIT_SECONDS)),
    ]


def _watch(seen: Observation, job: JobView, spec: VideoJobSpec, config: OperatorConfig, now: datetime) -> list[Action]:
    """Show where a Job is that is under way, and see that no state lasts too long."""
    videojob = seen.videojob
    actions: list[Action] = []
    if job.queued and spec.suspend:
        # Whether a queued Job is suspended is for Kueue to say, which would let it go on.
        return [DeleteJob(job.name, job.uid), RequeueAfter(_OLD_JOB_GOES_SECONDS)]
    if job.suspended != spec.suspend and not job.queued:
        actions.append(SuspendJob(job.name, spec.suspend))
    wait = wait_of(videojob, job, seen.pods, pod_refused=seen.pod_refused)
    if wait is None:
        if seen.quiet_seconds > config.deadlines.no_progress_seconds:
            failure = TABLE[Reason.NO_PROGRESS]
            return _ended(seen, job, spec, Ended(failure, failure.sentence), now)
        patch = status.running(videojob, job, seen.pods, now)
    else:
        if (over := waited_too_long(seen, config, now)) is not None:
            return over
        patch = status.waiting(videojob, job, seen.pods, wait, now, stalled=stalled(seen, wait, config))
    actions += patch_if_it_changes(videojob, patch)
    actions.append(_LOOK_AT_RUNNING if wait is None else _LOOK_AT_WAITING)
    return actions


def _spread(name: str) -> float:
    """Return a number from 0 to 1 that follows from a name: replicas that decide the same decide it alike."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32
=======
def _job_of(seen: Observation) -> JobView:
    assert seen.job is not None
    return seen.job
>>>>>>> 1a77f79 (wip)
