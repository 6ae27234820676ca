"""Everything that a plan is made of: what is known of one VideoJob at one instant."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from runops.breakers.shared_faults import Hold, SharedFaults
from runops.job_row import Claim, JobRow
from runops.videojob import VideoJobSpec
from runops_operator.manifests.observed import UNREAD, JobView, Unread, VideoJobView
from runops_operator.manifests.observed_pod import PodView

__all__ = ["Observation"]


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything known of one VideoJob.

    Attributes
    ----------
    row
        `UNREAD`, or the row as it was read for this plan; None where the table has no such row.
    never_attempted
        Whether this process claimed and confirmed the row just now, so the row holds no history and no pause.
    pod_refused
        The API server's message where it refuses to create the Job's pod; None where no refusal is known.
    results
        Whether the tables hold a transcript and a SOP; None where that was not checked for this plan.
    faults
        What is known of the faults that other videos met.
    hold
        Why the next attempt must not start now; None where it may.
    slot_free
        Whether a VideoJob without a claim may take a slot.
    drained
        Why the installation drains; None where it does not.
    capped
        Why a cap on spending lets no further video of this user begin; None where none does.
    waited_seconds
        How long the VideoJob has waited for the same thing, see `waiting.wait_of`.
    quiet_seconds
        How long nothing has updated the row; 0 where that is not known.
    completed_seconds
        How long ago this process first read the row as completed; 0 where the row is not completed.
    """

    videojob: VideoJobView
    job: JobView | None = None
    pods: Sequence[PodView] = field(default_factory=tuple)
    row: JobRow | Unread | None = UNREAD
    never_attempted: bool = False
    pod_refused: str | None = None
    results: bool | None = None
    faults: SharedFaults = field(default_factory=SharedFaults)
    hold: Hold | None = None
    slot_free: bool = True
    drained: str | None = None
    capped: str | None = None
    waited_seconds: float = 0.0
    quiet_seconds: float = 0.0
    completed_seconds: float = 0.0

    @property
    def own_job(self) -> JobView | None:
        """The Job, where this VideoJob owns it; a Job of an earlier VideoJob has the same name."""
        return self.job if self.job is not None and self.job.owner_uid == self.videojob.uid else None

    @property
    def spec(self) -> VideoJobSpec:
        """The spec, in the situations in which it is well-formed."""
        assert self.videojob.spec is not None
        return self.videojob.spec

    @property
    def token(self) -> str:
        """The VideoJob's claim token, in the situations in which it has one."""
        assert self.videojob.claim is not None
        return self.videojob.claim

    @property
    def held_row(self) -> JobRow:
        """The row, after it was read and found to be held under the VideoJob's token."""
        assert isinstance(self.row, JobRow)
        return self.row

    @property
    def held_claim(self) -> Claim:
        """The claim of `held_row`."""
        claim = self.held_row.claim
        assert claim is not None
        return claim
