"""Everything that is known of one job, in the order in which it happened. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from runops.job_row import RowStatus
from runops.row_summary import time_of
from runops.timestamps import rfc3339
from runops.why_waiting import Explanation
from runops_cli.rows.listed_job import ListedJob

__all__ = ["JobStory", "Moment", "StoredObject", "paid_by_checkpoint", "timeline"]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a job.

    Attributes
    ----------
    at
        When.
    what
        What, in a few words.
    seconds
        How long it took; None where it is a moment or still goes on.
    """

    at: datetime
    what: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One of a job's objects: what it is, where it is, and its size in bytes; None where it is not there."""

    name: str
    location: str
    size: int | None


@dataclass(frozen=True, slots=True)
class JobStory:
    """All that is known of a job.

    Attributes
    ----------
    job
        Its row, its VideoJob, title and position.
    told
        What it waits for, or what else it does.
    objects
        Its objects in storage; empty where storage could not be read.
    transcripts, sops
        How many rows of it the two tables have.
    paid_usd, recording_seconds
        As its checkpoint has them, where it has no VideoJob.
    """

    job: ListedJob
    told: Explanation
    objects: tuple[StoredObject, ...] = ()
    transcripts: int = 0
    sops: int = 0
    paid_usd: Decimal | None = None
    recording_seconds: float | None = None
    troubles: tuple[str, ...] = field(default=())

    @property
    def cost_usd(self) -> str | None:
        """What the calls to the model have cost."""
        known = self.job.cost_usd
        return known if known is not None or self.paid_usd is None else f"{self.paid_usd:.6f}"

    @property
    def length(self) -> float | None:
        """The length of the recording in seconds."""
        return self.job.recording_seconds if self.job.recording_seconds is not None else self.recording_seconds

    def to_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        told, videojob = self.told, self.job.videojob
        usage = None if videojob is None else videojob.status.usage
        return {
            **self.job.to_json(),
            "cost_usd": self.cost_usd,
            "recording_seconds": self.length,
            "state": told.state.value,
            "sentence": told.sentence,
            "since": None if told.since is None else rfc3339(told.since),
            "until": None if told.until is None else rfc3339(told.until),
            "remedy": told.remedy,
            "timeline": [
                {"at": rfc3339(one.at), "what": one.what, "seconds": one.seconds} for one in timeline(self.job)
            ],
            "usage": None if usage is None else usage.model_dump(mode="json", by_alias=True, exclude_none=True),
            "videojob": None if videojob is None else videojob.name,
            "transcripts": self.transcripts,
            "sops": self.sops,
            "objects": [{"name": one.name, "location": one.location, "size_bytes": one.size} for one in self.objects],
            "troubles": list(self.troubles),
        }


def timeline(job: ListedJob) -> list[Moment]:
    """Return what happened to a job, the first first, as far as its row and its VideoJob tell."""
    row, videojob = job.row, job.videojob
    found: list[Moment] = []
    created, queued = time_of(row.created_at), row.queued_at
    if created is not None:
        found.append(Moment(created, "queued"))
    if queued is not None and created is not None and queued > created:
        found.append(Moment(queued, "queued again"))
    if videojob is not None:
        by = "" if row.claim is None else f" by {row.claim.by}"
        if videojob.created is not None:
            found.append(Moment(videojob.created, f"claimed{by}"))
        found += [
            Moment(began, stage.stage.value.replace("_", " "), stage.seconds)
            for stage in videojob.status.stages or ()
            if (began := time_of(stage.start_time)) is not None
        ]
    found += _end(job, found)
    return sorted(found, key=lambda one: one.at)


def _end(job: ListedJob, before: list[Moment]) -> list[Moment]:
    row = job.row
    if not row.ended:
        return []
    ended = (time_of(row.completed_at) if row.status == RowStatus.COMPLETED else None) or time_of(row.updated_at)
    if ended is None:
        return []
    what = {RowStatus.COMPLETED: "completed", RowStatus.ERROR: "ended in error"}.get(row.status or "", row.status)  # type: ignore[call-overload]  # a status of the app has no entry
    began = before[0].at if before else None
    return [Moment(ended, str(what), None if began is None else max(timedelta(), ended - began).total_seconds())]


def paid_by_checkpoint(checkpoint: Any) -> tuple[Decimal | None, float | None]:
    """Return what a worker's checkpoint says was paid, in US dollars, and how long the recording is."""
    ledger = _object(checkpoint, "ledger")
    amounts = [_amount(_object(ledger, stage).get("cost_usd")) for stage in ("transcribing", "parsing_sop")]
    known = [amount for amount in amounts if amount is not None]
    seconds = _object(checkpoint, "slim").get("duration_seconds")
    length = float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None
    return (sum(known, Decimal(0)) if any(known) else None), length


def _object(value: Any, name: str) -> Mapping[str, Any]:
    part = value.get(name) if isinstance(value, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _amount(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
