"""Slim, typed views of VideoJobs and Jobs as the API server reports them. Pure: manifests in, frozen records out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from runops.job_row import Lane
from runops.videojob import Condition, VideoJobSpec, VideoJobStatus
from runops_operator.manifests.fields import (
    claim_of,
    count_of,
    holder_of,
    object_of,
    objects_of,
    text_of,
    version_of,
    whole_of,
)
from runops_operator.manifests.labels import (
    KUEUE_QUEUE_LABEL,
    LANE_LABEL,
    ONLY_SOP_ANNOTATION,
    PROMPTS_ANNOTATION,
    QUEUED_AT_ANNOTATION,
    SOURCE_BYTES_ANNOTATION,
)

__all__ = ["UNREAD", "JobView", "Unread", "VideoJobView", "parse_job", "parse_videojob"]

_OBJECT_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")

WORKER_OWNED_STATUS = ("progress", "usage", "quality", "stages", "outputs", "pace", "time_left")
"""Status fields that the worker writes while it runs. A change in them alone needs no reconciliation. Nor does a grant
of the operator in `pace`, or what it expects in `time_left`."""


M = TypeVar("M", bound=BaseModel)
_NO_FIELDS: set[str] = set()


class Unread:
    """Takes the place of a row that has not been read."""


UNREAD: Final = Unread()


@dataclass(frozen=True, slots=True)
class VideoJobView:
    """One VideoJob.

    Attributes
    ----------
    claim
        Token under which its row is held; None for a VideoJob made by hand and not claimed yet.
    spec
        None where it is malformed; `spec_fault` then says why.
    by
        The installation whose VideoJob it is; None for one made by hand and not claimed yet.
    prompts
        ConfigMap with the prompts of its first attempt; None where no attempt was made.
    created, queued_at
        When it was created, and since when its row was queued then. None where that is not known.
    source_bytes
        Size of the recording; None where that is not known.
    lane
        Which slots it takes.
    only_sop
        Whether only the SOP is made again.
    version
        Its resource version: of two views the one with the higher number is newer.
    """

    name: str
    uid: str
    generation: int
    claim: str | None
    spec: VideoJobSpec | None
    spec_fault: str | None
    status: VideoJobStatus
    deleting: bool
    by: str | None = None
    prompts: str | None = None
    created: str | None = None
    queued_at: str | None = None
    source_bytes: int | None = None
    lane: Lane = Lane.FRESH
    only_sop: bool = False
    version: int = field(default=0, compare=False)

    @property
    def blocked_by(self) -> str | None:
        """Reason for which a key or a quota blocks it, and would block other videos too; None where nothing does."""
        blocked = self.condition("Blocked")
        return blocked.reason if blocked is not None and blocked.status == "True" else None

    @property
    def user(self) -> str:
        """Who uploaded the video; "" for nobody, and where the spec is malformed."""
        return (self.spec.user_id if self.spec is not None else None) or ""

    @property
    def finished(self) -> bool:
        """Whether its outcome is recorded."""
        return self.holds("Finished")

    @property
    def stands_still(self) -> bool:
        """Whether it waits for longer than a start takes, or a queue has not admitted it."""
        return self.holds("Stalled") or self.status.phase == "Suspended"

    @property
    def started(self) -> bool:
        """Whether a worker has run for it already."""
        return self.holds("Started")

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of a type; None where the status has none."""
        return next((item for item in self.status.conditions or () if item.type == kind), None)

    def holds(self, kind: str) -> bool:
        """Whether a condition is True."""
        condition = self.condition(kind)
        return condition is not None and condition.status == "True"

    def has_earlier_prompts(self, present: str) -> bool:
        """Whether its prompts are in another ConfigMap than those of new videos."""
        return self.prompts not in {None, present}

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
        Its worker image.
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
        """Whether a pod was created for it."""
        return self.complete or self.active + self.failed > 0


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
        name=metadata["name"],
        uid=str(metadata.get("uid") or ""),
        generation=generation if isinstance(generation, int) and generation > 0 else 1,
        claim=claim_of(metadata),
        spec=spec,
        spec_fault=fault,
        status=_bare_status(body.get("status")),
        deleting="deletionTimestamp" in metadata,
        by=holder_of(metadata),
        prompts=_prompts(metadata),
        created=text_of(metadata.get("creationTimestamp")),
        queued_at=text_of(object_of(metadata.get("annotations")).get(QUEUED_AT_ANNOTATION)),
        source_bytes=whole_of(object_of(metadata.get("annotations")).get(SOURCE_BYTES_ANNOTATION)),
        lane=_lane(metadata),
        only_sop=object_of(metadata.get("annotations")).get(ONLY_SOP_ANNOTATION) == "true",
        version=version_of(metadata),
    )


