"""What to do about one VideoJob: a purely computational function with no side effects.

`plan` looks at everything known of one VideoJob at one instant and names the next actions. It remembers nothing, so it
may be asked again at any time: after a lost event, a crash between two actions, or for no reason at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from runops.failures import TABLE, Failed, Failure, Reason, by_exit_code
from runops.job_row import JobRow, RowStatus, user_of
from runops.report import Report
from runops.videojob import VideoJobSpec
from runops_operator import status
from runops_operator.actions import (
    Action,
    AdoptClaim,
    ClaimRow,
    CompleteRow,
    CreateJob,
    DeleteJob,
    DeleteVideoJob,
    FailRow,
    PatchStatus,
    ReadRow,
    RequeueAfter,
    SuspendJob,
)
from runops_operator.build_job import build_job
from runops_operator.config import OperatorConfig
from runops_operator.observed import UNREAD, JobView, PodView, Unread, VideoJobView

__all__ = ["Observation", "plan", "plan_gone", "why_failed"]

_LOOK_AGAIN_SECONDS = 5.0
_LOOK_AT_RUNNING_SECONDS = 15.0
"""Events bring changes sooner; this is for a watch that is silent, such as one that is only just being opened."""
_OLD_JOB_GOES_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything known of one VideoJob.

    Attributes
    ----------
    row
        `UNREAD`, or the row as it was read just now; None where there is no such row.
    """

    videojob: VideoJobView
    job: JobView | None = None
    pods: Sequence[PodView] = field(default_factory=tuple)
    row: JobRow | Unread | None = UNREAD


