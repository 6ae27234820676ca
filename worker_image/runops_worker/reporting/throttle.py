"""How often progress is written. Pure."""

from dataclasses import dataclass

from runops.progress import Stage

__all__ = ["Throttle"]


@dataclass
class Throttle:
    """Decides whether a report is worth a write.

    Attributes
    ----------
    least_seconds
        Between two writes of the same stage.
    most_seconds
        After which a write is due although nothing changed; None for never.
    """

    least_seconds: float = 10.0
    most_seconds: float | None = 30.0
    _last: tuple[Stage, int, float] | None = None

    def due(self, stage: Stage, percent: int, *, now: float) -> bool:
        """Tell whether to write. `now` is in seconds of a monotonic clock."""
        if self._last is None:
            return True
        last_stage, last_percent, written = self._last
        if stage is not last_stage:
            return True
        waited = now - written
        return (percent != last_percent and waited >= self.least_seconds) or (
            self.most_seconds is not None and waited >= self.most_seconds
        )

    def wrote(self, stage: Stage, percent: int, *, now: float) -> None:
        """Record a write."""
        self._last = (stage, percent, now)
