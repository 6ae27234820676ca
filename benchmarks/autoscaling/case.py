"""What is measured: one burst of rows each time, under different conditions."""

from dataclasses import dataclass

from devstack.light_worker import Pace

__all__ = ["CASES", "Case"]

_SLOW = Pace(seconds=30.0, beat_seconds=5.0)
_FAST = Pace(seconds=8.0, beat_seconds=5.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One burst.

    Attributes
    ----------
    name, says
        In one word, and in one line.
    rows
        Queued at one instant; so many may be worked on at a time.
    asks_to_be_left
        Whether workers' pods have the chart's annotations for autoscalers.
    sizes_known
        Whether storage holds the recordings, so that a worker asks for as much disk as its own needs.
    most_cpus
        Of all nodes together; None for as many as it takes.
    most_pods
        Of the workers at a time, by a ResourceQuota; None for no such limit.
    pace
        Of the light workers: three pieces of work, each from half of it to one and a half times.
    longest_seconds
        After so long the case has failed.
    """

    name: str
    says: str
    rows: int = 200
    asks_to_be_left: bool = True
    sizes_known: bool = True
    most_cpus: int | None = None
    most_pods: int | None = None
    pace: Pace = _SLOW
    longest_seconds: float = 900.0


CASES = (
    Case(name="burst", says="as the chart comes"),
    Case(
        name="unprotected", says="without the annotations that ask autoscalers to leave workers", asks_to_be_left=False
    ),
    Case(
        name="sizes-unknown", says="storage does not tell how large the recordings are", sizes_known=False, pace=_FAST
    ),
    Case(name="full-cluster", says="the pool may have 32 CPUs", rows=80, most_cpus=32, pace=_FAST),
    Case(name="quota", says="a ResourceQuota of 20 workers' pods", rows=80, most_pods=20, pace=_FAST),
)
