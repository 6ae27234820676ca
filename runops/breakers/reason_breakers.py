"""One circuit breaker for each reason of a failure that videos share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from runops.breakers.breaker import Breaker
from runops.breakers.shared_faults import Hold, SharedFaults, rule_of
from runops.failures import TABLE, FailureClass, Reason
from runops.progress import Stage
from runops.retry_policy import pace

__all__ = ["Pause", "ReasonBreakers"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is claimed.

    Attributes
    ----------
    reason
        Of the failures.
    words
        What the last video said about it; "" where nothing was said.
    may_try
        Whether one row may be claimed all the same, to try.
    since
        When the breaker opened.
    next_try
        When the next video may try; None while one tries.
    """

    reason: Reason
    words: str
    may_try: bool
    since: datetime
    next_try: datetime | None


class ReasonBreakers:
    """Knows which faults stop every video.

    Parameters
    ----------
    now
        The time, with its zone.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._breakers: dict[Reason, Breaker] = {}
        self._passed: dict[Reason, dict[str, datetime]] = {}
        """When which video got past a fault last; two videos at most."""

    @property
    def known(self) -> list[Reason]:
        """The reasons for which videos have failed since a video got past them."""
        return list(self._breakers)

    def failed(self, video: str, reason: Reason, *, met_in: Stage | None, words: str, asked: float = 0.0) -> bool:
        """Note that an attempt at a video ended with this reason; return whether that opened the breaker.

        Parameters
        ----------
        video
            The name of its VideoJob.
        reason, words
            Why, and the sentence of the worker.
        met_in
            The stage in which it ended; None where that is not known.
        asked
            For how many seconds the service asked to be left alone.
        """
        rule = rule_of(reason)
        if rule is None:
            return False
        kind = TABLE[reason].failure_class
        # A failure that ends its own video has no pauses of its own.
        steps = pace(FailureClass.TRANSIENT if kind is FailureClass.PERMANENT else kind)
        was_open = self.breaker(reason).is_open
        self._set(
            reason,
            self.breaker(reason).failed(
                video,
                now=self._seconds(),
                most=rule.videos,
                pace=steps,
                met_in=met_in,
                words=words,
                asked=asked,
            ),
        )
        return self.breaker(reason).is_open and not was_open

    def found(self, video: str, reason: Reason, *, words: str, since: datetime | None) -> None:
        """Note that a start found a video that a fault blocks.

        Parameters
        ----------
        video
            The name of its VideoJob.
        reason, words
            Why, and the sentence of the worker.
        since
            For how long; None where that is not known.
        """
        rule = rule_of(reason)
        if rule is not None:
            at = None if since is None else since.timestamp()
            self._set(
                reason,
                self.breaker(reason).found(video, now=self._seconds(), most=rule.videos, words=words, since=at),
            )

    def left(self, video: str, reason: Reason) -> None:
        """Note that a video ended for another reason, was paused or is gone, and says nothing more about a fault."""
        self._set(reason, self.breaker(reason).left(video))

    def passed(self, video: str, reason: Reason) -> bool:
        """Note that a video got past a fault; return whether that closed the breaker."""
        was_open = self.breaker(reason).is_open
        self._set(reason, Breaker())
        times = self._passed.setdefault(reason, {})
        times.pop(video, None)
        times[video] = self._now()
        for name in list(times)[:-2]:
            del times[name]
        return was_open

    def seen_by(self, video: str) -> SharedFaults:
        """Return what is known of all faults, without what this video itself showed."""
        passed = {
            reason: max(others)
            for reason, times in self._passed.items()
            if (others := [at for name, at in times.items() if name != video])
        }
        return SharedFaults(frozenset(reason for reason, one in self._breakers.items() if one.is_open), passed)

    def hold(self, video: str) -> Hold | None:
        """Return why a video must not start now; None where it may."""
        now = self._seconds()
        held = [
            (breaker.seconds_left(video, now=now), reason)
            for reason, breaker in self._breakers.items()
            if (rule := rule_of(reason)) is not None and rule.holds
        ]
        seconds, reason = max(held, default=(0.0, Reason.INTERNAL))
        return Hold(reason, self.breaker(reason).words, seconds) if seconds > 0 else None

    def begin(self, video: str) -> bool:
        """Note that a video starts; return False where it must not."""
        if self.hold(video) is not None:
            return False
        for reason, breaker in list(self._breakers.items()):
            self._set(reason, breaker.begun(video, now=self._seconds()))
        return True

    def pause(self) -> Pause | None:
        """Return why nothing is claimed; None where no fault stops the claims. Settings come before services."""
        opened = sorted(
            (TABLE[reason].failure_class is not FailureClass.KEY, reason)
            for reason, breaker in self._breakers.items()
            if breaker.is_open
        )
        if not opened:
            return None
        now, (_, reason) = self._seconds(), opened[0]
        first, next_try = self.breaker(reason), self.breaker(reason).next_try(now=now)
        return Pause(
            reason,
            first.words,
            may_try=all(self.breaker(reason).may_claim(now=now) for _, reason in opened),
            since=datetime.fromtimestamp(first.since, UTC),
            next_try=None if next_try is None else datetime.fromtimestamp(next_try, UTC),
        )

    def claimed_to_try(self) -> None:
        """Note that a row was claimed although a breaker is open."""
        for reason, breaker in list(self._breakers.items()):
            if breaker.is_open:
                self._set(reason, breaker.claimed(now=self._seconds()))

    def breaker(self, reason: Reason) -> Breaker:
        """Return the state of one breaker."""
        return self._breakers.get(reason) or Breaker()

    def _set(self, reason: Reason, breaker: Breaker) -> None:
        if breaker == Breaker():
            self._breakers.pop(reason, None)
        else:
            self._breakers[reason] = breaker

    def _seconds(self) -> float:
        return self._now().timestamp()
