"""What to do about one VideoJob: a purely computational function with no side effects.

`plan` looks at everything known of one VideoJob at one instant and names the next actions. It remembers nothing, so it
may be asked again at any time: after a lost event, a crash between two actions, or for no reason at all.

Whatever ends something hangs on the row as it was read just now, never on what was read earlier.
"""

import hashlib
from datetime import datetime, timedelta

from runops.failures import TABLE, Failed, FailureClass, Reason
from runops.job_row import Claim, JobRow, RowStatus, successor, user_of
from runops.retry_policy import GiveUp, History, after_failure
from runops.videojob import VideoJobSpec
from runops_operator.config import OperatorConfig
from runops_operator.manifests.build_job import build_job
from runops_operator.manifests.observed import JobView, Unread, VideoJobView
from runops_operator.planning import status
from runops_operator.planning.actions import (
    Action,
    AdoptClaim,
    ClaimRow,
    CompleteRow,
    CreateJob,
    DeleteJob,
    DeleteVideoJob,
    FailRow,
    LookAgain,
    LookForResults,
    NextAttempt,
    PatchStatus,
    ReadRow,
    RequeueAfter,
    SuspendJob,
)
from runops_operator.planning.observation import Observation
from runops_operator.planning.patch import patch_if_it_changes
from runops_operator.planning.plan_by_row import plan_by_row
from runops_operator.planning.plan_waits import stalled, waited_too_long
from runops_operator.planning.waiting import PENDING, SUSPENDED, wait_of
from runops_operator.planning.why_ended import Ended, why_ended
from runops_operator.times import moment

__all__ = ["plan", "plan_gone", "plan_unreadable"]

_LOOK_AT_WAITING = LookAgain(seconds=5.0, most_per_second=10.0)
_LOOK_AT_RUNNING = LookAgain(seconds=15.0, most_per_second=0.5)
"""Events bring changes sooner; this is for a watch that is silent, such as one that is only just being opened."""
_OLD_JOB_GOES_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 3600.0
_LONGEST_PAUSE_SECONDS = 2 * 3600.0


