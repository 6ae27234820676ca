"""When the next unit fits under a rate: evenly spaced, and never too many in a minute. Pure."""

from collections import deque

__all__ = ["Meter"]

_STRETCH = 1.05
"""The minute is counted as 63 s: a call reaches the API up to 3 s after it was allowed, and another one at once."""
_AHEAD = 0.1
"""Share of a minute whose units may be taken at once, after a time in which fewer were asked for."""


class Meter:
    """What was taken, of requests or of tokens.

    Parameters
    ----------
    minute
        Length of the minute that the API counts in, in seconds.
    """

    def __init__(self, *, minute: float) -> None:
        self._span = minute * _STRETCH
        self._ahead = minute * _AHEAD
        self._taken: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        self.next_at = float("-inf")
        """When what was taken so far is used up at the present rate."""

    def free_at(self, amount: float, *, per_minute: float, now: float) -> float:
        """Return when an amount may be taken: `now`, or later. More than a minute's worth fits when it is alone."""
        self._forget(now)
        at = max(now, self.next_at - self._ahead)
        left = self._sum
        for taken_at, taken in self._taken:
            if left + amount <= per_minute or left <= 0:
                break
            left -= taken
            at = max(at, taken_at + self._span)
        return at

    def take(self, amount: float, *, per_minute: float, now: float) -> None:
        """Note that an amount was taken."""
        self._taken.append((now, amount))
        self._sum += amount
        self.next_at = max(self.next_at, now) + amount * self._span / per_minute

    def hold(self, until: float) -> None:
        """Have nothing taken before a time, and nothing ahead after it."""
        self.next_at = max(self.next_at, until + self._ahead)

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0][0] + self._span <= now:
            self._sum -= self._taken.popleft()[1]
        if not self._taken:
            self._sum = 0.0
