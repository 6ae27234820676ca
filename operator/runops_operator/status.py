"""What the operator writes into a VideoJob's status. Pure: observations in, a status patch out.

The worker writes `stage`, `progress`, `usage`, `outputs` and `resolved.prompts`; everything else is written here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from runops.failures import Reason
from runops.progress import Stage
from runops.report import Report
from runops.videojob import Condition, Phase, VideoJobStatus
from runops_operator.observed import JobView, PodView, VideoJobView

__all__ = ["Outcome", "derive_phase", "failed", "rfc3339", "running", "succeeded", "with_condition"]

_MESSAGE_LIMIT = 1024


class Outcome:
    """Names of the conditions."""

    STARTED = "Started"
    COMPLETE = "Complete"
    FAILED = "Failed"
    FINISHED = "Finished"
    PROGRESSING = "Progressing"


def rfc3339(at: datetime) -> str:
    """Return a time of known zone as Kubernetes writes it, in whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def derive_phase(conditions: Sequence[Condition], *, suspended: bool) -> Phase:
    """Return the phase column's word; it says nothing that the conditions do not say."""
    true = {condition.type for condition in conditions if condition.status == "True"}
    if Outcome.COMPLETE in true:
        return "Succeeded"
    if Outcome.FAILED in true:
        return "Failed"
    if suspended:
        return "Suspended"
    return "Running" if Outcome.PROGRESSING in true else "Pending"


def with_condition(
    conditions: Sequence[Condition],
    kind: str,
    *,
    holds: bool,
    reason: str,
    message: str,
    now: datetime,
    generation: int,
) -> list[Condition]:
    """Return the conditions with one set; its transition time moves only when its status does."""
    status = "True" if holds else "False"
    previous = next((item for item in conditions if item.type == kind), None)
    kept = previous is not None and previous.status == status
    new = Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message[:_MESSAGE_LIMIT],
        last_transition_time=previous.last_transition_time if previous and kept else rfc3339(now),
        observed_generation=generation,
    )
    return [*(item for item in conditions if item.type != kind), new]


def running(videojob: VideoJobView, job: JobView | None, pods: Sequence[PodView], now: datetime) -> dict[str, Any]:
    """Return the status of a VideoJob that has not ended."""
    pod = _current(pods)
    suspended = bool(videojob.spec and videojob.spec.suspend) or (job is not None and job.suspended)
    works = pod is not None and pod.phase == "Running" and pod.exit_code is None
    started = videojob.started or works or (pod is not None and pod.exit_code is not None)
    done = pod is not None and pod.exit_code == 0
    if works:
        reason, message = "Running", "The worker is running."
    elif suspended:
        reason, message = "Suspended", "Suspended: it goes on when spec.suspend is false and a queue admits it."
    else:
        reason, message = _waiting(job, pod)
    conditions = list(videojob.status.conditions or ())
    generation = videojob.generation
    if started:
        conditions = with_condition(
            conditions,
            Outcome.STARTED,
            holds=True,
            reason="WorkerStarted",
            message="A worker has started.",
            now=now,
            generation=generation,
        )
    conditions = with_condition(
        conditions,
        Outcome.PROGRESSING,
        holds=works or done,
        reason=reason,
        message=message,
        now=now,
        generation=generation,
    )
    conditions = with_condition(
        conditions, Outcome.FINISHED, holds=False, reason=reason, message=message, now=now, generation=generation
    )
    status = VideoJobStatus(
        observed_generation=generation,
        conditions=conditions,
        phase=derive_phase(conditions, suspended=suspended),
        start_time=videojob.status.start_time or (rfc3339(now) if started else None),
        attempts=max(job.attempts if job else 0, videojob.status.attempts or 0),
    )
    patch = status.model_dump(by_alias=True, exclude_none=True)
    patch["reason"], patch["message"] = (None, None) if works or done else (reason, message[:_MESSAGE_LIMIT])
    patch["resolved"] = {"image": job.image} if job is not None and job.image else {}
    if videojob.spec is not None:
        patch["resolved"]["models"] = videojob.spec.model.model_dump(by_alias=True)
    if pod is not None:
        patch["workerPod"] = {"name": pod.name, "uid": pod.uid, "node": pod.node}
    return patch


def succeeded(videojob: VideoJobView, job: JobView, report: Report | None, now: datetime) -> dict[str, Any]:
    """Return the status of a VideoJob whose video is done."""
    message = "The transcript and the SOP are in their tables."
    patch = _ended(videojob, Outcome.COMPLETE, reason="Completed", message=message, attempts=job.attempts, now=now)
    patch |= {"reason": None, "message": None, "stage": Stage.COMPLETED.value, "progress": "100%"}
    return patch | _reported(report)


def failed(
    videojob: VideoJobView, reason: Reason, message: str, *, attempts: int, report: Report | None, now: datetime
) -> dict[str, Any]:
    """Return the status of a VideoJob that ended without a SOP."""
    patch = _ended(videojob, Outcome.FAILED, reason=reason.value, message=message, attempts=attempts, now=now)
    patch |= {"reason": reason.value, "message": message[:_MESSAGE_LIMIT]}
    return patch | _reported(report)


def _ended(
    videojob: VideoJobView, outcome: str, *, reason: str, message: str, attempts: int, now: datetime
) -> dict[str, Any]:
    conditions = list(videojob.status.conditions or ())
    said = [(Outcome.PROGRESSING, False), (outcome, True), (Outcome.FINISHED, True)]
    if attempts and not videojob.started:
        said.insert(0, (Outcome.STARTED, True))
    for kind, holds in said:
        conditions = with_condition(
            conditions, kind, holds=holds, reason=reason, message=message, now=now, generation=videojob.generation
        )
    status = VideoJobStatus(
        observed_generation=videojob.generation,
        conditions=conditions,
        phase=derive_phase(conditions, suspended=False),
        start_time=videojob.status.start_time or (rfc3339(now) if attempts else None),
        completion_time=rfc3339(now),
        attempts=max(attempts, videojob.status.attempts or 0),
    )
    return status.model_dump(by_alias=True, exclude_none=True)


def _reported(report: Report | None) -> dict[str, Any]:
    if report is None:
        return {}
    parts = report.model_dump(by_alias=True, exclude_none=True, include={"usage", "outputs"}, mode="json")
    return {key: value for key, value in parts.items() if value}


def _current(pods: Sequence[PodView]) -> PodView | None:
    return max(pods, key=lambda pod: (pod.created, pod.name), default=None)


def _waiting(job: JobView | None, pod: PodView | None) -> tuple[str, str]:
    """Say why no worker runs, in a word and in a sentence."""
    if job is None or pod is None:
        return "Pending", "The worker's pod is being made."
    detail = f" ({pod.waiting_message[:300]})" if pod.waiting_message else ""
    if pod.waiting_reason == "Unschedulable":
        return Reason.UNSCHEDULABLE, f"No node has room for the worker yet.{detail}"
    if pod.waiting_reason in {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}:
        return Reason.IMAGE_PULL_FAILED, f"The worker's image cannot be pulled.{detail}"
    if pod.waiting_reason in {"CreateContainerConfigError", "CreateContainerError"}:
        return Reason.MISCONFIGURED, f"The worker's container cannot be made.{detail}"
    if pod.exit_code == 0:
        return "Finishing", "The worker is done; its Job is being closed."
    if pod.exit_code is not None:
        return "Retrying", "The last attempt failed for a passing reason; the next one follows after a pause."
    return "Pending", "The worker's pod is starting."
