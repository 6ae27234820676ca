"""What a row in `processing` does, as far as the row tells. Pure."""

from datetime import datetime, timedelta

from runops.breakers.shared_faults import rule_of
from runops.failures import TABLE, FailureClass
from runops.job_row import Claim
from runops.row_summary import RowSummary, time_of
from runops.why_waiting.explanation import Explanation, State, length

__all__ = ["explain_at_work", "stage_words"]

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
    if not claim.bound and not claim.by.startswith(_ALONE):
        return _not_started(claim, now)
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


def _not_started(claim: Claim, now: datetime) -> Explanation:
    if claim.reason is None:
        return Explanation(State.WAITING, f"{claim.by} has claimed it, and its worker is about to start.")
    failure = TABLE[claim.reason]
    until = claim.not_before if claim.not_before is not None and claim.not_before > now else None
    attempt = f"attempt {claim.failures + 1}" if claim.failures else "another attempt"
    sentence = f"It waits for {attempt}. {failure.reason}: {failure.sentence}"
    shared = rule_of(claim.reason) is not None
    if shared:
        sentence += f" {_SHARED}"
    hindered = shared or failure.failure_class is FailureClass.QUOTA
    state = State.HINDERED if hindered else State.WAITING
    return Explanation(state, sentence, until=until, remedy=failure.remedy)
