"""Explains a job. What has ended is told by its row alone; before that its VideoJob knows more."""

from datetime import datetime

from runops.failures import TABLE, by_sentence
from runops.job_row import RowStatus
from runops.job_story.results import JobResults
from runops.row_summary import RowSummary, time_of
from runops.videojob_view import VideoJobView
from runops.why_waiting.at_work import explain_at_work
from runops.why_waiting.explanation import Explanation, State
from runops.why_waiting.of_videojob import explain_videojob
from runops.why_waiting.queue_state import QueueState
from runops.why_waiting.queued import explain_queued

__all__ = ["explain"]

_UNKNOWN = QueueState()
_QUEUE_IT = "Set it to queued to have it run."


def explain(
    job: RowSummary,
    *,
    videojob: VideoJobView | None = None,
    queue: QueueState = _UNKNOWN,
    without_sop: JobResults | None = None,
    sop_trouble: str | None = None,
    now: datetime,
) -> Explanation:
    """Return what a job waits for, since when, until when, and what to do about it.

    Parameters
    ----------
    job
        Its row.
    videojob
        Its VideoJob, where there is a cluster and it has one.
    queue
        What is known of the queue.
    without_sop
        What there is of a completed job that has no SOP; None where it has one.
    sop_trouble
        Why it is not known whether a completed job has a SOP, as a sentence; None where it is known.
    now
        The time at the server, with its zone.
    """
    if job.ended:
        return _ended(job, without_sop, sop_trouble)
    # A finished VideoJob is of an earlier run, or its row is about to be written.
    if videojob is not None and not videojob.finished and (told := explain_videojob(job, videojob, now)) is not None:
        return told
    if job.status == RowStatus.QUEUED:
        return explain_queued(job, queue, now)
    return explain_at_work(job, now)


def _ended(job: RowSummary, without_sop: JobResults | None, sop_trouble: str | None) -> Explanation:
    since = time_of(job.updated_at)
    error = " ".join((job.error or "").split())
    match job.status:
        case RowStatus.COMPLETED:
            since = time_of(job.completed_at) or since
            if without_sop is not None:
                return _without_sop(job, since, without_sop)
            if sop_trouble is not None:
                sentence = f"It is completed. Whether it has a SOP is not known. {sop_trouble}"
                return Explanation(State.COMPLETED, sentence, since, remedy="`runops check` tests the project.")
            return Explanation(State.COMPLETED, "Its SOP is written.", since, remedy=_command("sop", job, "prints it"))
        case RowStatus.ERROR if error.startswith("Cancelled"):
            state, sentence, remedy = State.CANCELLED, error, _command("retry", job, "runs it again")
        case RowStatus.ERROR:
            said = error or "the row gives no reason."
            state, sentence, remedy = State.FAILED, f"It ended in error: {said}", _remedy(job, error)
        case None:
            state, sentence, remedy = State.NOT_OURS, "Its row has no status, so runops leaves it alone.", _QUEUE_IT
        case status:
            sentence = f"Its row has the status {status} of the app, so runops leaves it alone."
            state, remedy = State.NOT_OURS, _QUEUE_IT
    return Explanation(state, sentence, since, remedy=remedy)


def _without_sop(job: RowSummary, since: datetime | None, results: JobResults) -> Explanation:
    """Return what is said of a row that another worker completed though it stored no SOP."""
    command, does = results.way_to_sop(str(job.job_id))
    sentence = "It is completed without a SOP: the table sops has none of it."
    return Explanation(State.WITHOUT_SOP, sentence, since, remedy=f"`{command}` {does}.")


def _remedy(job: RowSummary, error: str) -> str:
    failure = by_sentence(error)
    known = next((one.remedy for one in TABLE.values() if one.remedy in error), None)
    again = _command("retry", job, "runs it again")
    if failure is None or known is not None:
        return again
    return failure.remedy if "runops retry" in failure.remedy else f"{failure.remedy} {again}"


def _command(name: str, job: RowSummary, does: str) -> str:
    return f"`runops {name} {job.job_id}` {does}."
