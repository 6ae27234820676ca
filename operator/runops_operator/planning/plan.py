"""What to do about one VideoJob: a pure function from an observation to actions.

`plan` keeps no memory, so it may be called at any time: after a lost event, after a crash between two actions, or for
no reason at all. Every action that ends something depends on a row that was read for this very plan.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from runops.failures import TABLE, Reason
from runops.job_row import successor
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import JobView, Unread, VideoJobView
from runops_operator.planning import status
from runops_operator.planning.actions import Action, DeleteJob, FailRow, PatchStatus, ReadRow, RequeueAfter
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

__all__ = ["plan", "plan_gone", "plan_row_refused", "plan_unreadable"]


def plan(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the next actions for a VideoJob, in the order in which they are carried out.

    The row is written before the VideoJob that records it, so that a crash between two actions leaves a state from
    which the same plan results. An action that finds the row changed ends the plan, and a new one follows.

    Parameters
    ----------
    seen
        The observation.
    config
        Settings of this installation.
    now
        Current time, with its zone.
    """
    match situation_of(seen, config=config):
        case Situation.DELETING:
            return _cancel_deleted(seen, now)
        case Situation.FINISHED:
            return plan_finished(seen, config, now)
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
        case Situation.SUCCEEDED:
            return plan_complete(seen, _job_of(seen), config, now)
        case Situation.FAILED:
            job = _job_of(seen)
            ended = why_ended(job, seen.pods, longest_seconds=seen.spec.active_deadline_seconds)
            return plan_without_result(seen, job, ended, config, now)
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
    stop, fail = _ends_of(last, job)
    return [*stop, *fail]


def _ends_of(last: VideoJobView, job: JobView | None) -> tuple[list[Action], list[Action]]:
    """Return what stops the Job of a VideoJob that somebody deletes, and what ends its row."""
    own = job if job is not None and job.owner_uid == last.uid else None
    stop: list[Action] = [DeleteJob(own.name, own.uid)] if own is not None else []
    if last.finished or last.claim is None:
        return stop, []
    # The row may already hold the token of the attempt after this Job, which the VideoJob does not carry yet.
    tokens = [last.claim] if own is None else [last.claim, successor(last.claim, own.uid)]
    return stop, [FailRow(token, TABLE[Reason.CANCELLED].sentence, required=False) for token in tokens]


def plan_unreadable(seen: Observation, words: str, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return what to do when the row of a VideoJob can never be read as it is: end both. A finished one expires.

    Parameters
    ----------
    seen
        The observation, without the row.
    words
        A sentence for a person.
    config, now
        As for `plan`.
    """
    if seen.videojob.finished:
        return plan_finished(replace(seen, row=None), config, now)
    return refuse(seen, Reason.DATABASE_REFUSED, words, now)


def plan_row_refused(seen: Observation, refused: Iterable[Action], words: str, now: datetime) -> list[Action]:
    """Return what to do when the table refuses a write to a row, as a constraint or a trigger does.

    The VideoJob ends and says so, since the row would hold its slot for as long as the table refuses. The row is set to
    error as soon as the table takes it, see `plan_finished`.

    Parameters
    ----------
    seen
        The observation that the plan was made of.
    refused
        The plan that was not carried out to its end. The reason that it gives is kept.
    words
        The database's message, as a sentence.
    now
        As for `plan`.
    """
    videojob, job = seen.videojob, seen.own_job
    if videojob.finished:
        return []
    why = next((action.sentence for action in refused if isinstance(action, FailRow)), None)
    message = words if why is None else f"{why} {words}"
    attempts = 1 if job is not None and job.ran else 0
    patch = status.failed(videojob, Reason.DATABASE_REFUSED, message, attempts=attempts, report=None, now=now)
    stop = [DeleteJob(job.name, job.uid)] if job is not None and not job.over else []
    return [*stop, PatchStatus(patch)]


def _cancel_deleted(seen: Observation, now: datetime) -> list[Action]:
    """Return what to do while Kubernetes deletes a VideoJob: what `plan_gone` does, and its end is shown.

    Somebody's finalizer may keep it for ever, and it must hold no slot meanwhile.
    """
    videojob, job = seen.videojob, seen.own_job
    if videojob.finished:
        return []
    attempts = 1 if job is not None and job.ran else 0
    sentence = TABLE[Reason.CANCELLED].sentence
    patch = status.failed(videojob, Reason.CANCELLED, sentence, attempts=attempts, report=None, now=now)
    stop, fail = _ends_of(videojob, seen.job)
    # While the VideoJob is there, its Job is only deleted once the row says that it is cancelled.
    return [*fail, *stop, PatchStatus(patch)]


def _old_job(seen: Observation, job: JobView) -> list[Action]:
    """Delete the Job of an attempt that is over. The row may show that the VideoJob's token is the older one."""
    return [ReadRow()] if isinstance(seen.row, Unread) else _delete_job(job)


def _delete_job(job: JobView) -> list[Action]:
    return [DeleteJob(job.name, job.uid), RequeueAfter(DELETED_JOB_SECONDS)]


def _job_of(seen: Observation) -> JobView:
    assert seen.job is not None
    return seen.job
