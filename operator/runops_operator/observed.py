"""Slim, typed views of what the API server reports. Pure: manifests in, frozen records out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from sys import intern
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from runops.job_row import CLAIM_PATTERN
from runops.report import Report, parse_report
from runops.videojob import Condition, VideoJobSpec, VideoJobStatus

__all__ = [
    "BY_ANNOTATION",
    "CLAIM_ANNOTATION",
    "JOB_NAME_LABEL",
    "KUEUE_QUEUE_LABEL",
    "MANAGED_BY",
    "MANAGED_BY_LABEL",
    "PROMPTS_ANNOTATION",
    "QUEUED_AT_ANNOTATION",
    "SOURCE_BYTES_ANNOTATION",
    "UNREAD",
    "VIDEOJOB_LABEL",
    "JobView",
    "PodView",
    "Unread",
    "VideoJobView",
    "is_version_of",
    "parse_job",
    "parse_pod",
    "parse_videojob",
    "same",
]

CLAIM_ANNOTATION = "runops.dev/claim"
BY_ANNOTATION = "runops.dev/by"
PROMPTS_ANNOTATION = "runops.dev/prompts"
"""The ConfigMap of prompts that a video was begun with: a later attempt mounts the very same."""
QUEUED_AT_ANNOTATION = "runops.dev/queued-at"
"""Since when its row had waited when it was claimed."""
SOURCE_BYTES_ANNOTATION = "runops.dev/source-bytes"
"""Size of the recording as storage told it when the row was claimed."""
VIDEOJOB_LABEL = "runops.dev/videojob"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "runops-operator"
JOB_NAME_LABEL = "batch.kubernetes.io/job-name"
"""Set by the Job controller on every pod that it makes."""
KUEUE_QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
_TOKEN = re.compile(CLAIM_PATTERN)
_OBJECT_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")

WORKER_OWNED_STATUS = ("progress", "usage", "stages", "outputs")
"""Status fields that the worker writes while it runs; a change in them alone asks nothing of the operator."""


M = TypeVar("M", bound=BaseModel)
_NOT_NOTED: set[str] = set()


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
    prompts
        ConfigMap of the prompts that it was begun with; None where that is not written down.
    created, queued_at
        When it was made; since when its row had waited then. None where that is not known.
    source_bytes
        Size of the recording; None where that is not known.
    version
        Its resource version: of two views the one with the higher number is the newer.
    blocked_by
        Reason for which a key or a quota keeps it from going on, and would keep every other video too; None where
        nothing does.
    """

    name: str
    uid: str
    generation: int
    claim: str | None
    spec: VideoJobSpec | None
    spec_fault: str | None
    status: VideoJobStatus
    deleting: bool
    prompts: str | None = None
    created: str | None = None
    queued_at: str | None = None
    source_bytes: int | None = None
    version: int = field(default=0, compare=False)
    blocked_by: str | None = field(init=False, compare=False, default=None)

    def __post_init__(self) -> None:
        # Of all unfinished ones it is asked at each look at the table.
        said = next(
            (item.reason for item in self.status.conditions or () if item.type == "Blocked" and item.status == "True"),
            None,
        )
        object.__setattr__(self, "blocked_by", said)

    @property
    def finished(self) -> bool:
        """Whether its outcome is recorded."""
        return self.holds("Finished")

    @property
    def started(self) -> bool:
        """Whether a worker has run for it already."""
        return self.holds("Started")

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


@dataclass(frozen=True, slots=True)
class PodRefusal:
    """That a Job's pod could not be made.

    Attributes
    ----------
    job_uid
        Which Job.
    words
        The API server's.
    at
        When, as Kubernetes writes times.
    """

    job_uid: str
    words: str
    at: str


def parse_videojob(body: Mapping[str, Any]) -> VideoJobView:
    """Return the view of a VideoJob's manifest. A malformed spec or status is part of the view, never an error."""
    metadata = body["metadata"]
    generation = metadata.get("generation")
    spec, fault = None, None
    try:
        spec = _bare(VideoJobSpec.model_validate(body.get("spec") or {}))
    except ValidationError as error:
        first = error.errors()[0]
        fault = f"spec.{'.'.join(map(str, first['loc']))}: {first['msg']}"[:500]
    return VideoJobView(
        name=same(metadata["name"]),
        uid=same(str(metadata.get("uid") or "")),
        generation=generation if isinstance(generation, int) and generation > 0 else 1,
        claim=_claim(metadata),
        spec=spec,
        spec_fault=fault,
        status=_bare_status(body.get("status")),
        deleting="deletionTimestamp" in metadata,
        prompts=_prompts(metadata),
        created=_text(metadata.get("creationTimestamp")),
        queued_at=_text(_object(metadata.get("annotations")).get(QUEUED_AT_ANNOTATION)),
        source_bytes=_whole(_object(metadata.get("annotations")).get(SOURCE_BYTES_ANNOTATION)),
        version=_version(metadata),
    )


