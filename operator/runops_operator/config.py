"""The operator's configuration file, as the chart renders it."""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from runops.dollars import LARGEST_USD
from runops.installation import default_installation
from runops.job_row import Lane
from runops.picture_resolution import PictureResolution
from runops.polling import Poll
from runops.sop_language import LANGUAGE_PATTERN
from runops.videojob import ModelChoice, PromptChoice, Toleration, Transcode, WorkerResources

__all__ = [
    "Backfill",
    "CaBundle",
    "ConfigInvalid",
    "Cost",
    "Deadlines",
    "LeaderElection",
    "Limits",
    "OperatorConfig",
    "Scratch",
    "Tracing",
    "WorkerConfig",
    "load_config",
]


class ConfigInvalid(Exception):  # noqa: N818 - names the state
    """The configuration file is missing or cannot be read; the message names the file and the field."""


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_given(cls, given: Any) -> Any:
        """Use the default: the values that `helm upgrade --reuse-values` keeps lack those that are new in a chart."""
        return {name: value for name, value in given.items() if value is not None} if isinstance(given, dict) else given


class Prompts(PromptChoice):
    """Which prompts new VideoJobs use, and the ConfigMap that holds them."""

    model_config = ConfigDict(extra="forbid")

    config_map: str


class Limits(_Camel):
    """What a recording may be at most, and what of a broken one must be readable at least."""

    max_bytes: Annotated[int, Field(gt=0)] = 4 * 1024**3
    max_duration_seconds: Annotated[int, Field(gt=0)] = 7200
    least_readable_percent: Annotated[int, Field(gt=0, le=100)] = 50
    least_readable_seconds: Annotated[int, Field(gt=0)] = 10


class CaBundle(_Camel):
    """Where the certificates are that are trusted beside the public ones: a ConfigMap or a Secret, and a key in it."""

    config_map: Annotated[str, Field(min_length=1)] | None = None
    secret: Annotated[str, Field(min_length=1)] | None = None
    key: Annotated[str, Field(min_length=1)] = "ca.crt"

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.config_map is None) == (self.secret is None):
            raise ValueError("one of configMap and secret must be set")
        return self


class Scratch(_Camel):
    """What a worker's scratch volume is.

    Attributes
    ----------
    type
        `emptyDir`, on the node's disk, or `volume`: a generic ephemeral volume, which goes with the pod.
    storage_class_name
        Of the volume; None for the cluster's default.
    """

    type: Literal["emptyDir", "volume"] = "emptyDir"
    storage_class_name: Annotated[str, Field(min_length=1, max_length=253)] | None = None


class WorkerConfig(_Camel):
    """How Jobs and worker pods are created.

    Attributes
    ----------
    ca_bundle
        Authorities that workers trust beside the public ones; None for no others.
    affinity, topology_spread_constraints, extra_env, extra_env_from, extra_volumes, extra_volume_mounts
        In Kubernetes' own form; the API server validates them.
    host_users
        False for a separate user namespace of the pod; None leaves it to the cluster.
    job_labels, job_annotations
        Of the Job; the operator's own have precedence.
    labels, annotations
        Of the pod; the operator's own have precedence.
    platform_chooses_user
        Whether user and group of the pod are left to the platform, which refuses any other.
    succeeded_job_ttl_seconds, failed_job_ttl_seconds
        How long Job and pod stay after a video has succeeded or failed, and with them the log of the pod.
    redaction
        Whether workers hide secrets that a recording shows or says, before they store anything.
    leave_out_idle
        Whether the model does not get stretches in which nothing happens.
    picture_resolution
        How finely the model sees the pictures.
    sop_language
        Language of SOPs; None for the one that is spoken in each recording.
    page
        Whether workers write the page of each procedure to storage.
    """

    image: str
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    service_account_name: str
    secret_name: str
    resources: WorkerResources = WorkerResources()
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    affinity: dict[str, Any] = Field(default_factory=dict)
    topology_spread_constraints: tuple[dict[str, Any], ...] = ()
    priority_class_name: str | None = None
    host_users: bool | None = None
    job_labels: dict[str, str] = Field(default_factory=dict)
    job_annotations: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    ca_bundle: CaBundle | None = None
    platform_chooses_user: bool = False
    extra_env: tuple[dict[str, Any], ...] = ()
    extra_env_from: tuple[dict[str, Any], ...] = ()
    extra_volumes: tuple[dict[str, Any], ...] = ()
    extra_volume_mounts: tuple[dict[str, Any], ...] = ()
    scratch_size_limit: str = "9Gi"
    scratch: Scratch = Scratch()
    termination_grace_period_seconds: Annotated[int, Field(ge=1)] = 30
    succeeded_job_ttl_seconds: Annotated[int, Field(ge=0)] = 0
    failed_job_ttl_seconds: Annotated[int, Field(ge=0)] = 86_400
    require_landlock: bool = False
    redaction: bool = True
    leave_out_idle: bool = False
    picture_resolution: PictureResolution = PictureResolution.HIGH
    sop_language: Annotated[str, Field(pattern=LANGUAGE_PATTERN)] | None = None
    page: bool = False


