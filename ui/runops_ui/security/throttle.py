"""Bounds how many tokens can be tried. Pure."""

from collections import deque

__all__ = ["Throttle"]

_MOST = 10
_SECONDS = 60.0


class Throttle:
    """At most ten refused tokens a minute, from all visitors together: behind a proxy they share an address."""

    def __init__(self) -> None:
        self._refused: deque[float] = deque()

    def wait_seconds(self, now: float) -> float:
        """Return how long nobody may try; 0 where one may now."""
        while self._refused and now - self._refused[0] >= _SECONDS:
            self._refused.popleft()
        return 0.0 if len(self._refused) < _MOST else _SECONDS - (now - self._refused[0])

    def refused(self, now: float) -> None:
        """Count a token that was wrong."""
        self._refused.append(now)
