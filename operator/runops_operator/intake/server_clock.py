"""The clock of the database server, as far as it is known."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from runops_operator.times import moment

__all__ = ["ServerClock"]


@dataclass(frozen=True, slots=True)
class ServerClock:
    """Our clock, corrected by the skew that the server's responses show.

    Attributes
    ----------
    local
        Our clock; it gives times with their zone.
    skew_seconds
        How far the server's clock is ahead of ours; None while that is unknown.
    """

    local: Callable[[], datetime]
    skew_seconds: Callable[[], float | None]

    def now(self) -> datetime:
        """Return the time on the server's clock."""
        return self.local() + timedelta(seconds=self.skew_seconds() or 0.0)

    def seconds_since(self, timestamp: str | None) -> float | None:
        """Return the age of a timestamp that the server wrote; None where it cannot be read."""
        then = moment(timestamp)
        return None if then is None else (self.now() - then).total_seconds()
