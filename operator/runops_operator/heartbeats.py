"""Signs of life of the loops: whether each still takes its turns, and whether its turns work.

Two things are kept apart. A loop whose turns fail cannot reach something outside: a restart does not help, and it goes
on by itself when the cause is gone. A loop that takes no turn at all stands still: only a restart helps.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["UNHEARD", "Heartbeat", "Heartbeats"]

_FAILS_FOR_SECONDS = 30.0
"""A failure that lasts for less is no trouble: an API server restarts, a database ends a statement."""
_TURN_SECONDS = 45.0
_RESTART_AFTER_SECONDS = 600.0
"""So long a loop stands still before liveness fails: no request that we send waits for a third of it."""
_NEVER = float("inf")


class Heartbeat:
    """The signs of one loop.

    Parameters
    ----------
    name
        Of the loop, for people.
    clock
        In seconds; it never goes back.
    turn_seconds
        How long a turn may take before the loop counts as standing still.
    essential
        Whether the replica does not do its work without this loop.
    """

    def __init__(
        self,
        name: str,
        clock: Callable[[], float],
        *,
        turn_seconds: float = _TURN_SECONDS,
        essential: bool = True,
    ) -> None:
        self.name = name
        self.essential = essential
        self._clock = clock
        self._turn_seconds = turn_seconds
        self._due = clock()
        self._has_worked = False
        self._failing_since: float | None = None
        self._cause = ""
        self._under_way: dict[object, float] = {}
        """Turns that run side by side, the oldest first, with their begin."""

    def turned(self, *, next_within: float = 0.0) -> None:
        """Note a turn that worked, and after how many seconds at most the next one begins."""
        self._has_worked, self._failing_since = True, None
        self._due = self._clock() + next_within

    def failed(self, cause: str, *, next_within: float = 0.0) -> None:
        """Note a turn that failed, and why. What has never worked is not given half a minute."""
        if self._failing_since is None:
            self._failing_since = self._clock() if self._has_worked else -_NEVER
        self._cause = cause
        self._due = self._clock() + next_within

    def ended(self, trouble: str | None, *, next_within: float) -> None:
        """Note a turn that failed for this reason, or that worked where it is None."""
        if trouble is None:
            self.turned(next_within=next_within)
        else:
            self.failed(trouble, next_within=next_within)

    def waits(self) -> None:
        """Note that there is nothing to do until something comes; `moves` follows when it has come."""
        self.turned(next_within=_NEVER)

    def moves(self) -> None:
        """Note that a turn begins, or that a long one gets on."""
        self._due = self._clock()

    @contextmanager
    def during(self) -> Iterator[None]:
        """Note a turn that runs beside others."""
        turn = object()
        self._under_way[turn] = self._clock()
        try:
            yield
        finally:
            del self._under_way[turn]

    @property
    def stands_still(self) -> float:
        """For how many seconds longer than a turn may take there was no sign; 0 where there is nothing wrong."""
        since = min(self._due, next(iter(self._under_way.values()), _NEVER))
        return max(0.0, self._clock() - since - self._turn_seconds)

    @property
    def trouble(self) -> str | None:
        """What is wrong with the loop, in a sentence; None while it works."""
        if still := self.stands_still:
            return f"The loop {self.name!r} stands still: no sign of it for {still + self._turn_seconds:.0f} s."
        if self._failing_since is not None and self._clock() - self._failing_since >= _FAILS_FOR_SECONDS:
            return f"The loop {self.name!r} fails: {self._cause}"
        return None


class Heartbeats:
    """The loops that run now.

    Parameters
    ----------
    clock
        In seconds; it never goes back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._loops: dict[str, Heartbeat] = {}

    def begin(self, name: str, *, turn_seconds: float = _TURN_SECONDS, essential: bool = True) -> Heartbeat:
        """Return the heartbeat of a loop that begins now; see `Heartbeat`. One before of this name is forgotten."""
        beat = self._loops[name] = Heartbeat(name, self._clock, turn_seconds=turn_seconds, essential=essential)
        return beat

    def end(self, *beats: Heartbeat) -> None:
        """Forget loops that ended."""
        for beat in beats:
            if self._loops.get(beat.name) is beat:
                del self._loops[beat.name]

    def working(self) -> dict[str, bool]:
        """Return for each loop whether it works."""
        return {name: beat.trouble is None for name, beat in self._loops.items()}

    def trouble(self, *, but: str | None = None) -> str | None:
        """Return why this replica does not do its work: all essential loops that do not; None where there is none.

        Parameters
        ----------
        but
            A loop that is left out.
        """
        found = [beat.trouble for beat in self._loops.values() if beat.essential and beat.name != but]
        return " ".join(filter(None, found)) or None

    def needs_a_restart(self) -> str | None:
        """Return which essential loops stand still for so long that only a restart can help; None where none does."""
        loops = (beat for beat in self._loops.values() if beat.essential)
        found = [beat.trouble for beat in loops if beat.stands_still > _RESTART_AFTER_SECONDS]
        return " ".join(filter(None, found)) or None


UNHEARD = Heartbeat("of nobody", lambda: 0.0)
"""For loops that nobody listens to."""
