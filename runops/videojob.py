"""The VideoJob custom resource as pydantic models, the source of its schema.

`runops.crd` turns these models into `crds/videojob.yaml`. Defaults and descriptions written here are what
`kubectl explain` and `kubectl get -o yaml` show.
"""

from typing import Annotated, Any, Literal, TypeVar, cast
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from runops.quality import MOST_FALLBACKS, Quality
from runops.report import Output, ResolvedPrompt, StageTime, Usage
from runops.videojob_pace import Pace
from runops.videojob_time_left import TimeLeftStatus

__all__ = [
    "API_VERSION",
    "GROUP",
    "JOB_ID_LABEL",
    "KIND",
    "MUTABLE_SPEC_FIELDS",
    "PLURAL",
    "VERSION",
    "Condition",
    "ModelChoice",
    "PromptChoice",
    "Resolved",
    "Source",
    "Toleration",
    "Transcode",
    "VideoJobSpec",
    "VideoJobStatus",
    "WorkerPlacement",
    "WorkerPod",
    "WorkerResources",
    "videojob_name",
]

GROUP = "runops.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "VideoJob"
PLURAL = "videojobs"
JOB_ID_LABEL = f"{GROUP}/job-id"
"""Label of the Jobs and pods of a VideoJob; its value is the row's id."""

MUTABLE_SPEC_FIELDS = frozenset({"suspend", "ttlSecondsAfterFinished"})
"""Spec fields that may change after creation; all others are immutable."""

UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_PROMPT_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*\.md$"
_MODEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._/-]*$"
_QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"


def videojob_name(job_id: UUID | str) -> str:
    """Return the name of the one VideoJob that a row may have."""
    return f"vj-{job_id}"


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


P = TypeVar("P", bound=BaseModel)
_MOST_INTERNED = 4096
_INTERNED: dict[BaseModel, BaseModel] = {}
_INTERNED_BY_TEXT: dict[str, BaseModel] = {}


def _interned(part: P) -> P:
    """Return one object for all equal parts, since most VideoJobs have the same ones.

    Without it 10,000 VideoJobs take 50 MiB more than the bound of 165 MiB leaves.
    """
    if len(_INTERNED) >= _MOST_INTERNED:
        _INTERNED.clear()
    return cast("P", _INTERNED.setdefault(part, part))


def _interned_by_text(part: P) -> P:
    """Do the same for a part that holds a list and therefore has no hash."""
    if len(_INTERNED_BY_TEXT) >= _MOST_INTERNED:
        _INTERNED_BY_TEXT.clear()
    return cast("P", _INTERNED_BY_TEXT.setdefault(part.model_dump_json(), part))


class Source(_Camel):
    """Where the recording is."""

    bucket: Annotated[
        str, Field(min_length=1, max_length=63, description="Storage bucket that holds the recording.")
    ] = "videos"
    object: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=512,
            pattern=r"^[^/].*$",
            description="Object in the bucket; raw/<jobId>.mp4 by default.",
        ),
    ] = None


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list that names a model twice."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is named twice; name each fallback model once")
    return names


class ModelChoice(_Camel):
    """The models."""

    transcribe: Annotated[
        str,
        Field(max_length=128, pattern=_MODEL_NAME, description="Gemini model that turns the video into a transcript."),
    ] = "gemini-3.8-flash"
    sop: Annotated[
        str,
        Field(max_length=128, pattern=_MODEL_NAME, description="Gemini model that turns the transcript into a SOP."),
    ] = "gemini-3.8-flash"
    fallback: Annotated[
        tuple[Annotated[str, Field(max_length=128, pattern=_MODEL_NAME)], ...],
        Field(
            max_length=MOST_FALLBACKS,
            description="Gemini models that are asked, in this order, where one of the above is retired, stays "
            "overloaded or gives no usable answer.",
            json_schema_extra={"x-kubernetes-list-type": "set"},
        ),
        AfterValidator(_each_once),
        PlainSerializer(list),
    ] = ()


class PromptChoice(_Camel):
    """The prompts, by the names of their files."""

    transcription: Annotated[
        str, Field(max_length=128, pattern=_PROMPT_NAME, description="Prompt file for the transcription.")
    ] = "transcription_prompt_v2.md"
    sop: Annotated[str, Field(max_length=128, pattern=_PROMPT_NAME, description="Prompt file for the SOP.")] = (
        "sop_parser_v0.8.md"
    )


