"""A clock that stands still while nobody looks: what was not watched cannot be said to have stood still itself."""

from collections.abc import Callable

__all__ = ["WatchedTime"]


class WatchedTime:
    """Seconds during which something was looked at.

    After a look it goes on as the real clock does, until the next look is overdue. Then it stands, and the look that
    comes at last sets it going again.

    Parameters
    ----------
    clock
        In seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._watched = 0.0
        self._looked_at: float | None = None
        self._longest = 0.0

    def __call__(self) -> float:
        """Return the seconds watched so far; 0 before the first look."""
        if self._looked_at is None:
            return 0.0
        return self._watched + min(self._clock() - self._looked_at, self._longest)

    def looked(self, *, longest: float) -> None:
        """Note a look.

        Parameters
        ----------
        longest
            After how many seconds without a further look the clock stands.
        """
        self._watched = self()
        self._looked_at = self._clock()
        self._longest = longest
