"""What rows keep for readers of the tables alone: `metadata.runops.recording` and, once it is finished, `.took`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runops.report import StageTime
from runops.time_left.finished import PHASES, FinishedVideo, Phase

__all__ = ["Recording", "Took", "finished_video"]

_Seconds = Annotated[float, Field(ge=0, le=30 * 86_400)]


class Recording(BaseModel):
    """What is known of a recording once it is prepared.

    Attributes
    ----------
    seconds
        Its length.
    models
        Which models are to work on it, as `model_key` names them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    seconds: _Seconds | None = None
    models: Annotated[str | None, Field(max_length=300)] = None

    @classmethod
    def read(cls, written: object) -> Self:
        """Return what a row says; nothing where it cannot be read."""
        try:
            return cls.model_validate(written)
        except ValidationError:
            return cls()

    def dump(self) -> dict[str, Any]:
        """Return the JSON object for the row."""
        return self.model_dump(mode="json", exclude_none=True)


class Took(BaseModel):
    """How long a video took.

    Attributes
    ----------
    recording
        Length of the recording in seconds.
    stages
        Seconds by stage of the attempt that completed it. A stage that an earlier attempt had begun is left out.
    models
        Which models were to work on it, as `model_key` names them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    recording: _Seconds
    stages: dict[Phase, _Seconds]
    models: Annotated[str | None, Field(max_length=300)] = None

    @classmethod
    def of(cls, recording_seconds: float, stages: Iterable[StageTime], *, models: str) -> Self:
        """Return what a row keeps of a run."""
        names = {phase.value for phase in PHASES}
        seconds = {Phase(one.stage.value): round(one.seconds, 1) for one in stages if _counts(one, names)}
        return cls(recording=round(recording_seconds, 1), stages=seconds, models=models)

    def dump(self) -> dict[str, Any]:
        """Return the JSON object for the row: about 150 bytes."""
        return self.model_dump(mode="json", exclude_none=True)


def _counts(one: StageTime, names: set[str]) -> bool:
    return one.stage.value in names and not one.resumed


def finished_video(took: object, *, ended: datetime) -> FinishedVideo | None:
    """Return what is learned from a row's `metadata.runops.took`; None where nothing is.

    Parameters
    ----------
    took
        As the row has it; an app may have written anything.
    ended
        When the row was completed.
    """
    try:
        read = Took.model_validate(took)
    except ValidationError:
        return None
    video = FinishedVideo(ended, read.recording, read.stages, read.models)
    return video if video.is_whole else None