class Transcode(_Camel):
    """How the slim video is encoded."""

    fps: Annotated[int, Field(ge=1, le=30, description="Pictures per second of the slim video.")] = 1
    height: Annotated[
        int, Field(ge=144, le=2160, multiple_of=2, description="Shorter side of the slim video in pixels; even.")
    ] = 720
    crf: Annotated[int, Field(ge=0, le=51, description="x264 constant rate factor; lower is better and larger.")] = 32


Quantity = Annotated[str, Field(max_length=32, pattern=_QUANTITY)]


class ResourceList(_Camel):
    """Amounts of what a pod uses."""

    cpu: Annotated[Quantity | None, Field(description="CPU, such as 500m or 2.")] = None
    memory: Annotated[Quantity | None, Field(description="Memory, such as 512Mi.")] = None
    ephemeral_storage: Annotated[
        Quantity | None,
        Field(alias="ephemeral-storage", description="Scratch disk, such as 4Gi: the recording and the slim video."),
    ] = None


class WorkerResources(_Camel):
    """Requests and limits of the worker's container."""

    requests: Annotated[ResourceList | None, Field(description="What the scheduler reserves for the worker.")] = None
    limits: Annotated[ResourceList | None, Field(description="What the worker may use at most.")] = None


class Toleration(_Camel):
    """A taint that the worker's pod tolerates."""

    key: Annotated[
        str | None, Field(max_length=253, description="Key of the taint; empty with Exists matches all taints.")
    ] = None
    operator: Annotated[Literal["Exists", "Equal"], Field(description="How key and value are compared.")] = "Equal"
    value: Annotated[str | None, Field(max_length=63, description="Value of the taint, for Equal.")] = None
    effect: Annotated[
        Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None,
        Field(description="Effect of the taint; all effects by default."),
    ] = None
    toleration_seconds: Annotated[
        int | None, Field(ge=0, description="How long NoExecute is tolerated, in seconds.")
    ] = None


class WorkerPlacement(_Camel):
    """Placement and resources of the worker's pod. It is not a pod template on purpose."""

    resources: Annotated[WorkerResources | None, Field(description="Requests and limits.")] = None
    node_selector: Annotated[
        dict[str, Annotated[str, Field(max_length=63)]] | None,
        Field(max_length=16, description="Labels that the node must have."),
    ] = None
    tolerations: Annotated[list[Toleration] | None, Field(max_length=16, description="Taints that are tolerated.")] = (
        None
    )
    priority_class_name: Annotated[
        str | None, Field(max_length=253, description="PriorityClass of the worker's pod.")
    ] = None


class VideoJobSpec(_Camel):
    """What to do. Immutable, except for `suspend` and `ttlSecondsAfterFinished`."""

    job_id: Annotated[
        str, Field(max_length=36, pattern=UUID_PATTERN, description="jobs.job_id of the row, in lower case.")
    ]
    user_id: Annotated[
        str | None,
        Field(
            max_length=36,
            pattern=UUID_PATTERN,
            description="Uploader of the recording and owner of the SOP. If the row has metadata.user_id, "
            "it is required and must be equal.",
        ),
    ] = None
    source: Annotated[Source, AfterValidator(_interned), Field(description="Where the recording is.")] = Source()
    model: Annotated[ModelChoice, AfterValidator(_interned), Field(description="The models.")] = ModelChoice()
    prompts: Annotated[PromptChoice, AfterValidator(_interned), Field(description="The prompts.")] = PromptChoice()
    transcode: Annotated[Transcode, AfterValidator(_interned), Field(description="How the slim video is encoded.")] = (
        Transcode()
    )
    retry_limit: Annotated[
        int, Field(ge=0, le=10, description="Further attempts after the first one failed for a temporary reason.")
    ] = 3
    active_deadline_seconds: Annotated[
        int,
        Field(
            ge=60,
            le=86_400,
            description="Longest run time of one attempt in seconds; waiting for a node does not count.",
        ),
    ] = 7200
    ttl_seconds_after_finished: Annotated[
        int, Field(ge=0, le=31_536_000, description="Seconds after which a finished VideoJob is deleted.")
    ] = 604_800
    suspend: Annotated[bool, Field(description="True stops the worker and keeps the row; false resumes it.")] = False
    queue_name: Annotated[
        str | None,
        Field(max_length=253, description="Kueue LocalQueue that admits the worker; leave it out without Kueue."),
    ] = None
    worker: Annotated[WorkerPlacement | None, Field(description="Placement and resources of the worker's pod.")] = None

    @property
    def source_object(self) -> str:
        """The object that holds the recording."""
        return self.source.object or f"raw/{self.job_id}.mp4"


