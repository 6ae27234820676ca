"""What a row tells its light worker to suffer, under `metadata.fate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from runops.progress import Stage


class Fate(BaseModel):
    """One misfortune.

    Attributes
    ----------
    kind
        ``permanent`` fails like a file that is not a video. ``transient`` fails as when storage is away, ``quota`` as
        when the model's quota is used up. ``hang`` goes on without a sign of life until the pod is ended.
    times
        How many attempts suffer it; ``permanent`` knows no second one.
    stage
        Where it strikes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["permanent", "transient", "quota", "hang"]
    times: int = Field(default=1, ge=1)
    stage: Stage = Stage.TRANSCRIBING


def fate_of(metadata: Any) -> Fate | None:
    """Return the fate in a row's metadata; None where there is none.

    Raises
    ------
    pydantic.ValidationError
        There is one, and it is malformed.
    """
    found = metadata.get("fate") if isinstance(metadata, Mapping) else None
    return None if found is None else Fate.model_validate(found)
