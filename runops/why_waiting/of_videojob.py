"""What the VideoJob of a job tells beyond its row. Pure."""

import re
from datetime import datetime, timedelta

from runops.failures import TABLE, Failure
from runops.row_summary import RowSummary, time_of
from runops.videojob import Condition
from runops.videojob_view import VideoJobView
from runops.why_waiting.at_work import stage_words
from runops.why_waiting.explanation import Explanation, State

__all__ = ["explain_videojob"]

_BY_NAME = {reason.value: failure for reason, failure in TABLE.items()}
_TRYING_AGAIN = re.compile(r" ?Trying again at (\S+Z)\.")


def explain_videojob(job: RowSummary, videojob: VideoJobView, now: datetime) -> Explanation | None:
    """Return what an unfinished VideoJob waits for or does; None where it has no status to tell."""
    progressing = videojob.condition("Progressing")
    if videojob.suspended:
        return Explanation(
            State.HINDERED,
            "It is paused: spec.suspend of its VideoJob is true.",
            _since(progressing),
            remedy=f"`runops resume {job.job_id}` continues it.",
        )
    for kind in ("Blocked", "Stalled"):
        if (condition := videojob.is_true(kind)) is not None:
            return _hindered(job, condition, now)
    if progressing is not None and progressing.status == "True":
        return Explanation(State.RUNNING, f"It runs: {_stage(job, videojob)}.", _began(videojob))
    if progressing is None:
        return None
    if progressing.reason in _BY_NAME:
        return _hindered(job, progressing, now)
    # Words of its own, such as Suspended by the queue of a cluster, Starting, Finishing.
    hindered = progressing.reason == "Suspended"
    return Explanation(State.HINDERED if hindered else State.WAITING, progressing.message, _since(progressing))


def _hindered(job: RowSummary, condition: Condition, now: datetime) -> Explanation:
    failure = _BY_NAME.get(condition.reason)
    sentence, until = _without_time(condition.message)
    claim = job.claim
    if claim is not None and claim.not_before is not None:
        until = claim.not_before
    return Explanation(
        State.HINDERED,
        f"It waits. {condition.reason}: {_without_remedy(sentence, failure)}",
        _since(condition),
        until if until is not None and until > now else None,
        None if failure is None else failure.remedy,
    )


def _without_time(message: str) -> tuple[str, datetime | None]:
    found = _TRYING_AGAIN.search(message)
    return _TRYING_AGAIN.sub("", message), None if found is None else time_of(found[1])


def _without_remedy(message: str, failure: Failure | None) -> str:
    return message if failure is None else " ".join(message.replace(failure.remedy, "").split())


def _stage(job: RowSummary, videojob: VideoJobView) -> str:
    status = videojob.status
    if status.stage is None:
        return stage_words(job)
    stage = status.stage.replace("_", " ")
    return stage if status.progress is None else f"{stage}, {status.progress.removesuffix('%')} %"


def _began(videojob: VideoJobView) -> datetime | None:
    """Return when the stage at work began: when the one before it ended, or the first worker started."""
    ended = videojob.status.stages
    if ended:
        start = time_of(ended[-1].start_time)
        if start is not None:
            return start + timedelta(seconds=ended[-1].seconds)
    return time_of(videojob.status.start_time)


def _since(condition: Condition | None) -> datetime | None:
    return None if condition is None else time_of(condition.last_transition_time)
