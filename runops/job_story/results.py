"""What came of a job: its objects, its rows in the other tables, and what its checkpoint says was paid. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["RECORDING", "TRANSCRIPT", "JobResults", "StoredObject", "paid_by_checkpoint"]

RECORDING = "recording"
TRANSCRIPT = "transcript"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One of a job's objects: what it is, where it is, and its size in bytes; None where it is not there."""

    name: str
    location: str
    size: int | None


@dataclass(frozen=True, slots=True)
class JobResults:
    """What came of a job.

    Attributes
    ----------
    objects
        Its objects in storage; empty where storage could not be read.
    transcripts, sops
        How many rows of it the two tables have.
    paid_usd, recording_seconds
        As its checkpoint has them; None where a VideoJob has counted its calls.
    troubles
        What could not be read.
    """

    objects: tuple[StoredObject, ...] = ()
    transcripts: int = 0
    sops: int = 0
    paid_usd: Decimal | None = None
    recording_seconds: float | None = None
    troubles: tuple[str, ...] = ()

    @property
    def made(self) -> list[StoredObject]:
        """The objects that are there."""
        return [one for one in self.objects if one.size is not None]

    @property
    def has_transcript(self) -> bool:
        """Whether there is a transcript of which a SOP can be made: in the table, or in storage."""
        return self.transcripts > 0 or any(one.name == TRANSCRIPT for one in self.made)

    def way_to_sop(self, job: str) -> tuple[str, str]:
        """Return the command that makes a SOP of what is there, and what it does."""
        if self.has_transcript:
            return f"runops retry {job} --from sop", "makes one of its transcript"
        if self.recording is None or self.recording.size is not None:
            return f"runops retry {job}", "makes one of its recording"
        return "runops submit RECORDING", "uploads the recording again: it is no longer there, and has no transcript"

    @property
    def recording(self) -> StoredObject | None:
        """The recording; None where storage could not be read."""
        return next((one for one in self.objects if one.name == RECORDING), None)


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
