"""Slim, typed views of what the API server reports. Pure: manifests in, frozen records out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError

from runops.report import Report, parse_report
from runops.videojob import VideoJobSpec, VideoJobStatus

__all__ = [
    "BY_ANNOTATION",
    "CLAIM_ANNOTATION",
    "KUEUE_QUEUE_LABEL",
    "MANAGED_BY",
    "MANAGED_BY_LABEL",
    "UNREAD",
    "VIDEOJOB_LABEL",
    "JobView",
    "PodView",
    "Unread",
    "VideoJobView",
    "parse_job",
    "parse_pod",
    "parse_videojob",
]

CLAIM_ANNOTATION = "runops.dev/claim"
BY_ANNOTATION = "runops.dev/by"
VIDEOJOB_LABEL = "runops.dev/videojob"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "runops-operator"
KUEUE_QUEUE_LABEL = "kueue.x-k8s.io/queue-name"

WORKER_OWNED_STATUS = ("progress", "usage", "outputs")
"""Status fields that the worker writes while it runs; a change in them alone asks nothing of the operator."""


class Unread:
    """Stands where a row would, and says that it has not been read."""


UNREAD: Final = Unread()


@dataclass(frozen=True, slots=True)
class VideoJobView:
    """One VideoJob.

    Attributes
    ----------
    claim
        Token under which its row is held; None for one made by hand and not claimed yet.
    spec
        None where it is malformed; `spec_fault` then says how.
    version
        Its resource version: of two views the one with the higher number is the newer.
    """

    name: str
    uid: str
    generation: int
    claim: str | None
    spec: VideoJobSpec | None
    spec_fault: str | None
    status: VideoJobStatus
    deleting: bool
    version: int = field(default=0, compare=False)

    @property
    def finished(self) -> bool:
        """Whether its outcome is recorded."""
        return self.holds("Finished")

    @property
    def started(self) -> bool:
        """Whether a worker has run for it already."""
        return self.holds("Started")

    @property
    def blocked(self) -> bool:
        """Whether a key or a quota keeps it from going on, and would keep every other video too."""
        return self.holds("Blocked") and not (self.spec is not None and self.spec.suspend)

    def holds(self, kind: str) -> bool:
        """Whether a condition is True."""
        return any(item.type == kind and item.status == "True" for item in self.status.conditions or ())

    def without_worker_progress(self) -> "VideoJobView":
        """Return the view with what the worker reports left out."""
        return replace(self, status=self.status.model_copy(update=dict.fromkeys(WORKER_OWNED_STATUS)))


@dataclass(frozen=True, slots=True)
class JobView:
    """One of our Kubernetes Jobs.

    Attributes
    ----------
    failed_reason, failed_message
        Of its Failed condition; None while it has none.
    queued
        Whether Kueue decides when it runs.
    image
        The worker image it was made with.
    """

    name: str
    uid: str
    owner_uid: str | None
    claim: str | None
    suspended: bool
    active: int
    ready: int
    failed: int
    complete: bool
    queued: bool
    image: str | None
    failed_reason: str | None
    failed_message: str | None
    start_time: str | None
    completion_time: str | None
    deleting: bool
    version: int = field(default=0, compare=False)

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.complete or self.failed_reason is not None

    @property
    def ran(self) -> bool:
        """Whether a pod of it was made."""
        return self.complete or self.active + self.failed > 0


@dataclass(frozen=True, slots=True)
class PodView:
    """One worker pod.

    Attributes
    ----------
    waiting_reason, waiting_message
        Why its container does not run yet, as the kubelet or the scheduler says.
    exit_code
        Of its container; None while that has not ended.
    ended_reason, ended_message
        Why the kubelet ended the whole pod, such as DeadlineExceeded or Evicted.
    disrupted
        Whether the cluster took it away: an eviction, a drain, a preemption, a lost node.
    report
        Its termination message, where it left one.
    """

    name: str
    uid: str
    node: str | None
    created: str
    phase: str
    waiting_reason: str | None
    waiting_message: str | None
    exit_code: int | None
    out_of_memory: bool
    report: Report | None
    ended_reason: str | None = None
    ended_message: str | None = None
    disrupted: bool = False

    @property
    def works(self) -> bool:
        """Whether its container runs."""
        return self.phase == "Running" and self.exit_code is None


def parse_videojob(body: Mapping[str, Any]) -> VideoJobView:
    """Return the view of a VideoJob's manifest. A malformed spec or status is part of the view, never an error."""
    metadata = body["metadata"]
    spec, fault = None, None
    try:
        spec = VideoJobSpec.model_validate(body.get("spec") or {})
    except ValidationError as error:
        first = error.errors()[0]
        fault = f"spec.{'.'.join(map(str, first['loc']))}: {first['msg']}"[:500]
    try:
        status = VideoJobStatus.model_validate(body.get("status") or {})
    except ValidationError:
        status = VideoJobStatus()
    return VideoJobView(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        generation=metadata.get("generation", 1),
        claim=(metadata.get("annotations") or {}).get(CLAIM_ANNOTATION),
        spec=spec,
        spec_fault=fault,
        status=status,
        deleting="deletionTimestamp" in metadata,
        version=_version(metadata),
    )


