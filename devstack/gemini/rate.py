"""Quotas of requests and tokens over any minute. The caller gives the time."""

from collections import deque

__all__ = ["Rate"]

_MINUTE = 60.0


class Rate:
    """Counts the generate calls of the last 60 seconds, and the tokens of their requests."""

    def __init__(self) -> None:
        self._taken: deque[tuple[float, int]] = deque()

    def wait(self, tokens: int, *, now: float, requests: int | None, most_tokens: int | None) -> float:
        """Count a call and return 0, or return after how many seconds it may be repeated.

        Parameters
        ----------
        tokens : int
            Of the request.
        now : float
            Seconds of any clock.
        requests, most_tokens : int or None
            The quotas; None for no limit. A request above the quota of tokens is let through when it is alone.
        """
        while self._taken and self._taken[0][0] <= now - _MINUTE:
            self._taken.popleft()
        left = deque(self._taken)
        free_at = now
        while left and (
            (requests is not None and len(left) >= requests)
            or (most_tokens is not None and sum(count for _, count in left) + tokens > most_tokens)
        ):
            free_at = left.popleft()[0] + _MINUTE
        if free_at > now:
            return free_at - now
        self._taken.append((now, tokens))
        return 0.0