Dollars = Annotated[Decimal, Field(gt=0, le=LARGEST_USD)]


class Cost(_Camel):
    """The most that the model may cost, in US dollars; None for no cap. Days and months are those of UTC.

    Attributes
    ----------
    max_per_video_usd
        Of one video, over all its attempts. The worker keeps it.
    max_per_user_and_day_usd, max_per_day_usd, max_per_month_usd
        Of all videos of a user on a day, of all videos on a day, in a month. When it is reached, no further row is
        claimed of that user, or at all.
    require_prices
        Whether a video whose model has no known price is refused where there is a cap per video.
    record
        Name of the ConfigMap that holds what was spent.
    """

    max_per_video_usd: Dollars | None = None
    max_per_user_and_day_usd: Dollars | None = None
    max_per_day_usd: Dollars | None = None
    max_per_month_usd: Dollars | None = None
    require_prices: bool = False
    record: Annotated[str, Field(min_length=1, max_length=253)] = "runops-spending"

    @property
    def has_caps_over_videos(self) -> bool:
        """Whether what all videos cost together must be counted."""
        caps = (self.max_per_user_and_day_usd, self.max_per_day_usd, self.max_per_month_usd)
        return any(cap is not None for cap in caps)


class Deadlines(_Camel):
    """How long each state may last, in seconds.

    Attributes
    ----------
    claimed
        A VideoJob whose Job or pod does not exist yet. Then it is shown as stalled.
    unschedulable, image_pull, starting
        A pod for which no node has room, whose image cannot be pulled, that does not start for another reason. Then the
        VideoJob is shown as stalled. It keeps waiting, and no attempt is used up.
    no_progress
        A running worker that does not update its row; it does so every 30 s. Then the attempt ends, and counts.
    cancelling
        A pod that was asked to stop. Then it is deleted by force.
    waiting
        A VideoJob that has been stalled in one of the first four states. Then its row ends in error. A rejected key is
        not among them: such a video is tried again until the key works, at most 10,000 times.
    upload, gemini_file
        In the worker: one upload to storage; a video that Gemini processes. Then the attempt ends, and counts.
    """

    claimed_seconds: Annotated[float, Field(gt=0)] = 300.0
    unschedulable_seconds: Annotated[float, Field(gt=0)] = 900.0
    image_pull_seconds: Annotated[float, Field(gt=0)] = 600.0
    starting_seconds: Annotated[float, Field(gt=0)] = 300.0
    no_progress_seconds: Annotated[float, Field(gt=0)] = 600.0
    cancelling_seconds: Annotated[float, Field(gt=0)] = 120.0
    waiting_seconds: Annotated[float, Field(gt=0)] = 86_400.0
    upload_seconds: Annotated[int, Field(gt=0)] = 1800
    gemini_file_seconds: Annotated[int, Field(gt=0)] = 600


class LeaderElection(_Camel):
    """Which of several replicas works. Correctness does not depend on it; it avoids double work.

    Attributes
    ----------
    lease
        Name of the Lease.
    lease_seconds
        After this long without a renewal another replica takes over.
    retry_seconds
        Between two tries to take or renew the Lease.
    """

    enabled: bool = False
    lease: Annotated[str, Field(min_length=1, max_length=63)] = "runops-operator"
    lease_seconds: Annotated[float, Field(ge=1)] = 15.0
    retry_seconds: Annotated[float, Field(gt=0)] = 2.0


