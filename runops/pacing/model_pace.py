"""The pace of one model: whether calls wait for it, how many go in a minute, and when the next one may go. Pure."""

from dataclasses import dataclass

from runops.pacing.meter import Meter
from runops.pacing.rate import Rate, Steps
from runops.pacing.refusal import Counted, Refusal
from runops.pacing.state import ModelState, RateState

__all__ = ["LONGEST_HOLD_SECONDS", "MINUTE", "ModelPace"]

MINUTE = 60.0
"""Seconds. Tests and benchmarks that shorten the minute of a stand-in shorten this one with it."""
LONGEST_HOLD_SECONDS = 120.0
"""A quota per minute asks for 60 s or less. A longer wait is one of another quota, which ends the attempt."""
_HOLD_UNASKED = 0.1
"""Share of a minute for which nothing goes after a refusal that names no wait."""
_QUIET_MINUTES = 10
_REQUESTS = Steps(first=10.0, rise=1.0, least=1.0)
_TOKENS = Steps(first=250_000.0, rise=25_000.0, least=20_000.0)


@dataclass(slots=True)
class _Metered:
    """A rate, and what was taken of it."""

    rate: Rate
    meter: Meter
    steps: Steps

    def free_at(self, amount: float, *, now: float) -> float:
        return self.meter.free_at(amount, per_minute=self.rate.per_minute, now=now)

    def take(self, amount: float, *, now: float) -> None:
        self.meter.take(amount, per_minute=self.rate.per_minute, now=now)

    def state(self) -> RateState:
        next_at = self.meter.next_at
        return RateState(
            per_minute=self.rate.per_minute,
            limit=self.rate.limit,
            changed_at=self.rate.changed_at,
            cut_at=self.rate.cut_at,
            next_at=next_at if next_at > float("-inf") else None,
        )


class ModelPace:
    """Requests and tokens of one model.

    It begins with the first refusal. It ends after ten minutes in which no call was refused and none had to wait; then
    calls go freely until the next refusal, and what was learned of the limits is kept.

    Parameters
    ----------
    minute
        Length of the minute that the API counts in, in seconds.
    """

    def __init__(self, *, now: float, minute: float = MINUTE) -> None:
        self._minute = minute
        self._requests = self._metered(Rate.first(None, _REQUESTS, now=now), _REQUESTS)
        self._tokens: _Metered | None = None
        self.on = False
        """Whether calls wait for their turn."""
        self.hold_until = now
        """No call goes before."""
        self.refused_at = self._busy_at = float(now)

    @classmethod
    def resumed(cls, state: ModelState, *, now: float, minute: float = MINUTE) -> "ModelPace":
        """Return the pace that another process kept.

        What that process allowed last may not be in the state. So nothing is allowed at once: the first call waits for
        one whole interval, as if the last one had been allowed just now.
        """
        pace = cls(now=now, minute=minute)
        pace.on, pace.hold_until, pace.refused_at = state.on, state.hold_until, state.refused_at
        pace._busy_at = state.busy_at
        pace._requests = pace._resumed(state.requests, _REQUESTS)
        interval = minute / pace._requests.rate.per_minute
        pace._requests.meter.hold(now + interval)
        if state.tokens is not None:
            pace._tokens = pace._resumed(state.tokens, _TOKENS)
            pace._tokens.meter.hold(now)
        pace._hold(state.hold_until)
        return pace

    @property
    def request_rate(self) -> float:
        """Requests per minute."""
        return self._requests.rate.per_minute

    @property
    def token_rate(self) -> float | None:
        """Tokens per minute; None where no quota of tokens refused a call."""
        return None if self._tokens is None else self._tokens.rate.per_minute

    def refuse(self, refusal: Refusal, *, now: float) -> None:
        """Take in that a call was refused."""
        minute = self._minute
        limits = {quota.counted: quota.limit for quota in refusal.quotas}
        if not limits:
            limits = {Counted.REQUESTS: None}
        if Counted.REQUESTS in limits:
            limit = limits[Counted.REQUESTS]
            rate = self._requests.rate
            self._requests.rate = (
                rate.refused(limit, _REQUESTS, now=now, minute=minute)
                if self.on or rate.limit is not None
                else Rate.first(limit, _REQUESTS, now=now)
            )
        if Counted.TOKENS in limits:
            limit = limits[Counted.TOKENS]
            if self._tokens is None:
                self._tokens = self._metered(Rate.first(limit, _TOKENS, now=now), _TOKENS)
            else:
                self._tokens.rate = self._tokens.rate.refused(limit, _TOKENS, now=now, minute=minute)
        wait = minute * _HOLD_UNASKED if refusal.wait is None else min(refusal.wait, LONGEST_HOLD_SECONDS)
        self._hold(now + wait)
        self.on, self.refused_at, self._busy_at = True, now, now

    def settle(self, *, now: float, waiting: bool) -> None:
        """Take in that time went by: the rates rise, and a pace that nothing waits for ends after a while.

        Parameters
        ----------
        waiting
            Whether a call waits at this moment.
        """
        if waiting:
            self._busy_at = now
        for metered in self._all():
            metered.rate = metered.rate.risen(
                metered.steps, now=now, minute=self._minute, used=waiting and now >= self.hold_until
            )
        if now - max(self._busy_at, self.hold_until) >= _QUIET_MINUTES * self._minute:
            self.on = False

    def free_at(self, tokens: int, *, now: float) -> float:
        """Return when a call with these tokens of input may go: `now`, or later."""
        if not self.on:
            return now
        at = max(now, self.hold_until, self._requests.free_at(1, now=now))
        return at if self._tokens is None else max(at, self._tokens.free_at(tokens, now=now))

    def allow(self, tokens: int, *, now: float) -> None:
        """Note that a call goes now."""
        self._requests.take(1, now=now)
        if self._tokens is not None:
            self._tokens.take(tokens, now=now)

    def minutes_for(self, calls: int, tokens: int) -> float:
        """Return in how many minutes so many calls, with so many tokens together, may go."""
        of_calls = calls / self._requests.rate.per_minute
        return of_calls if self._tokens is None else max(of_calls, tokens / self._tokens.rate.per_minute)

    def state(self) -> ModelState:
        """Return what another process needs to go on."""
        return ModelState(
            on=self.on,
            hold_until=self.hold_until,
            refused_at=self.refused_at,
            busy_at=self._busy_at,
            requests=self._requests.state(),
            tokens=None if self._tokens is None else self._tokens.state(),
        )

    def _all(self) -> list[_Metered]:
        return [self._requests] if self._tokens is None else [self._requests, self._tokens]

    def _hold(self, until: float) -> None:
        self.hold_until = max(self.hold_until, until)
        for metered in self._all():
            metered.meter.hold(until)

    def _metered(self, rate: Rate, steps: Steps) -> _Metered:
        return _Metered(rate, Meter(minute=self._minute), steps)

    def _resumed(self, state: RateState, steps: Steps) -> _Metered:
        metered = self._metered(Rate(state.per_minute, state.limit, state.changed_at, state.cut_at), steps)
        metered.meter.next_at = float("-inf") if state.next_at is None else state.next_at
        return metered
