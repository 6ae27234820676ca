"""What is measured: one burst of rows each time, under different conditions."""

from dataclasses import dataclass
from uuid import UUID

from devstack.light_worker import Pace

__all__ = ["IN_TURN", "ONCE", "Case"]

_SHORT = Pace(seconds=12.0, beat_seconds=5.0)
_LONG = Pace(seconds=50.0, beat_seconds=5.0)
_LONG_ONES = 5


@dataclass(frozen=True, kw_only=True)
class Case:
    """One burst.

    Attributes
    ----------
    name, says
        In one word, and in one line.
    rows
        Queued at one instant.
    at_a_time
        How many the operator may claim at a time (`maxConcurrent`); all where None.
    asks_to_be_left
        Whether workers' pods have the chart's annotations for autoscalers.
    sizes_known
        Whether storage holds the recordings, so that a worker asks for as much disk as its own needs.
    most_cpus
        Of all nodes together; None for as many as it takes.
    most_pods
        Of the workers at a time, by a ResourceQuota; None for no such limit.
    pace, long_pace
        Of the light workers, and of those of every fifth row, as some recordings are longer than others: three pieces
        of work, each from half of it to one and a half times. The long ones thin out on their nodes when the others
        have ended, and this is when an autoscaler would rather have fewer nodes.
    longest_seconds
        After so long the case has failed.
    """

    name: str
    says: str
    rows: int = 200
    at_a_time: int | None = None
    asks_to_be_left: bool = True
    sizes_known: bool = True
    most_cpus: int | None = None
    most_pods: int | None = None
    pace: Pace = _SHORT
    long_pace: Pace = _LONG
    longest_seconds: float = 900.0

    @staticmethod
    def is_long(job_id: UUID) -> bool:
        """Whether a row's recording is a long one; the same for each of its attempts."""
        return job_id.int % _LONG_ONES == 0


IN_TURN = (
    Case(name="burst", says="as the chart comes"),
    Case(
        name="unprotected", says="without the annotations that ask autoscalers to leave workers", asks_to_be_left=False
    ),
)
"""What the annotations are worth: with and without them, in turn, as often as there are runs."""

ONCE = (
    Case(
        name="sizes-unknown",
        says="storage does not tell how large the recordings are",
        sizes_known=False,
        long_pace=_SHORT,
    ),
    Case(name="full-cluster", says="the pool may have 32 CPUs", rows=80, most_cpus=32, long_pace=_SHORT),
    Case(name="quota", says="a ResourceQuota of 20 workers' pods", rows=80, most_pods=20, long_pace=_SHORT),
    Case(
        name="quota-and-limit",
        says="the same quota, and maxConcurrent no larger than it",
        rows=80,
        at_a_time=20,
        most_pods=20,
        long_pace=_SHORT,
    ),
)
"""What becomes of rows under other conditions. It shows at once."""
