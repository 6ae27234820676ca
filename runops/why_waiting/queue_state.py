"""What is known of the queue beside a row."""

from dataclasses import dataclass

from runops.drain_order import DrainOrder
from runops.standstill import Told

__all__ = ["QueueState"]


@dataclass(frozen=True, slots=True)
class QueueState:
    """The queue around a row. Each part may be unknown.

    Attributes
    ----------
    ahead
        How many queued rows are claimed before it.
    of_user
        How many videos of its user are at work.
    limit_of_user
        How many of one user may be.
    standstill
        Why the operator claims nothing, as its pod says; None where it claims.
    drain
        The order to drain that stands.
    """

    ahead: int | None = None
    of_user: int | None = None
    limit_of_user: int | None = None
    standstill: Told | None = None
    drain: DrainOrder | None = None
