"""What a row in `processing` does, as far as the row tells. Pure."""

from datetime import datetime, timedelta

from runops.breakers.shared_faults import rule_of
from runops.failures import TABLE, FailureClass, Reason
from runops.job_row import Claim, RowStatus
from runops.row_summary import RowSummary, time_of
from runops.why_waiting.explanation import Explanation, State, length

__all__ = ["awaited_attempt", "explain_at_work", "is_about_to_start", "stage_words"]

_SILENT = timedelta(minutes=5)
"""A worker writes its row at least once a minute."""
_TAKEN_UP = "runops takes it up again by itself; `runops check` shows whether it can."
_SHARED = "Other videos meet the same. One at a time tries whether it is over."
_ALONE = "work/"
"""Of the name under which `runops work` claims; it has no pod."""


def explain_at_work(job: RowSummary, now: datetime) -> Explanation:
    """Return what a row in `processing` does or waits for."""
    written = time_of(job.updated_at)
    silent = written is not None and now - written > _SILENT
    claim = job.claim
    if claim is None:
        sentence = "Another consumer than runops works on it: its row has no claim."
        remedy = f"`runops retry --force {job.job_id}` takes it away and queues it again." if silent else None
        if silent and written is not None:
            sentence += f" Nothing was written to it for {length((now - written).total_seconds())}."
        return Explanation(State.HINDERED if silent else State.RUNNING, sentence, remedy=remedy)
    if is_about_to_start(job):
        return Explanation(State.WAITING, f"{claim.by} has claimed it, and its worker is about to start.")
    if (reason := awaited_attempt(job)) is not None:
        return _awaited(claim, reason, now)
    sentence = f"It runs: {stage_words(job)}."
    if silent and written is not None:
        late = f"Its worker has written nothing for {length((now - written).total_seconds())}."
        return Explanation(
            State.HINDERED,
            f"{sentence} {late}",
            remedy="runops takes it up again by itself; `runops check` shows whether it can.",
        )
    return Explanation(State.RUNNING, sentence)


def stage_words(job: RowSummary) -> str:
    """Return stage and percentage of a row."""
    stage = (job.progress_stage or "its worker has begun").replace("_", " ")
    return stage if job.progress_percent is None else f"{stage}, {job.progress_percent} %"


def awaited_attempt(job: RowSummary) -> Reason | None:
    """Return why the last attempt of a row in `processing` ended, while it waits for another; None where it does not.

    What the row says of the stage is then of the attempt that has ended.
    """
    claim = _claim_without_worker(job)
    return None if claim is None else claim.reason


def is_about_to_start(job: RowSummary) -> bool:
    """Whether a row is claimed for its first attempt, and no worker has written to it. A claim removes the stage."""
    claim = _claim_without_worker(job)
    return claim is not None and claim.reason is None and job.progress_stage is None


def _claim_without_worker(job: RowSummary) -> Claim | None:
    claim = job.claim
    if job.status != RowStatus.PROCESSING or claim is None or claim.bound or claim.by.startswith(_ALONE):
        return None
    return claim


def _awaited(claim: Claim, reason: Reason, now: datetime) -> Explanation:
    failure = TABLE[reason]
    until = claim.not_before if claim.not_before is not None and claim.not_before > now else None
    attempt = f"attempt {claim.failures + 1}" if claim.failures else "another attempt"
    sentence = f"It waits for {attempt}. {failure.reason}: {failure.sentence}"
    shared = rule_of(reason) is not None
    if shared:
        sentence += f" {_SHARED}"
    hindered = shared or failure.failure_class is FailureClass.QUOTA
    state = State.HINDERED if hindered else State.WAITING
    return Explanation(state, sentence, until=until, remedy=failure.remedy)
