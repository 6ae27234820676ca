"""What is kept of the pace of models, so that another process goes on with it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["ModelState", "PaceState", "RateState"]

_MOST_MODELS = 16


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class RateState(_Camel):
    """A rate of requests or of tokens; see `runops.pacing.rate.Rate`. Times are Unix times in seconds."""

    per_minute: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    limit: Annotated[int | None, Field(gt=0)] = None
    changed_at: Annotated[float, Field(allow_inf_nan=False)]
    cut_at: Annotated[float, Field(allow_inf_nan=False)]
    next_at: Annotated[float | None, Field(allow_inf_nan=False)] = None


class ModelState(_Camel):
    """The pace of one model; see `runops.pacing.model_pace.ModelPace`."""

    on: bool
    hold_until: Annotated[float, Field(allow_inf_nan=False)]
    refused_at: Annotated[float, Field(allow_inf_nan=False)]
    busy_at: Annotated[float, Field(allow_inf_nan=False)]
    requests: RateState
    tokens: RateState | None = None


class PaceState(_Camel):
    """The pace of all models that refused a call so far."""

    models: Annotated[dict[str, ModelState], Field(max_length=_MOST_MODELS)] = {}