def plan(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the next actions for a VideoJob, in the order in which they are to be carried out.

    What is written outside comes before what is remembered of it: the row first, then the VideoJob's status. So a
    crash between two actions leaves a state from which the same plan results again.

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
        return _after_the_end(videojob, now)
    if videojob.spec is None:
        return _refuse(seen, Reason.INVALID_SPEC, f"The VideoJob is malformed: {videojob.spec_fault}.", now)
    if videojob.claim is None:
        return _claim(seen, videojob.spec, config, now)
    if job is not None and (job.owner_uid != videojob.uid or job.claim != videojob.claim):
        return [DeleteJob(job.name, job.uid), RequeueAfter(_OLD_JOB_GOES_SECONDS)]
    if _taken_away(seen, videojob.claim):
        return _cancelled_by_the_row(seen, now)
    if job is None:
        return _start(seen, videojob.spec, videojob.claim, config, now)
    if job.complete:
        return _succeed(seen, job, videojob.claim, now)
    if job.failed_reason is not None:
        return _fail(seen, job, videojob.claim, now)
    return _watch(seen, job, videojob.spec, now)


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
    stop: list[Action] = [DeleteJob(job.name, job.uid)] if job is not None and job.owner_uid == last.uid else []
    if last.finished or last.claim is None:
        return stop
    return [*stop, FailRow(last.claim, TABLE[Reason.CANCELLED].sentence)]


def _after_the_end(videojob: VideoJobView, now: datetime) -> list[Action]:
    ended = _time(videojob.status.completion_time)
    if videojob.spec is None or ended is None:
        return []
    left = (ended + timedelta(seconds=videojob.spec.ttl_seconds_after_finished) - now).total_seconds()
    return [DeleteVideoJob(videojob.uid)] if left <= 0 else [RequeueAfter(min(left, _LONGEST_WAIT_SECONDS))]


def _refuse(seen: Observation, reason: Reason, message: str, now: datetime) -> list[Action]:
    """End a VideoJob that cannot be worked on; a row that it holds already is told."""
    videojob, job = seen.videojob, seen.job
    stop: list[Action] = [DeleteJob(job.name, job.uid)] if job is not None and job.owner_uid == videojob.uid else []
    tell: list[Action] = [FailRow(videojob.claim, message)] if videojob.claim is not None else []
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
            return [AdoptClaim(row.claim.claim)]
        holder = row.claim.by if row.claim else "a consumer that leaves no name"
        message = f"The row is being processed by {holder[:100]}; wait for its end, or set it back to queued."
        return _refuse(seen, Reason.CLAIM_LOST, message, now)
    return [ClaimRow(row)]


def _taken_away(seen: Observation, claim: str) -> bool:
    """Whether somebody else has ended the row or moved it on, as far as it was read."""
    row, job = seen.row, seen.job
    if isinstance(row, Unread):
        return False
    if row is None:
        return True
    if row.is_held_by(claim):
        return False
    over = job is not None and job.over
    if _completed_under(row, claim):
        return not (seen.videojob.started or over)
    if _told(row, claim):
        # We tell a row after its Job is over or gone; while the Job lives, it was somebody else.
        return job is not None and not over
    return True


def _completed_under(row: JobRow, claim: str) -> bool:
    return row.status == RowStatus.COMPLETED and row.claim is not None and row.claim.claim == claim


def _told(row: JobRow, claim: str) -> bool:
    return row.status == RowStatus.ERROR and row.claim is not None and row.claim.claim == claim


def _cancelled_by_the_row(seen: Observation, now: datetime) -> list[Action]:
    row = seen.row
    became = f"set to {row.status}" if isinstance(row, JobRow) and row.status else "deleted"
    if isinstance(row, JobRow) and row.status == RowStatus.PROCESSING:
        became = "claimed by somebody else"
    message = f"Cancelled: the row was {became} while the video was worked on."
    attempts = seen.job.attempts if seen.job else 0
    patch = status.failed(seen.videojob, Reason.CLAIM_LOST, message, attempts=attempts, report=None, now=now)
    stop = [DeleteJob(seen.job.name, seen.job.uid)] if seen.job else []
    return [*stop, PatchStatus(patch)]


def _start(seen: Observation, spec: VideoJobSpec, claim: str, config: OperatorConfig, now: datetime) -> list[Action]:
    if seen.videojob.started and isinstance(seen.row, Unread):
        # Its Job is gone though a worker ran: only the row knows whether that worker finished.
        return [ReadRow()]
    row = seen.row
    if isinstance(row, JobRow) and row.status == RowStatus.COMPLETED:
        return [PatchStatus(status.succeeded(seen.videojob, _NO_JOB, None, now))]
    if isinstance(row, JobRow) and row.status == RowStatus.ERROR:
        message = row.error or TABLE[Reason.JOB_DELETED].sentence
        return [
            PatchStatus(status.failed(seen.videojob, Reason.JOB_DELETED, message, attempts=0, report=None, now=now))
        ]
    return [
        CreateJob(build_job(seen.videojob, spec, claim, config)),
        *_changed(seen.videojob, status.running(seen.videojob, None, (), now)),
        RequeueAfter(_LOOK_AGAIN_SECONDS),
    ]


_NO_JOB = JobView(
    name="",
    uid="",
    owner_uid=None,
    claim=None,
    suspended=False,
    active=0,
    ready=0,
    failed=0,
    complete=False,
    queued=False,
    image=None,
    failed_reason=None,
    failed_message=None,
    start_time=None,
    completion_time=None,
    deleting=False,
)


def _succeed(seen: Observation, job: JobView, claim: str, now: datetime) -> list[Action]:
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    report = next((pod.report for pod in seen.pods if pod.exit_code == 0), None)
    patch = PatchStatus(status.succeeded(seen.videojob, job, report, now))
    if seen.row is not None and seen.row.is_held_by(claim):
        return [CompleteRow(claim), patch]
    return [patch]


def _fail(seen: Observation, job: JobView, claim: str, now: datetime) -> list[Action]:
    if isinstance(seen.row, Unread):
        return [ReadRow()]
    failure, message, report = why_failed(job, seen.pods)
    if seen.row is not None and _completed_under(seen.row, claim):
        # The worker had done everything and died before it could say so.
        return [PatchStatus(status.succeeded(seen.videojob, job, report, now))]
    patch = PatchStatus(
        status.failed(seen.videojob, failure.reason, message, attempts=job.attempts, report=report, now=now)
    )
    if seen.row is not None and seen.row.is_held_by(claim):
        return [FailRow(claim, message), patch]
    return [patch]


def why_failed(job: JobView, pods: Sequence[PodView]) -> tuple[Failure, str, Report | None]:
    """Return why a Job failed: the table's row, one sentence for a person, and the last worker's report if any."""
    last = max((pod for pod in pods if pod.exit_code not in {None, 0}), key=lambda pod: pod.created, default=None)
    report = last.report if last else None
    if job.failed_reason == "DeadlineExceeded":
        failure = TABLE[Reason.DEADLINE_EXCEEDED]
        return failure, failure.sentence, report
    if last is None:
        failure = TABLE[Reason.WORKER_CRASHED]
        return failure, f"{failure.sentence} {job.failed_message or ''}".strip(), None
    if report is not None and report.reason is not None:
        failure = TABLE[report.reason]
        return failure, report.message or failure.sentence, report
    if last.out_of_memory:
        failure = TABLE[Reason.OUT_OF_MEMORY]
    else:
        failure = by_exit_code(last.exit_code or 0) or TABLE[Reason.WORKER_CRASHED]
    return failure, failure.sentence, report


def _watch(seen: Observation, job: JobView, spec: VideoJobSpec, now: datetime) -> list[Action]:
    actions: list[Action] = []
    if job.suspended != spec.suspend and not job.queued:
        actions.append(SuspendJob(job.name, spec.suspend))
    patch = status.running(seen.videojob, job, seen.pods, now)
    actions += _changed(seen.videojob, patch)
    changing = patch["phase"] == "Pending" or any(pod.exit_code is not None for pod in seen.pods)
    actions.append(RequeueAfter(_LOOK_AGAIN_SECONDS if changing else _LOOK_AT_RUNNING_SECONDS))
    return actions


def _changed(videojob: VideoJobView, patch: dict[str, Any]) -> list[Action]:
    """Return the patch as an action, if it would change anything."""
    current = videojob.status.model_dump(by_alias=True, exclude_none=True)
    return [PatchStatus(patch)] if _differs(current, patch) else []


def _differs(current: dict[str, Any], patch: dict[str, Any]) -> bool:
    for key, value in patch.items():
        there = current.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            if _differs(there, value):
                return True
        elif key == "conditions":
            if sorted(value, key=_kind) != sorted(there or (), key=_kind):
                return True
        elif value != there:
            return True
    return False


def _kind(condition: dict[str, Any]) -> str:
    return str(condition["type"])


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
