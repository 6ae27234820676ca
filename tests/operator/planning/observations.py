"""Observations for pure tests of planning: everything has a plain default, and a test names what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from runops.failures import Reason
from runops.job_row import Claim, JobRow, stamped_metadata
from runops.report import Report
from runops.videojob import Condition, VideoJobSpec, VideoJobStatus
from runops_operator.manifests.observed import JobView, VideoJobView
from runops_operator.manifests.observed_pod import PodView
from runops_operator.planning.actions import Action
from runops_operator.planning.observation import Observation

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EARLIER = "2026-01-01T00:00:00Z"
JOB_ID = UUID("00000000-0000-4000-8000-000000000001")
USER = "11111111-2222-4333-8444-555555555555"
NAME = f"vj-{JOB_ID}"
UID, JOB_UID = "videojob-uid", "job-uid"
TOKEN = "aaaaaaaa-0000-4000-8000-000000000000"
OTHER_TOKEN = "bbbbbbbb-0000-4000-8000-000000000000"
INSTALLATION = "test/runops"


def ago(seconds: float) -> str:
    """Return a time before NOW as Kubernetes writes it."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, *, status: Any = "True", reason: str = "Reason", since: str = EARLIER) -> Condition:
    """Return a condition."""
    return Condition(type=kind, status=status, reason=reason, message="Message.", last_transition_time=since)


def spec(**changes: Any) -> VideoJobSpec:
    """Return a spec for the row."""
    return VideoJobSpec(job_id=str(JOB_ID), **changes)


def videojob(*conditions: Condition, status: dict[str, Any] | None = None, **changes: Any) -> VideoJobView:
    """Return a claimed VideoJob."""
    given: dict[str, Any] = {
        "name": NAME,
        "uid": UID,
        "generation": 3,
        "claim": TOKEN,
        "spec": spec(),
        "spec_fault": None,
        "status": VideoJobStatus.model_validate({"conditions": list(conditions) or None} | (status or {})),
        "deleting": False,
        "version": 7,
    }
    return VideoJobView(**given | changes)


def job(**changes: Any) -> JobView:
    """Return the active Job of the VideoJob's attempt."""
    given: dict[str, Any] = {
        "name": NAME,
        "uid": JOB_UID,
        "owner_uid": UID,
        "claim": TOKEN,
        "suspended": False,
        "active": 1,
        "ready": 0,
        "failed": 0,
        "complete": False,
        "queued": False,
        "image": "worker:1",
        "failed_reason": None,
        "failed_message": None,
        "start_time": None,
        "completion_time": None,
        "deleting": False,
    }
    return JobView(**given | changes)


def pod(**changes: Any) -> PodView:
    """Return a running pod."""
    given: dict[str, Any] = {
        "name": "pod-1",
        "uid": "pod-uid",
        "node": "node-1",
        "created": EARLIER,
        "phase": "Running",
        "waiting_reason": None,
        "waiting_message": None,
        "exit_code": None,
        "out_of_memory": False,
        "report": None,
    }
    return PodView(**given | changes)


def ended_pod(exit_code: int, report: Report | None = None, **changes: Any) -> PodView:
    """Return a pod whose worker exited."""
    return pod(phase="Failed" if exit_code else "Succeeded", exit_code=exit_code, report=report, **changes)


def row(
    status: str | None = "processing", claim: str | None = TOKEN, *, user: str | None = None, **given: Any
) -> JobRow:
    """Return a row; `given` are fields of its claim, and `error`."""
    error = given.pop("error", None)
    metadata: dict[str, Any] | None = {"user_id": user} if user is not None else None
    if claim is not None:
        metadata = stamped_metadata(metadata, Claim(claim=claim, **{"by": INSTALLATION, **given}))
    return JobRow(job_id=JOB_ID, status=status, error=error, metadata=metadata)


def seen(view: VideoJobView | None = None, **given: Any) -> Observation:
    """Return an observation."""
    return Observation(videojob=view or videojob(), **given)


def kinds(actions: list[Action]) -> list[str]:
    """Return what a plan does, in order."""
    return [type(action).__name__ for action in actions]


def conditions_of(patch: Any) -> dict[str, tuple[str, str]]:
    """Return status and reason by type of a status patch."""
    return {item["type"]: (item["status"], item["reason"]) for item in patch["conditions"]}


def report(reason: Reason | None = None, **given: Any) -> Report:
    """Return what a worker reported."""
    return Report(reason=reason, **given)
