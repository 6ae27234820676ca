"""What follows for a VideoJob whose row is no longer held under its claim token. Pure."""

from datetime import datetime
from enum import Enum, auto

from runops.failures import CANCEL_SENTENCE, TABLE, Failure, Reason, by_sentence
from runops.job_row import Claim, JobRow, RowStatus, successor
from runops_operator.config import OperatorConfig
from runops_operator.planning import status
from runops_operator.planning.actions import (
    Action,
    AdoptClaim,
    DeleteJob,
    PatchStatus,
    RemoveObjects,
    RequeueAfter,
    RestampRow,
)
from runops_operator.planning.ended_job import delete_after_the_end
from runops_operator.planning.observation import Observation
from runops_operator.planning.row_relation import RowRelation, row_relation
from runops_operator.planning.waiting import newest
from runops_operator.planning.who_completed import Completer, who_completed, worker_ended_well
from runops_operator.planning.why_ended import why_ended

__all__ = ["RowDecision", "decide_by_row", "plan_by_row"]

_FINAL_REPORT_CHECK_SECONDS = 1.0


class RowDecision(Enum):
    """What follows for the VideoJob."""

    CONTINUE = auto()
    """The row is held: the rest of the plan decides."""
    RESTAMP = auto()
    """The row lost its claim, or names an earlier name of this installation: write the claim into it."""
    ADOPT_TOKEN = auto()
    """The row already holds the next attempt's token: write it on the VideoJob."""
    RECORD_COMPLETION = auto()
    """The row is completed: by the worker, or by somebody else."""
    RECORD_FAILURE = auto()
    """This installation set the row to error and stopped before it wrote the status."""
    CANCEL = auto()
    """Somebody else changed the row: stop the worker."""


def decide_by_row(
    relation: RowRelation, *, job_active: bool, our_sentence: bool, ended_well: bool = False
) -> RowDecision:
    """Return what follows from a row's relation to the VideoJob's token.

    Parameters
    ----------
    relation
        See `row_relation`.
    job_active
        Whether the Job has not ended.
    our_sentence
        Whether the row's `error` is a sentence of the reason table. The operator sets a row to error before it stops
        a worker that is silent or a wait that is too long, so it may do so while the Job is active.
    ended_well
        Whether the worker has completed the row. In processing without a claim, it was queued again since, and is
        another consumer's.
    """
    match relation, job_active, our_sentence:
        case RowRelation.HELD, _, _:
            return RowDecision.CONTINUE
        case RowRelation.UNSTAMPED, _, _ if ended_well:
            return RowDecision.CANCEL
        case ((RowRelation.UNSTAMPED | RowRelation.HELD_UNDER_FORMER_NAME), _, _):
            return RowDecision.RESTAMP
        case RowRelation.HELD_BY_NEXT_ATTEMPT, _, _:
            return RowDecision.ADOPT_TOKEN
        case RowRelation.COMPLETED, _, _:
            return RowDecision.RECORD_COMPLETION
        case (RowRelation.FAILED, False, _) | (RowRelation.FAILED, _, True):
            return RowDecision.RECORD_FAILURE
        case _:
            return RowDecision.CANCEL


def plan_by_row(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action]:
    """Return the actions for a VideoJob whose row was read and is not held under its token."""
    assert seen.row is None or isinstance(seen.row, JobRow)
    next_token = None if seen.own_job is None else successor(seen.token, seen.own_job.uid)
    relation = row_relation(seen.row, seen.token, config, next_token=next_token)
    sentence = by_sentence((seen.row.error if seen.row is not None else None) or "")
    ended_well = worker_ended_well(seen)
    match decide_by_row(
        relation, job_active=_job_active(seen), our_sentence=sentence is not None, ended_well=ended_well
    ):
        case RowDecision.RESTAMP:
            return _restamp(seen, config)
        case RowDecision.ADOPT_TOKEN:
            return [AdoptClaim(seen.held_claim.token, seen.videojob.version)]
        case RowDecision.RECORD_COMPLETION:
            return _record_completion(seen, config, now)
        case RowDecision.RECORD_FAILURE:
            return _record_failure(seen, sentence, config, now)
        case RowDecision.CANCEL:
            return _cancel(seen, seen.row, config, now)
        case RowDecision.CONTINUE:
            raise AssertionError("the row is held")