def plan(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the next actions for a VideoJob, in the order in which they are to be carried out.

    What is written outside comes before what is remembered of it: the row first, then the VideoJob. So a crash between
    two actions leaves a state from which the same plan results again. An action that finds the row no longer as it was
    read ends the plan, and a new one is made.

    Parameters
    ----------
    seen
        The observation.
    config
        Settings of this installation.
    now
        Current time, with its zone.
    """
    videojob, job = seen.videojob, seen.job
    if videojob.deleting:
        return []
    if videojob.finished:
        return _after_the_end(seen, now)
    if videojob.spec is None:
        return _refuse(seen, Reason.INVALID_SPEC, f"The VideoJob is malformed: {videojob.spec_fault}.", now)
    if job is not None and job.owner_uid != videojob.uid:
        return [DeleteJob(job.name, job.uid), RequeueAfter(_OLD_JOB_GOES_SECONDS)]
    if videojob.claim is None:
        return _claim(seen, videojob.spec, config, now)
    if not isinstance(seen.row, Unread) and (known := plan_by_row(seen, seen.row, videojob.claim, config, now)):
        return known
    if job is None:
        return _start(seen, videojob.spec, videojob.claim, config, now)
    if job.claim != videojob.claim:
        return _old_job(seen, job)
    if job.complete:
        return _done(seen, job, videojob.spec, videojob.claim, now)
    if job.failed_reason is not None:
        return _ended(seen, job, videojob.spec, why_ended(job, seen.pods), now)
    return _watch(seen, job, videojob.spec, config, now)


def plan_gone(last: VideoJobView, job: JobView | None) -> list[Action]:
    """Return what to do after a VideoJob was deleted: an unfinished one is a cancel, and its row is told.

    The garbage collector deletes the Job as well, but may take half a minute to notice.

    Parameters
    ----------
    last
        How the VideoJob was last seen.
    job
        The Job of its name, if there is one.
    """
    ours = job is not None and job.owner_uid == last.uid
    stop: list[Action] = [DeleteJob(job.name, job.uid)] if job is not None and ours else []
    if last.finished or last.claim is None:
        return stop
    tokens = [last.claim]
    if job is not None and ours:
        # The row may be prepared for the attempt after this Job already, and the VideoJob not yet.
        tokens.append(successor(last.claim, job.uid))
    return [*stop, *(FailRow(token, TABLE[Reason.CANCELLED].sentence, must=False) for token in tokens)]


def plan_unreadable(seen: Observation, words: str, now: datetime) -> list[Action]:
    """Return what to do when the row of a VideoJob cannot be read, nor ever will be as it is: end both.

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
    return _refuse(seen, Reason.DATABASE_REFUSED, words, now)


def _after_the_end(seen: Observation, now: datetime) -> list[Action]:
    """Delete a VideoJob whose time is over; before that, tell a row that does not know its end yet."""
    videojob, row = seen.videojob, seen.row
    if isinstance(row, JobRow) and videojob.claim is not None and row.is_held_by(videojob.claim):
        if videojob.holds("Failed"):
            sentence = videojob.status.message or TABLE[Reason.JOB_DELETED].sentence
            return [FailRow(videojob.claim, sentence, must=False)]
        if seen.results is None:
            return [LookForResults()]
        if seen.results:
            return [CompleteRow(videojob.claim)]
        # Whoever takes the row up again makes a VideoJob anew, and what is kept in storage is not made again.
        return [DeleteVideoJob(videojob.uid)]
    ended = moment(videojob.status.completion_time)
    if videojob.spec is None or ended is None:
        return []
    left = videojob.spec.ttl_seconds_after_finished - (now - ended).total_seconds()
    return [DeleteVideoJob(videojob.uid)] if left <= 0 else [RequeueAfter(min(left, _LONGEST_WAIT_SECONDS))]


def _refuse(seen: Observation, reason: Reason, message: str, now: datetime) -> list[Action]:
    """End a VideoJob that cannot be worked on; a row that it holds already is told."""
    videojob, job = seen.videojob, seen.job
    stop: list[Action] = [DeleteJob(job.name, job.uid)] if job is not None and job.owner_uid == videojob.uid else []
    tell: list[Action] = [FailRow(videojob.claim, message, must=False)] if videojob.claim is not None else []
    patch = status.failed(videojob, reason, message, attempts=0, report=None, now=now)
    return [*stop, *tell, PatchStatus(patch)]


def _claim(seen: Observation, spec: VideoJobSpec, config: OperatorConfig, now: datetime) -> list[Action]:
    """Let a VideoJob made by hand run its row anew, unless somebody works on that row."""
    row = seen.row
    if isinstance(row, Unread):
        return [ReadRow()]
    if row is None:
        return _refuse(seen, Reason.ROW_MISSING, f"There is no row in jobs with job_id {spec.job_id}.", now)
    try:
        user = user_of(row)
    except Failed as error:
        return _refuse(seen, error.reason, error.detail, now)
    if user is not None and spec.user_id != str(user):
        return _refuse(
            seen,
            Reason.INVALID_SPEC,
            f"The row belongs to user {user}; spec.userId must say so, or the SOP would be shown to others.",
            now,
        )
    if row.status == RowStatus.PROCESSING:
        if row.claim is not None and row.claim.by == config.installation:
            return [AdoptClaim(row.claim.token, seen.videojob.version)]
        holder = row.claim.by if row.claim else "a consumer that leaves no name"
        message = f"The row is being processed by {holder[:100]}; wait for its end, or set it back to queued."
        return _refuse(seen, Reason.CLAIM_LOST, message, now)
    return [ClaimRow(row)]


def _old_job(seen: Observation, job: JobView) -> list[Action]:
    """Delete the Job of an attempt that is over; unless it is the VideoJob that is behind."""
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    if seen.row is not None and job.claim is not None and seen.row.is_held_by(job.claim):
        return [AdoptClaim(job.claim, seen.videojob.version)]
    return [DeleteJob(job.name, job.uid), RequeueAfter(_OLD_JOB_GOES_SECONDS)]


def _start(seen: Observation, spec: VideoJobSpec, claim: str, config: OperatorConfig, now: datetime) -> list[Action]:
    """Make the Job of the next attempt, when its time has come."""
    videojob, row = seen.videojob, seen.row
    new = not videojob.status.conditions
    if isinstance(row, Unread) and not seen.first:
        # When it may begin, and with how much memory, stands there.
        return [ReadRow()]
    stamp = row.claim if isinstance(row, JobRow) else None
    if stamp is not None and stamp.not_before is not None:
        left = (stamp.not_before - now).total_seconds()
        # Further ahead than any pause, it was written by a clock that is wrong.
        if 0 < left <= _LONGEST_PAUSE_SECONDS:
            return _pausing(seen, stamp, stamp.not_before, left, now)
    history = stamp.history if stamp is not None else History()
    wait = SUSPENDED if spec.suspend else PENDING
    if spec.suspend and (spec.queue_name or config.queue_name):
        # Until its spec or its row changes, which is told, there is nothing to look at.
        shown = status.waiting(videojob, None, (), wait, now, attempts=history.failures + 1)
        return patch_if_it_changes(videojob, shown)
    if (over := waited_too_long(seen, config, now)) is not None:
        return over
    manifest = build_job(videojob, spec, claim, config, more_memory=history.more_memory)
    if new:
        # Others wait for their Jobs; how it stands is said after they have them.
        return [CreateJob(manifest), RequeueAfter(0.0)]
    shown = status.waiting(
        videojob, None, (), wait, now, stalled=stalled(seen, wait, config), attempts=history.failures + 1
    )
    return [CreateJob(manifest), *patch_if_it_changes(videojob, shown), _LOOK_AT_WAITING]


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