class Health(_Camel):
    """Where liveness, readiness and metrics are served."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class Tracing(_Camel):
    """Where traces go.

    Attributes
    ----------
    endpoint
        Base address of an OTLP/HTTP receiver, such as http://otel-collector.observability:4318; None for no traces.
    sample_ratio
        Share of the videos that is traced.
    """

    endpoint: Annotated[str, Field(pattern=r"^https?://[^?#\s]+$")] | None = None
    sample_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0


class Realtime(_Camel):
    """Whether Supabase Realtime reports queued rows. It only starts a read of the table earlier."""

    enabled: bool = False


class TimeLeft(_Camel):
    """Where it is said when videos are expected to end, beside the status of their VideoJobs.

    Attributes
    ----------
    in_rows
        Whether rows say it, too, in `metadata.runops_time_left`.
    """

    in_rows: bool = False


class Backfill(_Camel):
    """The lane of rows whose `metadata.backfill` is true: work that may wait.

    Attributes
    ----------
    max_concurrent
        Unfinished VideoJobs of such rows at one time, beside `max_concurrent` for all others. 0: they wait.
    """

    max_concurrent: Annotated[int, Field(ge=0, le=10_000)] = 2


class OperatorConfig(_Camel):
    """All settings of the operator.

    Attributes
    ----------
    installation
        Name in claims: unique among everything that claims rows of this table. Empty until `named` where the file has
        none.
    release
        Name of the release, for the default of `installation`.
    common_labels, common_annotations
        Of every object that the operator makes; its own have precedence.
    max_concurrent
        Unfinished VideoJobs at one time; paused ones do not count. 0 claims nothing.
    max_concurrent_per_user
        Of these, how many may be one user's; None for no such limit. It holds in the lane of backfills by itself.
    backfill
        Slots of rows that may wait.
    ageing_seconds
        After each such wait a row counts as one step of `metadata.priority` higher.
    resync_seconds
        Between full listings of the cluster.
    rows_seconds
        Between reads of the claimed rows, for up to 250 of them; then longer.
    stale_after_seconds
        When a row in `processing` that another installation holds, or none, counts as abandoned.
    confirm_seconds
        How long after a claim the row is read again: a consumer without claims, such as the old worker, may have read
        the row before the claim and overwrite it.
    former_installations
        Names under which this installation claimed rows before it was renamed or moved. It carries on their videos.
    user_metrics
        Whether metrics name users.
    pace_config_map
        ConfigMap that keeps what is known of the model's quotas per minute; None for none. It exists already.
    drain_config_map
        ConfigMap in which `runops drain` orders to claim nothing; None for none. It exists already.
    """

    installation: Annotated[str, Field(max_length=200)] = ""
    release: Annotated[str, Field(max_length=63)] = ""
    former_installations: tuple[Annotated[str, Field(min_length=1, max_length=300)], ...] = ()
    namespace: Annotated[str, Field(min_length=1, max_length=63)]
    common_labels: dict[str, str] = Field(default_factory=dict)
    common_annotations: dict[str, str] = Field(default_factory=dict)
    max_concurrent: Annotated[int, Field(ge=0, le=10_000)] = 10
    max_concurrent_per_user: Annotated[int, Field(ge=1, le=10_000)] | None = None
    backfill: Backfill = Backfill()
    ageing_seconds: Annotated[float, Field(gt=0)] = 600.0
    models: ModelChoice = ModelChoice()
    prompts: Prompts
    transcode: Transcode = Transcode()
    retry_limit: Annotated[int, Field(ge=0, le=10)] = 3
    active_deadline_seconds: Annotated[int, Field(ge=60, le=86_400)] = 7200
    ttl_seconds_after_finished: Annotated[int, Field(ge=0)] = 604_800
    limits: Limits = Limits()
    poll: Poll = Poll()
    realtime: Realtime = Realtime()
    time_left: TimeLeft = TimeLeft()
    resync_seconds: Annotated[float, Field(gt=0)] = 300.0
    rows_seconds: Annotated[float, Field(gt=0)] = 5.0
    stale_after_seconds: Annotated[float, Field(gt=0)] = 3600.0
    confirm_seconds: Annotated[float, Field(ge=0)] = 0.3
    deadlines: Deadlines = Deadlines()
    cost: Cost = Cost()
    leader_election: LeaderElection = LeaderElection()
    worker: WorkerConfig
    queue_name: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    health: Health = Health()
    user_metrics: bool = True
    pace_config_map: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    drain_config_map: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    tracing: Tracing = Tracing()

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if not (self.installation or self.release):
            raise ValueError("installation or release must be set")
        return self

    def named(self, namespace_uid: str) -> Self:
        """Return the settings with the default name, which is the cluster's own by the uid of its Namespace."""
        name = default_installation(self.namespace, self.release, namespace_uid)
        return self.model_copy(update={"installation": name})

    def slots_of(self, lane: Lane) -> int:
        """Return how many unfinished VideoJobs a lane may have."""
        return self.max_concurrent if lane is Lane.FRESH else self.backfill.max_concurrent

    @property
    def own_names(self) -> frozenset[str]:
        """The names under which rows and VideoJobs are this installation's own."""
        return frozenset({self.installation, *self.former_installations})

    @property
    def shared_name(self) -> str | None:
        """NAMESPACE/RELEASE, the default name of earlier releases; None where the name is not the default.

        Other clusters may have claimed rows under it, too. A VideoJob of this namespace that has it is our own, and a
        row where it carries the token of such a VideoJob.
        """
        name = f"{self.namespace}/{self.release}"
        return name if self.installation.startswith(default_installation(self.namespace, self.release, "")) else None

    @property
    def names_of_videojobs(self) -> frozenset[str]:
        """The names under which VideoJobs of this namespace are this installation's own."""
        return self.own_names if self.shared_name is None else self.own_names | {self.shared_name}


def load_config(environ: Mapping[str, str] | None = None) -> OperatorConfig:
    """Read the file that `$RUNOPS_CONFIG` names.

    Raises
    ------
    ConfigInvalid
        The variable is not set, the file cannot be read, or a field is wrong.
    """
    path = (os.environ if environ is None else environ).get("RUNOPS_CONFIG")
    if not path:
        raise ConfigInvalid("RUNOPS_CONFIG is not set; it names the operator's configuration file (YAML).")
    try:
        return OperatorConfig.model_validate(yaml.safe_load(Path(path).read_text("utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigInvalid(f"The configuration file {path} cannot be read: {error}") from error
    except ValidationError as error:
        fields = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors()[:5])
        raise ConfigInvalid(f"The configuration file {path} is wrong: {fields}") from error