def _restamp(seen: Observation, config: OperatorConfig) -> list[Action]:
    row = seen.row
    assert isinstance(row, JobRow)
    pod = newest(seen.pods)
    # The worker that runs writes under the token that names its pod.
    token = f"{seen.token}/{pod.uid}" if pod is not None and pod.works else seen.token
    attempts = seen.videojob.status.attempts or 1
    claim = row.claim or Claim(claim=token, by=config.installation, failures=max(attempts - 1, 0))
    return [
        RestampRow(row, claim.model_copy(update={"by": config.installation})),
        AdoptClaim(seen.token, seen.videojob.version),
    ]


def _job_active(seen: Observation) -> bool:
    return seen.job is not None and not seen.job.over


def _record_completion(seen: Observation, config: OperatorConfig, now: datetime) -> list[Action]:
    match who_completed(seen):
        case Completer.NOT_KNOWN_YET:
            return [RequeueAfter(_FINAL_REPORT_CHECK_SECONDS)]
        case Completer.SOMEBODY_ELSE:
            return _done_elsewhere(seen, now)
        case Completer.WORKER:
            report = next((pod.report for pod in seen.pods if pod.exit_code == 0), None)
            claim = seen.held_row.claim
            attempts = claim.failures + 1 if claim is not None else seen.videojob.status.attempts or 1
            patch = status.succeeded(seen.videojob, report, attempts=attempts, now=now)
            return [PatchStatus(patch), *delete_after_the_end(seen.own_job, config.worker, succeeded=True)]


def _done_elsewhere(seen: Observation, now: datetime) -> list[Action]:
    attempts = 1 if seen.job is not None and seen.job.ran else 0
    message = TABLE[Reason.DONE_ELSEWHERE].with_remedy()
    patch = status.failed(seen.videojob, Reason.DONE_ELSEWHERE, message, attempts=attempts, report=None, now=now)
    stop = [DeleteJob(seen.job.name, seen.job.uid)] if seen.job is not None and not seen.job.over else []
    return [*stop, PatchStatus(patch)]


def _record_failure(seen: Observation, sentence: Failure | None, config: OperatorConfig, now: datetime) -> list[Action]:
    claim = seen.held_claim
    reason, report = claim.reason or Reason.JOB_DELETED, None
    if seen.job is not None and seen.job.over:
        ended = why_ended(seen.job, seen.pods, longest_seconds=seen.spec.active_deadline_seconds)
        reason, report = ended.failure.reason, ended.report
    error = seen.held_row.error or ""
    if error.startswith(CANCEL_SENTENCE):
        # The operator stopped after it had deleted the Job and before it wrote the status.
        reason = Reason.CLAIM_LOST
    if sentence is not None:
        # The row names the reason; what is left of Job and pods may not.
        reason = sentence.reason
    message = error or TABLE[reason].sentence
    patch = status.failed(seen.videojob, reason, message, attempts=claim.failures + 1, report=report, now=now)
    stop = [DeleteJob(seen.job.name, seen.job.uid)] if seen.job is not None and not seen.job.over else []
    return [*stop, PatchStatus(patch), *delete_after_the_end(seen.own_job, config.worker, succeeded=False)]


def _cancel(seen: Observation, row: JobRow | None, config: OperatorConfig, now: datetime) -> list[Action]:
    if row is not None and row.status == RowStatus.COMPLETED:
        return _record_completion(seen, config, now) if row.claim is None else _done_elsewhere(seen, now)
    attempts = 1 if seen.job is not None and seen.job.ran else 0
    message = f"Cancelled: the row was {_change(row)} while the video was worked on."
    patch = status.failed(seen.videojob, Reason.CLAIM_LOST, message, attempts=attempts, report=None, now=now)
    stop = [DeleteJob(seen.job.name, seen.job.uid)] if seen.job is not None else []
    # Without the row nobody will ask for what was made of the video, and nobody would ever delete it. Where no worker
    # ran, nothing was made: a VideoJob made by hand must not delete the objects of a row that never existed.
    made = row is None and (seen.videojob.started or attempts > 0)
    remove = [RemoveObjects(seen.spec.source.bucket)] if made else []
    return [*stop, *remove, PatchStatus(patch)]


def _change(row: JobRow | None) -> str:
    if row is None:
        return "deleted"
    if row.status == RowStatus.PROCESSING:
        return "claimed by somebody else"
    return f"set to {row.status[:50]}" if row.status else "left without a status"
