"""`status.timeLeft` of a VideoJob: when it is expected to end, or why nothing is said."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["TimeLeftStatus"]


def _time(description: str) -> object:
    return Field(max_length=40, json_schema_extra={"format": "date-time"}, description=description)


class TimeLeftStatus(BaseModel):
    """When a VideoJob is expected to end, as finished ones suggest."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    position: Annotated[
        int | None, Field(ge=1, description="Place among the VideoJobs whose worker has not started, oldest first.")
    ] = None
    earliest: Annotated[str | None, _time("Beginning of the range in which it is expected to end.")] = None
    likely: Annotated[str | None, _time("When it is most likely to end.")] = None
    latest: Annotated[str | None, _time("End of that range. Eight of ten VideoJobs end within it.")] = None
    ends: Annotated[
        str | None, Field(max_length=32, description="The range for the column, in UTC, such as 14:05-14:11Z.")
    ] = None
    unknown: Annotated[
        str | None, Field(max_length=64, description="Why no range is given, as one CamelCase word.")
    ] = None
