"""The actions that a plan consists of. Each is a record; `reconcile/execute.py` carries them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runops.failures import Reason
from runops.job_row import Claim, JobRow
from runops.progress import Stage

__all__ = [
    "Action",
    "AdoptClaim",
    "CheckResults",
    "ClaimRow",
    "CompleteRow",
    "CreateJob",
    "DeleteJob",
    "DeleteVideoJob",
    "FailRow",
    "NextAttempt",
    "NoteFailure",
    "PatchStatus",
    "ReadRow",
    "Recheck",
    "RemoveObjects",
    "RequeueAfter",
    "RestampRow",
    "SuspendJob",
]


@dataclass(frozen=True, slots=True)
class ReadRow:
    """Read the row and plan again: the decision depends on it."""


@dataclass(frozen=True, slots=True)
class CheckResults:
    """Check whether the tables hold the transcript and the SOP, and plan again: the decision depends on it."""


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """Claim a row for a VideoJob made by hand, then write the token on the VideoJob."""

    row: JobRow


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """Replace the row's claim by the next attempt's, if the row is still as it was read."""

    row: JobRow
    claim: Claim


@dataclass(frozen=True, slots=True)
class NoteFailure:
    """Note how an attempt ended, since other videos may meet the same fault.

    Attributes
    ----------
    reason, words
        Why, and the sentence of the worker.
    met_in
        The stage in which it ended; None where that is not known.
    asked_seconds
        For how long the service asked to be left alone.
    """

    reason: Reason
    words: str
    met_in: Stage | None
    asked_seconds: float


@dataclass(frozen=True, slots=True)
class RestampRow:
    """Write a claim into a row that lost it, or that names a former installation, if nobody changed it meanwhile."""

    row: JobRow
    claim: Claim


@dataclass(frozen=True, slots=True)
class AdoptClaim:
    """Write a claim that this installation already holds on the VideoJob, if that is unchanged since it was read.

    Attributes
    ----------
    version
        Resource version of the VideoJob as it was read.
    """

    token: str
    version: int


@dataclass(frozen=True, slots=True)
class CreateJob:
    """Create the Kubernetes Job. An existing Job of that name is success."""

    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Delete a Kubernetes Job and its pods, if its uid is still this one.

    Attributes
    ----------
    pods_ended
        Whether its pods have ended: then nothing has to be stopped, and Kubernetes' garbage collector deletes them.
    """

    name: str
    uid: str
    pods_ended: bool = False


@dataclass(frozen=True, slots=True)
class SuspendJob:
    """Suspend the Job, which stops its pod, or resume it."""

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
    required
        Whether the rest of the plan depends on it: where the row is held no longer, a new plan is made.
    """

    token: str
    sentence: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class RemoveObjects:
    """Delete from storage what was made of a video so far. The recording stays."""

    bucket: str


@dataclass(frozen=True, slots=True)
class DeleteVideoJob:
    """Delete an expired VideoJob, if its uid is still this one."""

    uid: str


@dataclass(frozen=True, slots=True)
class RequeueAfter:
    """Reconcile again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Recheck:
    """Reconcile again in case an expected event gets lost.

    The rate is limited, since 10,000 VideoJobs at rest may use at most 1 % of a core.

    Attributes
    ----------
    seconds
        The shortest pause.
    most_per_second
        How many of these reconciliations all unfinished VideoJobs together may cause in a second.
    """

    seconds: float
    most_per_second: float

    def pause(self, unfinished: int, *, resync_seconds: float) -> float | None:
        """Return the pause in seconds; None where the next resync, which reconciles all VideoJobs, comes sooner.

        Parameters
        ----------
        unfinished
            How many VideoJobs have not ended.
        resync_seconds
            Interval of the resync.
        """
        pause = max(self.seconds, unfinished / self.most_per_second)
        return pause if pause < resync_seconds else None


Action = (
    ReadRow
    | CheckResults
    | ClaimRow
    | NextAttempt
    | NoteFailure
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
    | RestampRow
    | Recheck
)
