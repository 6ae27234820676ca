"""Everything that a plan is made of: what was seen of one VideoJob at one instant."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from runops.job_row import JobRow
from runops_operator.manifests.observed import UNREAD, JobView, Unread, VideoJobView
from runops_operator.manifests.observed_pod import PodView

__all__ = ["Observation"]


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything known of one VideoJob.

    Attributes
    ----------
    row
        `UNREAD`, or the row as it was read just now; None where there is no such row.
    first
        Whether the row was claimed and confirmed just now: no attempt was made, and nothing stands in its history.
    pod_refused
        Why the API server will not have the Job's pod made, in its words; None where nothing is known of that.
    results
        Whether the tables hold a transcript and a SOP; None where nobody has looked just now.
    waited_seconds
        For how long it has waited for the same thing, see `waiting.wait_of`.
    quiet_seconds
        For how long the row has not been touched; 0 where that is not known.
    completed_seconds
        For how long the row has been seen completed; 0 where it is not, or was not before.
    """

    videojob: VideoJobView
    job: JobView | None = None
    pods: Sequence[PodView] = field(default_factory=tuple)
    row: JobRow | Unread | None = UNREAD
    first: bool = False
    pod_refused: str | None = None
    results: bool | None = None
    waited_seconds: float = 0.0
    quiet_seconds: float = 0.0
    completed_seconds: float = 0.0
