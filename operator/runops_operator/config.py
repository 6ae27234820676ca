"""The operator's configuration file, as the chart renders it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from runops.polling import Poll
from runops.videojob import ModelChoice, PromptChoice, Toleration, Transcode, WorkerResources

__all__ = ["ConfigInvalid", "Limits", "OperatorConfig", "WorkerConfig", "load_config"]


class ConfigInvalid(Exception):  # noqa: N818 - says what is the case
    """The configuration file is missing or cannot be read; the message names the file and the field."""


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class Prompts(PromptChoice):
    """Which prompts new VideoJobs use, and the ConfigMap that holds them."""

    model_config = ConfigDict(extra="forbid")

    config_map: str


class Limits(_Camel):
    """What a recording may be at most."""

    max_bytes: Annotated[int, Field(gt=0)] = 4 * 1024**3
    max_duration_seconds: Annotated[int, Field(gt=0)] = 7200


class WorkerConfig(_Camel):
    """How worker pods are made."""

    image: str
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    service_account_name: str
    secret_name: str
    resources: WorkerResources = WorkerResources()
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    priority_class_name: str | None = None
    annotations: dict[str, str] = Field(default_factory=dict)
    scratch_size_limit: str = "9Gi"
    termination_grace_period_seconds: Annotated[int, Field(ge=1)] = 30


class Health(_Camel):
    """Where liveness and readiness are served."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class OperatorConfig(_Camel):
    """All settings of the operator.

    Attributes
    ----------
    installation
        Who claims: unique among everything that claims rows of this table.
    max_concurrent
        Unfinished VideoJobs at one time.
    resync_seconds
        Between full comparisons with cluster and table.
    """

    installation: Annotated[str, Field(min_length=1, max_length=200)]
    namespace: Annotated[str, Field(min_length=1, max_length=63)]
    max_concurrent: Annotated[int, Field(ge=1, le=10_000)] = 10
    models: ModelChoice = ModelChoice()
    prompts: Prompts
    transcode: Transcode = Transcode()
    retry_limit: Annotated[int, Field(ge=0, le=10)] = 3
    active_deadline_seconds: Annotated[int, Field(ge=60, le=86_400)] = 7200
    ttl_seconds_after_finished: Annotated[int, Field(ge=0)] = 604_800
    limits: Limits = Limits()
    poll: Poll = Poll()
    resync_seconds: Annotated[float, Field(gt=0)] = 300.0
    worker: WorkerConfig
    queue_name: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    health: Health = Health()


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
