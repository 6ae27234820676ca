"""What the operator writes into a VideoJob's status. Pure: observations in, a status patch out.

The worker writes `stage`, `progress`, `usage`, `quality`, `stages`, `outputs`, `resolved.prompts` and
`resolved.sandbox`. The operator writes everything else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runops.failures import TABLE, Failure, FailureClass, Reason
from runops.progress import Stage
from runops.quality import Quality, losses_sentence
from runops.report import Report
from runops.timestamps import rfc3339
from runops.videojob import Condition, Phase, VideoJobStatus
from runops_operator.manifests.observed import JobView, VideoJobView
from runops_operator.manifests.observed_pod import PodView
from runops_operator.planning.waiting import Wait, newest

__all__ = [
    "ONE_TRIES",
    "Outcome",
    "derive_phase",
    "failed",
    "running",
    "said_of_block",
    "still_stopping",
    "succeeded",
    "trying_again",
    "waiting",
]

_MESSAGE_LIMIT = 1024
ONE_TRIES = "Other videos meet the same. One at a time tries whether it is over."
_TRYING_AGAIN = re.compile(r" Trying again at \S+Z\.")
_STAGES_PAST_THE_BLOCK = {
    FailureClass.QUOTA: frozenset({Stage.PARSING_SOP, Stage.FINALIZING, Stage.COMPLETED}),
    FailureClass.KEY: frozenset({Stage.FINALIZING, Stage.COMPLETED}),
}
"""A quota or a key no longer blocks a video that has reached one of these stages."""


class Outcome:
    """Types of the conditions."""

    STARTED = "Started"
    COMPLETE = "Complete"
    FAILED = "Failed"
    FINISHED = "Finished"
    PROGRESSING = "Progressing"
    STALLED = "Stalled"
    BLOCKED = "Blocked"
    PARTLY_LOST = "RecordingPartlyLost"


def derive_phase(conditions: Sequence[Condition], *, suspended: bool) -> Phase:
    """Return the phase, a summary of the conditions for the column."""
    true = {condition.type for condition in conditions if condition.status == "True"}
    if Outcome.COMPLETE in true:
        return "Succeeded"
    if Outcome.FAILED in true:
        return "Failed"
    if suspended:
        return "Suspended"
    return "Running" if Outcome.PROGRESSING in true else "Pending"


@dataclass(slots=True)
class _Conditions:
    """The conditions while a patch is made. A transition time changes only with the status of its condition."""

    videojob: VideoJobView
    now: datetime
    items: list[Condition] = field(init=False)

    def __post_init__(self) -> None:
        self.items = list(self.videojob.status.conditions or ())

    def set(self, kind: str, reason: str, message: str, *, holds: bool) -> None:
        status = "True" if holds else "False"
        previous = next((item for item in self.items if item.type == kind), None)
        kept = previous is not None and previous.status == status
        new = Condition(
            type=kind,
            status=status,
            reason=reason,
            message=message[:_MESSAGE_LIMIT],
            last_transition_time=previous.last_transition_time if previous and kept else rfc3339(self.now),
            observed_generation=self.videojob.generation,
        )
        self.items = [*(item for item in self.items if item.type != kind), new]

    def clear(self, kind: str, reason: str, message: str) -> None:
        """Set a condition to False where it exists; no condition is added."""
        if any(item.type == kind for item in self.items):
            self.set(kind, reason, message, holds=False)


def running(videojob: VideoJobView, job: JobView | None, pods: Sequence[PodView], now: datetime) -> dict[str, Any]:
    """Return the status of a VideoJob whose worker runs."""
    conditions = _Conditions(videojob, now)
    reason, message = "Running", "The worker is running."
    pod = newest(pods)
    if pod is not None and pod.limit_range is not None:
        # A limit of the processor that nobody asked for makes a worker slow, and only this tells.
        message = f"{message} {pod.limit_range[:200]}"
    conditions.set(Outcome.STARTED, "WorkerStarted", "A worker has started.", holds=True)
    conditions.set(Outcome.PROGRESSING, reason, message, holds=True)
    conditions.clear(Outcome.STALLED, reason, message)
    if _past_the_block(videojob):
        conditions.clear(Outcome.BLOCKED, reason, "The video makes progress again.")
    conditions.set(Outcome.FINISHED, reason, message, holds=False)
    patch = _unfinished(videojob, job, pod, conditions, started=True)
    return patch | {"reason": None, "message": None}


def waiting(
    videojob: VideoJobView,
    job: JobView | None,
    pods: Sequence[PodView],
    wait: Wait,
    now: datetime,
    *,
    stalled: tuple[Reason, str] | None = None,
    blocked: bool = False,
    attempts: int | None = None,
) -> dict[str, Any]:
    """Return the status of a VideoJob whose worker does not run.

    Parameters
    ----------
    wait
        What it waits for.
    stalled
        Reason and sentence where the wait exceeds its deadline.
    blocked
        Whether it waits for a fault that other videos met.
    attempts
        Attempts used up, plus the next one; None keeps what the status shows.
    """
    conditions = _Conditions(videojob, now)
    pod = newest(pods)
    started = videojob.started or (pod is not None and pod.exit_code is not None)
    if started:
        conditions.set(Outcome.STARTED, "WorkerStarted", "A worker has started.", holds=True)
    done = pod is not None and pod.exit_code == 0
    reason, message = stalled or (wait.reason, wait.message)
    conditions.set(Outcome.PROGRESSING, reason, message, holds=done)
    if stalled is not None:
        conditions.set(Outcome.STALLED, reason, message, holds=True)
    else:
        conditions.clear(Outcome.STALLED, reason, message)
    if blocked:
        conditions.set(Outcome.BLOCKED, reason, message, holds=True)
    conditions.set(Outcome.FINISHED, reason, message, holds=False)
    patch = _unfinished(videojob, job, pod, conditions, started=started, attempts=attempts)
    shown = (None, None) if done else (reason, message[:_MESSAGE_LIMIT])
    return patch | {"reason": shown[0], "message": shown[1]}


def trying_again(
    videojob: VideoJobView,
    failure: Failure,
    sentence: str,
    *,
    attempts: int,
    not_before: datetime,
    now: datetime,
    blocked: bool = False,
    report: Report | None = None,
) -> dict[str, Any]:
    """Return the status of a VideoJob whose attempt failed and is followed by another.

    Parameters
    ----------
    failure, sentence
        Why the attempt failed.
    attempts
        Attempts used up.
    not_before
        When the next one may begin.
    blocked
        Whether other videos meet the same fault, whatever its class.
    report
        What the worker reported at its end; None where it reported nothing.
    """
    conditions = _Conditions(videojob, now)
    reason = failure.reason.value
    # The time of the next try is not told where others try first: it moves with each of them.
    message = f"{sentence} {ONE_TRIES}" if blocked else f"{sentence} Trying again at {rfc3339(not_before)}."
    if failure.failure_class is FailureClass.KEY:
        message = failure.with_remedy(message)
    conditions.set(Outcome.STARTED, "WorkerStarted", "A worker has started.", holds=True)
    conditions.set(Outcome.PROGRESSING, reason, message, holds=False)
    conditions.clear(Outcome.STALLED, reason, message)
    if blocked or failure.failure_class in _STAGES_PAST_THE_BLOCK:
        conditions.set(Outcome.BLOCKED, reason, message, holds=True)
    elif failure.counts:
        conditions.clear(Outcome.BLOCKED, reason, "The last attempt failed for another reason.")
    conditions.set(Outcome.FINISHED, reason, message, holds=False)
    patch = _unfinished(videojob, None, None, conditions, started=True, attempts=max(attempts, 1))
    patch |= {"reason": reason, "message": message[:_MESSAGE_LIMIT], "stage": None, "progress": None}
    return patch | _reported(report)


def said_of_block(videojob: VideoJobView, reason: Reason) -> str:
    """Return what a worker said of the fault that blocks a VideoJob, without what is told beside it; "" for nothing."""
    blocked = videojob.condition(Outcome.BLOCKED)
    said = "" if blocked is None else _TRYING_AGAIN.sub("", blocked.message)
    for told in (ONE_TRIES, TABLE[reason].remedy):
        said = said.replace(told, "")
    return " ".join(said.split())


def still_stopping(videojob: VideoJobView, now: datetime) -> dict[str, Any]:
    """Return the status of a VideoJob whose pod did not stop in time and was deleted by force."""
    failure = TABLE[Reason.STILL_STOPPING]
    conditions = _Conditions(videojob, now)
    conditions.set(Outcome.STALLED, failure.reason, f"{failure.sentence} {failure.remedy}", holds=True)
    return {"conditions": [item.model_dump(by_alias=True, exclude_none=True) for item in conditions.items]}


def succeeded(videojob: VideoJobView, report: Report | None, *, attempts: int, now: datetime) -> dict[str, Any]:
    """Return the status of a VideoJob whose video is done."""
    message = "The transcript and the SOP are in their tables."
    patch = _ended(
        videojob, Outcome.COMPLETE, reason="Completed", message=message, attempts=attempts, report=report, now=now
    )
    patch |= {"reason": None, "message": None, "stage": Stage.COMPLETED.value, "progress": "100%"}
    return patch | _reported(report)


def failed(
    videojob: VideoJobView, reason: Reason, message: str, *, attempts: int, report: Report | None, now: datetime
) -> dict[str, Any]:
    """Return the status of a VideoJob that ended without a SOP."""
    patch = _ended(
        videojob, Outcome.FAILED, reason=reason.value, message=message, attempts=attempts, report=report, now=now
    )
    patch |= {"reason": reason.value, "message": message[:_MESSAGE_LIMIT]}
    return patch | _reported(report)


def _past_the_block(videojob: VideoJobView) -> bool:
    blocked = videojob.condition(Outcome.BLOCKED)
    if blocked is None or blocked.reason not in {reason.value for reason in TABLE}:
        return True
    stages = _STAGES_PAST_THE_BLOCK.get(TABLE[Reason(blocked.reason)].failure_class)
    return stages is None or videojob.status.stage in stages


def _unfinished(
    videojob: VideoJobView,
    job: JobView | None,
    pod: PodView | None,
    conditions: _Conditions,
    *,
    started: bool,
    attempts: int | None = None,
) -> dict[str, Any]:
    spec = videojob.spec
    suspended = (spec is not None and spec.suspend) or (job is not None and job.suspended)
    shown = videojob.status.attempts or 0
    status = VideoJobStatus(
        observed_generation=videojob.generation,
        conditions=conditions.items,
        phase=derive_phase(conditions.items, suspended=suspended),
        start_time=videojob.status.start_time or (rfc3339(conditions.now) if started else None),
        attempts=attempts if attempts is not None else max(shown, 1 if started or (job and job.ran) else 0),
    )
    patch = status.model_dump(by_alias=True, exclude_none=True)
    patch["resolved"] = {"image": job.image} if job is not None and job.image else {}
    if spec is not None:
        patch["resolved"]["models"] = spec.model.model_dump(by_alias=True)
    if pod is not None:
        patch["workerPod"] = {"name": pod.name, "uid": pod.uid, "node": pod.node}
    return patch


def _ended(
    videojob: VideoJobView,
    outcome: str,
    *,
    reason: str,
    message: str,
    attempts: int,
    report: Report | None,
    now: datetime,
) -> dict[str, Any]:
    conditions = _Conditions(videojob, now)
    if attempts and not videojob.started:
        conditions.set(Outcome.STARTED, reason, message, holds=True)
    conditions.set(Outcome.PROGRESSING, reason, message, holds=False)
    conditions.clear(Outcome.STALLED, reason, message)
    conditions.clear(Outcome.BLOCKED, reason, message)
    conditions.set(outcome, reason, message, holds=True)
    conditions.set(Outcome.FINISHED, reason, message, holds=True)
    # The worker writes the quality into the status too, and a report that is too long leaves it out.
    _tell_losses(conditions, videojob.status.quality if report is None or report.quality is None else report.quality)
    status = VideoJobStatus(
        observed_generation=videojob.generation,
        conditions=conditions.items,
        phase=derive_phase(conditions.items, suspended=False),
        start_time=videojob.status.start_time or (rfc3339(now) if attempts else None),
        completion_time=rfc3339(now),
        attempts=max(attempts, videojob.status.attempts or 0),
    )
    # What was expected of the end is of no use once that is known.
    return status.model_dump(by_alias=True, exclude_none=True) | {"timeLeft": None}


def _tell_losses(conditions: _Conditions, quality: Quality | None) -> None:
    losses = () if quality is None or quality.recording is None else quality.recording.losses
    if losses:
        kind, *others = dict.fromkeys(loss.kind for loss in losses)
        reason = "SeveralLosses" if others else "".join(word.capitalize() for word in kind.split("_"))
        conditions.set(Outcome.PARTLY_LOST, reason, losses_sentence(quality), holds=True)
    else:
        conditions.clear(Outcome.PARTLY_LOST, "AllUsed", "All of the recording was used.")


def _reported(report: Report | None) -> dict[str, Any]:
    if report is None:
        return {}
    included = {"usage", "quality", "stages", "outputs"}
    parts = report.model_dump(by_alias=True, exclude_none=True, include=included, mode="json")
    return {key: value for key, value in parts.items() if value}
