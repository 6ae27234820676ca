"""Measures for how long a value has been the same, on our own clock only."""

from collections.abc import Callable, Container

__all__ = ["Stopwatch"]


class Stopwatch:
    """Keeps for each key its value and since when it has it.

    Parameters
    ----------
    clock
        In seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[object, tuple[object, float]] = {}

    def seconds(self, key: object, value: object) -> float:
        """Set a key's value, and return for how many seconds the key has had it."""
        known = self._since.get(key)
        now = self._clock()
        if known is None or known[0] != value:
            self._since[key] = (value, now)
            return 0.0
        return max(0.0, now - known[1])

    def age(self, key: object) -> float:
        """Return for how many seconds a key has had its value; 0 for an unknown key."""
        known = self._since.get(key)
        return 0.0 if known is None else max(0.0, self._clock() - known[1])

    def forget(self, key: object) -> None:
        """Drop a key."""
        self._since.pop(key, None)

    def keep_only(self, keys: Container[object]) -> None:
        """Drop all other keys."""
        self._since = {key: value for key, value in self._since.items() if key in keys}