def _bare(model: M) -> M:
    """Return a model without pydantic's record of which fields were given, which is larger than the rest of it.

    With it 10,000 VideoJobs take 17 MiB more, which the bound of 165 MiB does not leave.
    """
    return model.model_construct(_NO_FIELDS, **dict(model))


def _bare_status(value: Any) -> VideoJobStatus:
    status = _status(value)
    if status.worker_pod is not None:
        status = status.model_copy(update={"worker_pod": _bare(status.worker_pod)})
    if status.time_left is not None:
        status = status.model_copy(update={"time_left": _bare(status.time_left)})
    if status.usage is not None:
        # Nobody here reads the cost by attempt, and 10,000 VideoJobs have it.
        status = status.model_copy(update={"usage": status.usage.model_copy(update={"attempts": ()})})
    return _bare(status)


def _prompts(metadata: Mapping[str, Any]) -> str | None:
    name = object_of(metadata.get("annotations")).get(PROMPTS_ANNOTATION)
    return name if isinstance(name, str) and _OBJECT_NAME.fullmatch(name) else None


def _lane(metadata: Mapping[str, Any]) -> Lane:
    is_backfill = object_of(metadata.get("labels")).get(LANE_LABEL) == Lane.BACKFILL.value
    return Lane.BACKFILL if is_backfill else Lane.FRESH


def _status(value: Any) -> VideoJobStatus:
    """Return a status without its malformed fields: one of them must not hide that the VideoJob has finished."""
    try:
        return VideoJobStatus.model_validate(value or {})
    except ValidationError:
        given = dict(object_of(value))
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
    metadata, status = body["metadata"], object_of(body.get("status"))
    conditions = {
        str(item.get("type")): item for item in objects_of(status.get("conditions")) if item.get("status") == "True"
    }
    failed = conditions.get("Failed", {})
    owners = [owner for owner in objects_of(metadata.get("ownerReferences")) if owner.get("controller")]
    return JobView(
        name=metadata["name"],
        uid=str(metadata.get("uid") or ""),
        owner_uid=text_of(owners[0].get("uid")) if owners else None,
        claim=claim_of(metadata),
        suspended=bool(object_of(body.get("spec")).get("suspend")),
        active=count_of(status.get("active")),
        ready=count_of(status.get("ready")),
        failed=count_of(status.get("failed")),
        complete="Complete" in conditions,
        queued=KUEUE_QUEUE_LABEL in object_of(metadata.get("labels")),
        image=text_of(_image(body)),
        failed_reason=(text_of(failed.get("reason")) or "Failed") if failed else None,
        failed_message=text_of(failed.get("message")),
        start_time=text_of(status.get("startTime")),
        completion_time=text_of(status.get("completionTime")),
        deleting="deletionTimestamp" in metadata,
        version=version_of(metadata),
    )


def _image(job: Mapping[str, Any]) -> str | None:
    pod = object_of(object_of(object_of(job.get("spec")).get("template")).get("spec"))
    return next((item.get("image") for item in objects_of(pod.get("containers")) if item.get("name") == "worker"), None)
