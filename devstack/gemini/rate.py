"""Quotas of requests and tokens over any minute. The caller gives the time."""

from collections import deque
from dataclasses import dataclass

__all__ = ["Exceeded", "Rate"]


@dataclass(frozen=True)
class Exceeded:
    """A call is above a quota.

    Attributes
    ----------
    wait_seconds : float
        After how many seconds it may be repeated.
    requests, tokens : int or None
        The quotas that are used up; None for one that is not.
    """

    wait_seconds: float
    requests: int | None
    tokens: int | None


class Rate:
    """Counts the generate calls of the last minute, and the tokens of their requests."""

    def __init__(self) -> None:
        self._taken: deque[tuple[float, int]] = deque()

    def take(
        self, tokens: int, *, now: float, requests: int | None, most_tokens: int | None, minute: float = 60.0
    ) -> Exceeded | None:
        """Count a call, or tell why it is not counted.

        Parameters
        ----------
        tokens : int
            Of the request.
        now : float
            Seconds of any clock.
        requests, most_tokens : int or None
            The quotas; None for no limit. A request above the quota of tokens is let through when it is alone.
        minute : float
            Its length in seconds.
        """
        while self._taken and self._taken[0][0] <= now - minute:
            self._taken.popleft()
        left = deque(self._taken)
        of_requests = requests is not None and len(left) >= requests
        of_tokens = most_tokens is not None and bool(left) and self._tokens(left) + tokens > most_tokens
        free_at = now
        while left and (
            (requests is not None and len(left) >= requests)
            or (most_tokens is not None and self._tokens(left) + tokens > most_tokens)
        ):
            free_at = left.popleft()[0] + minute
        if free_at > now:
            return Exceeded(free_at - now, requests if of_requests else None, most_tokens if of_tokens else None)
        self._taken.append((now, tokens))
        return None

    @staticmethod
    def _tokens(taken: deque[tuple[float, int]]) -> int:
        return sum(count for _, count in taken)
