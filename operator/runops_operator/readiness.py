"""What the readiness probe answers."""

from collections.abc import Callable

from runops_operator.heartbeats import Heartbeats
from runops_operator.intake.intake_status import IntakeStatus

__all__ = ["Readiness"]

_UNREAD_FOR_SECONDS = 300.0


class Readiness:
    """The state of this replica.

    Parameters
    ----------
    clock
        The time of the event loop in seconds, as in `IntakeStatus.last_read_at`.
    loops
        The heartbeats of the loops that run.
    """

    def __init__(self, clock: Callable[[], float], loops: Heartbeats) -> None:
        self._clock = clock
        self._loops = loops
        self._intake: IntakeStatus | None = None
        self.trouble: str | None = "The operator starts."
        """Why this replica does not work; None while it works or stands by."""

    def stand_by(self) -> None:
        """Note that another replica leads, or that this one begins to: it is ready either way."""
        self._intake, self.trouble = None, None

    def work(self, intake: IntakeStatus) -> None:
        """Note that this replica works; from now on the intake decides."""
        self._intake, self.trouble = intake, None

    def check(self) -> str | None:
        """Return why this replica is not ready; None where it is.

        What fails for half a minute only makes no replica unready. Nor does a cap on spending, or an order
        to drain: it is shown as a condition of its own.
        """
        intake = self._trouble_of_intake()
        found = (self.trouble, intake, self._loops.trouble(but="intake" if intake else None))
        return " ".join(filter(None, found)) or None

    def _trouble_of_intake(self) -> str | None:
        if self._intake is None or self._intake.trouble is None or self._intake.is_intended:
            return None
        read_at = self._intake.last_read_at
        unread = read_at is None or self._clock() - read_at > _UNREAD_FOR_SECONDS
        return f"No rows are claimed: {self._intake.trouble}" if self._intake.needs_a_key or unread else None
