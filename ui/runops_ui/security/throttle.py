"""Bounds how many tokens can be tried. Pure."""

from collections import OrderedDict, deque

__all__ = ["Throttle"]

_MOST = 10
_SECONDS = 60.0
_MOST_CLIENTS = 10_000


class Throttle:
    """At most ten refused tokens a minute from one client. The tokens of other clients are taken all the same."""

    def __init__(self) -> None:
        self._refused: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, client: str, now: float) -> float:
        """Return how long a client may not try; 0 where it may now."""
        refused = self._refused.get(client)
        if refused is None:
            return 0.0
        while refused and now - refused[0] >= _SECONDS:
            refused.popleft()
        if not refused:
            del self._refused[client]
            return 0.0
        return 0.0 if len(refused) < _MOST else _SECONDS - (now - refused[0])

    def refused(self, client: str, now: float) -> None:
        """Count a token of a client that was wrong."""
        self._refused.setdefault(client, deque(maxlen=_MOST)).append(now)
        self._refused.move_to_end(client)
        while len(self._refused) > _MOST_CLIENTS:
            self._refused.popitem(last=False)
