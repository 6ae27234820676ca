"""A run of the pacer: calls come, the pacer allows them, and its process is replaced now and then."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from runops.pacing.pacer import Pacer
from runops.pacing.refusal import Refusal
from runops.pacing.turns import Waiting

MODEL = "gemini-3.8-flash"


@dataclass
class Allowed:
    """A call that went, and when."""

    call: Waiting
    at: float


@dataclass
class PacedRun:
    """Drives a pacer over time. What it knows is kept every five seconds at most, as the operator does.

    Parameters
    ----------
    refusals
        With their times, in order.
    restarts
        When another process goes on with the state.
    """

    refusals: Sequence[tuple[float, Refusal]]
    restarts: Sequence[float] = ()
    allowed: list[Allowed] = field(default_factory=list)
    left: list[Waiting] = field(default_factory=list)

    def run(self, calls: Iterable[Waiting], *, until: float) -> "PacedRun":
        """Let the calls come and go until a time."""
        coming = sorted(calls, key=lambda call: call.since)
        restarts = sorted(self.restarts)
        refusals = list(self.refusals)
        pacer, now = Pacer(now=0.0), 0.0
        kept, kept_at = pacer.state(), float("-inf")
        while now <= until:
            while restarts and restarts[0] <= now:
                restarts.pop(0)
                pacer = Pacer(kept, now=now)
            while refusals and refusals[0][0] <= now:
                pacer.refuse(refusals.pop(0)[1], now=now)
            while coming and coming[0].since <= now:
                self.left.append(coming.pop(0))
            turn = pacer.turn(MODEL, self.left, now=now)
            self.allowed += [Allowed(call, now) for call in turn.calls]
            self.left = [call for call in self.left if call not in set(turn.calls)]
            if now - kept_at >= 5.0:
                kept, kept_at = pacer.state(), now
            times = [time for time in (turn.next_at,) if time is not None]
            times += [one for one in (coming[0].since if coming else None,) if one is not None]
            times += restarts[:1] + [time for time, _ in refusals[:1]]
            if not times:
                break
            assert min(times) > now
            now = min(times)
        return self

    def most_within(self, seconds: float, *, tokens: bool = False) -> float:
        """Return the most calls, or the most tokens, that went in any such time."""
        most, first, total = 0, 0, 0
        for one in self.allowed:
            total += one.call.tokens if tokens else 1
            while self.allowed[first].at <= one.at - seconds:
                total -= self.allowed[first].call.tokens if tokens else 1
                first += 1
            most = max(most, total)
        return most
