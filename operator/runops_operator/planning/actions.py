"""What a plan consists of. Each action is a record; `execute.py` carries them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runops.job_row import Claim, JobRow

__all__ = [
    "Action",
    "AdoptClaim",
    "ClaimRow",
    "CompleteRow",
    "CreateJob",
    "DeleteJob",
    "DeleteVideoJob",
    "FailRow",
    "LookAgain",
    "LookForResults",
    "NextAttempt",
    "PatchStatus",
    "ReadRow",
    "RemoveObjects",
    "RequeueAfter",
    "SuspendJob",
]


@dataclass(frozen=True, slots=True)
class ReadRow:
    """Read the row and plan again: the decision hangs on it."""


@dataclass(frozen=True, slots=True)
class LookForResults:
    """Look whether the tables hold the transcript and the SOP, and plan again: the decision hangs on it."""


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """Claim a row for a VideoJob made by hand, then write the token on the VideoJob."""

    row: JobRow


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """Put the next attempt's claim into the row, in place of the one that it was read with."""

    row: JobRow
    claim: Claim


@dataclass(frozen=True, slots=True)
class AdoptClaim:
    """Write a claim that this installation holds already on the VideoJob, if that is still as it was seen.

    Attributes
    ----------
    version
        Resource version of the VideoJob as it was seen.
    """

    token: str
    version: int


@dataclass(frozen=True, slots=True)
class CreateJob:
    """Create the Kubernetes Job. That it exists already is success."""

    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Delete a Kubernetes Job and its pods, if it is still this very one."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class SuspendJob:
    """Stop the Job's pod, or let it go on."""

    name: str
    suspend: bool


@dataclass(frozen=True, slots=True)
class PatchStatus:
    """Merge this into the VideoJob's status."""

    status: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CompleteRow:
    """Set the row to `completed`, if it is still held under this token."""

    token: str


@dataclass(frozen=True, slots=True)
class FailRow:
    """Set the row to `error` with a sentence, if it is still held under this token.

    Attributes
    ----------
    must
        Whether the rest of the plan rests on it: where the token is gone, a new plan is made.
    """

    token: str
    sentence: str
    must: bool = True


@dataclass(frozen=True, slots=True)
class RemoveObjects:
    """Delete what was made of a video so far from storage. The recording stays."""

    bucket: str


@dataclass(frozen=True, slots=True)
class DeleteVideoJob:
    """Delete a VideoJob whose time after its end is over, if it is still this very one."""

    uid: str


@dataclass(frozen=True, slots=True)
class RequeueAfter:
    """Look again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Look again at a VideoJob in which events are expected, in case they are not told.

    Attributes
    ----------
    seconds
        After so many seconds.
    most_per_second
        Later, where more than so many VideoJobs would be looked at in a second.
    """

    seconds: float
    most_per_second: float

    def pause(self, unfinished: int, *, comparison_seconds: float) -> float | None:
        """Return after how many seconds, where so many VideoJobs have not ended.

        None where the comparison of memory and cluster, which looks at all of them, comes sooner.
        """
        pause = max(self.seconds, unfinished / self.most_per_second)
        return pause if pause < comparison_seconds else None


Action = (
    ReadRow
    | LookForResults
    | ClaimRow
    | NextAttempt
    | AdoptClaim
    | CreateJob
    | DeleteJob
    | SuspendJob
    | PatchStatus
    | CompleteRow
    | FailRow
    | RemoveObjects
    | DeleteVideoJob
    | RequeueAfter
    | LookAgain
)
