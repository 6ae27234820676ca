"""A clock that stops while nothing is read: what was not read cannot be called unchanged."""

from collections.abc import Callable

__all__ = ["WatchedTime"]


class WatchedTime:
    """Seconds during which something was read regularly.

    After a read it runs as the real clock does, until the next read is overdue. Then it stops until that read comes.

    Parameters
    ----------
    clock
        In seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._watched = 0.0
        self._read_at: float | None = None
        self._longest = 0.0

    def __call__(self) -> float:
        """Return the seconds watched so far; 0 before the first read."""
        if self._read_at is None:
            return 0.0
        return self._watched + min(self._clock() - self._read_at, self._longest)

    def note_read(self, *, longest: float) -> None:
        """Note a read.

        Parameters
        ----------
        longest
            After how many seconds without a further read the clock stops.
        """
        self._watched = self()
        self._read_at = self._clock()
        self._longest = longest
