"""`status.pace` of a VideoJob: how a worker and the operator agree on when calls to a model go."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["Pace", "PaceGranted", "PaceLimit", "PaceRefused", "PaceWanted"]

_BY_MODEL = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["model"]}
_MOST_MODELS = 8
ModelName = Annotated[str, Field(min_length=1, max_length=128, description="The model that is asked.")]


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class PaceLimit(_Camel):
    """A quota per minute that is used up."""

    counted: Annotated[Literal["requests", "tokens"], Field(description="What the quota counts.")]
    per_minute: Annotated[
        int | None, Field(ge=1, le=10**12, description="How many in a minute, where the model's API says so.")
    ] = None


class PaceRefused(_Camel):
    """The last call that was refused since a quota per minute is used up."""

    model: ModelName
    at: Annotated[
        str, Field(max_length=40, json_schema_extra={"format": "date-time"}, description="When it was refused.")
    ]
    retry_after_seconds: Annotated[
        float | None, Field(ge=0, le=86_400, description="What the model's API asks to wait, where it says so.")
    ] = None
    limits: Annotated[list[PaceLimit] | None, Field(max_length=4, description="The quotas that are used up.")] = None


class PaceWanted(_Camel):
    """Calls that the worker has made or wants to make."""

    model: ModelName
    calls: Annotated[int, Field(ge=0, description="Calls that were granted, and those that wait.")]
    tokens: Annotated[
        list[Annotated[int, Field(ge=0)]],
        Field(max_length=16, description="Estimated tokens of the input of each call that waits, in their order."),
    ]


class PaceGranted(_Camel):
    """Calls that the operator allows."""

    model: ModelName
    paced: Annotated[bool, Field(description="Whether calls wait for grants.")]
    calls: Annotated[int, Field(ge=0, description="Calls that were granted so far.")]


class Pace(_Camel):
    """When calls to a model go while its quota per minute is used up."""

    refused: Annotated[
        list[PaceRefused] | None,
        Field(
            max_length=_MOST_MODELS,
            description="Written by the worker: calls refused for a quota per minute.",
            json_schema_extra=_BY_MODEL,
        ),
    ] = None
    wanted: Annotated[
        list[PaceWanted] | None,
        Field(
            max_length=_MOST_MODELS,
            description="Written by the worker: calls that wait for a grant.",
            json_schema_extra=_BY_MODEL,
        ),
    ] = None
    granted: Annotated[
        list[PaceGranted] | None,
        Field(max_length=_MOST_MODELS, description="Written by the operator: grants.", json_schema_extra=_BY_MODEL),
    ] = None