def is_version_of(body: Mapping[str, Any], view: VideoJobView | JobView | None) -> bool:
    """Tell whether a manifest is in the very version that a view shows: of thousands listed anew, nearly all are."""
    if view is None or not view.version:
        return False
    metadata = body["metadata"]
    return metadata.get("uid") == view.uid and _version(metadata) == view.version


def _bare(model: M) -> M:
    """Return a model without the note of which fields were given: it is larger than all else of it, and nobody asks."""
    object.__setattr__(model, "__pydantic_fields_set__", _NOT_NOTED)
    return model


def _bare_status(value: Any) -> VideoJobStatus:
    status = _bare(_status(value))
    if status.worker_pod is not None:
        _bare(status.worker_pod)
    return status


def same(text: str) -> str:
    """Return the one string for all that are alike: a Job repeats much of its VideoJob, and of other Jobs."""
    return intern(text)


def _text(value: Any) -> str | None:
    return same(value) if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    """Return a number that stands in an annotation, which anybody may write; None where it is none to reckon with."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value, re.ASCII) else None


def _prompts(metadata: Mapping[str, Any]) -> str | None:
    name = _object(metadata.get("annotations")).get(PROMPTS_ANNOTATION)
    return same(name) if isinstance(name, str) and _OBJECT_NAME.fullmatch(name) else None


def _status(value: Any) -> VideoJobStatus:
    """Return a status without the fields that are malformed: an end that is recorded must not be lost over another."""
    try:
        return VideoJobStatus.model_validate(value or {})
    except ValidationError:
        given = dict(_object(value))
    if isinstance(given.get("conditions"), list):
        given["conditions"] = [item for item in given["conditions"] if _fits(Condition, item)]
    return VideoJobStatus.model_validate(
        {key: item for key, item in given.items() if _fits(VideoJobStatus, {key: item})}
    )


def _fits(model: type[BaseModel], value: Any) -> bool:
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


def parse_job(body: Mapping[str, Any]) -> JobView:
    """Return the view of a batch/v1 Job's manifest."""
    metadata, status = body["metadata"], _object(body.get("status"))
    conditions = {
        str(item.get("type")): item for item in _objects(status.get("conditions")) if item.get("status") == "True"
    }
    failed = conditions.get("Failed", {})
    owners = [owner for owner in _objects(metadata.get("ownerReferences")) if owner.get("controller")]
    return JobView(
        name=same(metadata["name"]),
        uid=same(str(metadata.get("uid") or "")),
        owner_uid=_text(owners[0].get("uid")) if owners else None,
        claim=_claim(metadata),
        suspended=bool(_object(body.get("spec")).get("suspend")),
        active=_count(status.get("active")),
        ready=_count(status.get("ready")),
        failed=_count(status.get("failed")),
        complete="Complete" in conditions,
        queued=KUEUE_QUEUE_LABEL in _object(metadata.get("labels")),
        image=_text(_image(body)),
        failed_reason=failed.get("reason"),
        failed_message=failed.get("message"),
        start_time=_text(status.get("startTime")),
        completion_time=_text(status.get("completionTime")),
        deleting="deletionTimestamp" in metadata,
        version=_version(metadata),
    )


def parse_pod_refusal(body: Mapping[str, Any]) -> PodRefusal:
    """Return the view of an event that tells that a Job's pod could not be made."""
    metadata = _object(body.get("metadata"))
    at = body.get("lastTimestamp") or body.get("eventTime") or metadata.get("creationTimestamp")
    return PodRefusal(
        job_uid=str(_object(body.get("involvedObject")).get("uid") or ""),
        words=str(body.get("message") or ""),
        at=str(at or ""),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _claim(metadata: Mapping[str, Any]) -> str | None:
    """Return the token of an object, which anybody may write there; None where it is no token."""
    text = _object(metadata.get("annotations")).get(CLAIM_ANNOTATION)
    return same(text) if isinstance(text, str) and _TOKEN.fullmatch(text) else None


def _image(job: Mapping[str, Any]) -> str | None:
    pod = _object(_object(_object(job.get("spec")).get("template")).get("spec"))
    return next((item.get("image") for item in _objects(pod.get("containers")) if item.get("name") == "worker"), None)


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
        node=_text((body.get("spec") or {}).get("nodeName")),
        created=_text(metadata.get("creationTimestamp")) or "",
        phase=same(status.get("phase") or "Pending"),
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