class Condition(_Camel):
    """A condition of the VideoJob, by Kubernetes' API conventions."""

    type: Annotated[
        str,
        Field(
            max_length=316,
            description="Started, Progressing, Stalled, Blocked, Complete, Failed, Finished or RecordingPartlyLost.",
        ),
    ]
    status: Annotated[Literal["True", "False", "Unknown"], Field(description="Whether the statement holds.")]
    reason: Annotated[str, Field(max_length=1024, description="One CamelCase word that says why.")]
    message: Annotated[str, Field(max_length=32_768, description="One sentence for a person.")] = ""
    last_transition_time: Annotated[
        str, Field(max_length=40, json_schema_extra={"format": "date-time"}, description="When status last changed.")
    ]
    observed_generation: Annotated[
        int | None, Field(ge=0, description="Generation of the spec that the condition is about.")
    ] = None


class WorkerPod(_Camel):
    """The pod of the present or last attempt."""

    name: Annotated[str, Field(max_length=253, description="Name of the pod.")]
    uid: Annotated[str, Field(max_length=64, description="UID of the pod; only this pod may report progress.")]
    node: Annotated[str | None, Field(max_length=253, description="Node that the pod runs on.")] = None


class Resolved(_Camel):
    """What the attempt uses, fixed at its start."""

    image: Annotated[str | None, Field(max_length=512, description="Worker image.")] = None
    models: Annotated[
        Annotated[ModelChoice, AfterValidator(_interned)] | None, Field(description="Models requested.")
    ] = None
    prompts: Annotated[
        list[ResolvedPrompt] | None, Field(max_length=8, description="Prompts with the hash of their content.")
    ] = None
    sandbox: Annotated[
        str | None, Field(max_length=64, description="What confined ffmpeg on the node, such as landlock 7, seccomp.")
    ] = None


Phase = Literal["Pending", "Running", "Succeeded", "Failed", "Suspended"]


class VideoJobStatus(_Camel):
    """The state of the VideoJob. The conditions are the contract; `phase` is a summary of them."""

    observed_generation: Annotated[
        int | None, Field(ge=0, description="Generation of the spec that the operator last acted on.")
    ] = None
    conditions: Annotated[
        list[Annotated[Condition, AfterValidator(_interned)]] | None,
        Field(
            max_length=16,
            description="Finished is True for both outcomes, Complete and Failed; wait for it.",
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = None
    phase: Annotated[Phase | None, Field(description="Summary of the conditions.")] = None
    stage: Annotated[str | None, Field(max_length=64, description="Stage of the pipeline the worker is in.")] = None
    progress: Annotated[
        str | None,
        Field(max_length=8, pattern="^[0-9]{1,3}%$", description="Share of the work that is done, such as 42%."),
    ] = None
    start_time: Annotated[
        str | None,
        Field(max_length=40, json_schema_extra={"format": "date-time"}, description="When the first worker started."),
    ] = None
    completion_time: Annotated[
        str | None,
        Field(
            max_length=40,
            json_schema_extra={"format": "date-time"},
            description="When it ended, with success or failure.",
        ),
    ] = None
    attempts: Annotated[
        int | None,
        Field(ge=0, description="Attempts used up, plus the present one; evictions, quotas and keys use up none."),
    ] = None
    reason: Annotated[
        str | None, Field(max_length=64, description="Why it failed or waits, as one CamelCase word.")
    ] = None
    message: Annotated[str | None, Field(max_length=1024, description="The same in one sentence for a person.")] = None
    worker_pod: Annotated[WorkerPod | None, Field(description="The pod of the present or last attempt.")] = None
    resolved: Annotated[
        Annotated[Resolved, AfterValidator(_interned_by_text)] | None,
        Field(description="What the attempt uses, fixed at its start."),
    ] = None
    usage: Annotated[Usage | None, Field(description="Tokens and cost of the model calls.")] = None
    quality: Annotated[Quality | None, Field(description="How complete and how reliable transcript and SOP are.")] = (
        None
    )
    stages: Annotated[
        list[StageTime] | None, Field(max_length=8, description="How long each stage of the last attempt took.")
    ] = None
    time_left: Annotated[
        TimeLeftStatus | None, Field(description="When it is expected to end. Absent once it has ended.")
    ] = None
    pace: Annotated[Pace | None, Field(description="When calls go while a model's quota per minute is used up.")] = None
    outputs: Annotated[
        list[Output] | None, Field(max_length=8, description="Where the results are. Never their content.")
    ] = None


class VideoJob(_Camel):
    """The whole object, for reading manifests; the API server validates `metadata`."""

    api_version: Literal["runops.dev/v1alpha1"]
    kind: Literal["VideoJob"]
    metadata: dict[str, Any]
    spec: VideoJobSpec
    status: VideoJobStatus | None = None