def parse_job(body: Mapping[str, Any]) -> JobView:
    """Return the view of a batch/v1 Job's manifest."""
    metadata, status = body["metadata"], body.get("status") or {}
    conditions = {item["type"]: item for item in status.get("conditions") or () if item.get("status") == "True"}
    failed = conditions.get("Failed", {})
    return JobView(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        owner_uid=next(
            (owner["uid"] for owner in metadata.get("ownerReferences") or () if owner.get("controller")), None
        ),
        claim=(metadata.get("annotations") or {}).get(CLAIM_ANNOTATION),
        suspended=bool((body.get("spec") or {}).get("suspend")),
        active=status.get("active") or 0,
        ready=status.get("ready") or 0,
        failed=status.get("failed") or 0,
        complete="Complete" in conditions,
        queued=KUEUE_QUEUE_LABEL in (metadata.get("labels") or {}),
        image=_image(body),
        failed_reason=failed.get("reason"),
        failed_message=failed.get("message"),
        start_time=status.get("startTime"),
        completion_time=status.get("completionTime"),
        deleting="deletionTimestamp" in metadata,
        version=_version(metadata),
    )


def _image(job: Mapping[str, Any]) -> str | None:
    pod = ((job.get("spec") or {}).get("template") or {}).get("spec") or {}
    return next((item.get("image") for item in pod.get("containers") or () if item.get("name") == "worker"), None)


def _version(metadata: Mapping[str, Any]) -> int:
    """Return the resource version; those of one kind can be compared as numbers since Kubernetes 1.35."""
    text = str(metadata.get("resourceVersion", "0"))
    return int(text) if text.isdigit() else 0


def parse_pod(body: Mapping[str, Any]) -> PodView:
    """Return the view of a worker pod's manifest."""
    metadata, status = body["metadata"], body.get("status") or {}
    container: Mapping[str, Any] = next(
        (item for item in status.get("containerStatuses") or () if item.get("name") == "worker"),
        {},
    )
    state = container.get("state") or {}
    ended = state.get("terminated")
    waiting = state.get("waiting") or {}
    unscheduled: Mapping[str, Any] = next(
        (
            item
            for item in status.get("conditions") or ()
            if item.get("type") == "PodScheduled" and item.get("status") == "False"
        ),
        {},
    )
    return PodView(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        node=(body.get("spec") or {}).get("nodeName"),
        created=metadata.get("creationTimestamp") or "",
        phase=status.get("phase") or "Pending",
        waiting_reason=unscheduled.get("reason") or waiting.get("reason"),
        waiting_message=unscheduled.get("message") or waiting.get("message"),
        exit_code=ended.get("exitCode") if ended else None,
        out_of_memory=bool(ended and ended.get("reason") == "OOMKilled"),
        report=parse_report(ended.get("message")) if ended else None,
        ended_reason=status.get("reason"),
        ended_message=status.get("message"),
        disrupted=any(
            item.get("type") == "DisruptionTarget" and item.get("status") == "True"
            for item in status.get("conditions") or ()
        ),
    )
