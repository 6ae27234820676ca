"""A VideoJob as people are shown it. Pure: read from its manifest, of which a newer version may have written parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from runops.job_filter import VideoFacts
from runops.row_summary import time_of
from runops.time_left import TimeLeft
from runops.videojob import Condition, VideoJobStatus

__all__ = ["VideoJobView", "parse_videojob"]

_PREFIX = "vj-"


@dataclass(frozen=True, slots=True)
class VideoJobView:
    """The parts of a VideoJob that are shown.

    Attributes
    ----------
    name
        Its name.
    suspended
        Its `spec.suspend`.
    status
        Empty where the operator has not written one yet, or where it cannot be read.
    models
        The models of its `spec`, for the transcript first.
    created
        When it was made.
    ends
        When it is expected to end; None where nothing is said of it.
    """

    name: str
    suspended: bool
    status: VideoJobStatus
    models: tuple[str, ...] = ()
    created: datetime | None = None
    ends: TimeLeft | None = None

    @property
    def job_id(self) -> UUID | None:
        """The row's id; None where its name has none."""
        try:
            return UUID(self.name.removeprefix(_PREFIX))
        except ValueError:
            return None

    @property
    def finished(self) -> bool:
        """Whether it has succeeded or failed."""
        return self.is_true("Finished") is not None

    @property
    def facts(self) -> VideoFacts:
        """What it tells a filter that the table does not: models, those that answered included, and the length."""
        usage = self.status.usage
        stages = () if usage is None else (usage.transcribing, usage.parsing_sop)
        answered = {name for stage in stages if stage is not None for name in (stage.model or "").split(",")}
        names = frozenset(filter(None, (name.strip() for name in {*self.models, *answered})))
        return VideoFacts(names, float(usage.media_seconds) if usage is not None and usage.media_seconds else None)

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of a type; None where there is none."""
        return next((one for one in self.status.conditions or () if one.type == kind), None)

    def is_true(self, kind: str) -> Condition | None:
        """Return the condition of a type where it holds."""
        condition = self.condition(kind)
        return condition if condition is not None and condition.status == "True" else None


def parse_videojob(manifest: Mapping[str, Any]) -> VideoJobView:
    """Return the VideoJob that a manifest describes."""
    try:
        status = VideoJobStatus.model_validate(manifest.get("status") or {})
    except ValidationError:
        status = VideoJobStatus()
    meta, spec = manifest["metadata"], manifest.get("spec") or {}
    model = spec.get("model") or {}
    return VideoJobView(
        str(meta["name"]),
        bool(spec.get("suspend")),
        status,
        tuple(str(model[of]) for of in ("transcribe", "sop") if model.get(of)),
        time_of(meta.get("creationTimestamp")),
        _expected(manifest.get("status")),
    )


def _expected(status: Any) -> TimeLeft | None:
    said = status.get("timeLeft") if isinstance(status, Mapping) else None
    if not isinstance(said, Mapping):
        return None
    earliest, likely, latest = (time_of(_text(said.get(name))) for name in ("earliest", "likely", "latest"))
    if earliest is None or likely is None or latest is None:
        return None
    return TimeLeft(earliest, likely, latest)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
