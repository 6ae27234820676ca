"""One circuit breaker as a state machine: closed, open, and half-open while one video tries. Pure.

Times are seconds of any one clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from runops.progress import STAGES, Stage
from runops.retry_policy import Pace

__all__ = ["LONGEST_PROBE_SECONDS", "Breaker"]

LONGEST_PROBE_SECONDS = 300.0
"""After so long without a result, such as where no node has room, the next video may try too."""
_CLAIM_AFTER_SECONDS = 30.0
"""A video at work tries first. Where none does within this time, one row may be claimed for it."""
_MOST_SUSPECTS = 100
_NO_PROBES: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of the breaker for one fault.

    Attributes
    ----------
    suspects
        Videos that failed since a video got past the fault last.
    met_in
        The latest stage in which one of them failed; None where that is not known.
    words
        What the last of them said; "" where nothing was said.
    opened
        How often it opened since it was closed last; 0 while it is closed.
    since
        When it opened first, while it is open.
    until
        When the next video may try, while it is open.
    probes
        The videos that try, and since when.
    claim_from
        When one row may be claimed for a try, while it is open.
    """

    suspects: frozenset[str] = frozenset()
    met_in: Stage | None = None
    words: str = ""
    opened: int = 0
    since: float = 0.0
    until: float = 0.0
    probes: Mapping[str, float] = field(default_factory=lambda: _NO_PROBES)
    claim_from: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the fault stops videos."""
        return self.opened > 0

    def failed(
        self,
        video: str,
        *,
        now: float,
        most: int,
        pace: Pace,
        asked: float = 0.0,
        met_in: Stage | None = None,
        words: str = "",
    ) -> "Breaker":
        """Return the state after a video met the fault.

        Parameters
        ----------
        video
            Its name.
        most
            How many different videos must fail before the breaker opens.
        pace
            How the times between two tries grow.
        asked
            For how many seconds the service asked to be left alone.
        met_in
            The stage in which it failed.
        words
            What it said.
        """
        suspects = self.suspects if len(self.suspects) >= _MOST_SUSPECTS else self.suspects | {video}
        probes = {name: since for name, since in self.probes.items() if name != video}
        known = replace(
            self, suspects=suspects, met_in=_later(self.met_in, met_in), words=words or self.words, probes=probes
        )
        first = not self.is_open and len(suspects) >= most
        tried = self.is_open and video in self.probes and now >= self.until
        if not first and not tried:
            return known
        opened = self.opened + 1
        until = now + max(min(pace.base * 2 ** (min(opened, 30) - 1), pace.longest), asked)
        return replace(
            known,
            opened=opened,
            since=now if first else self.since,
            until=until,
            probes=_NO_PROBES,
            claim_from=until + _CLAIM_AFTER_SECONDS,
        )

    def found(self, video: str, *, now: float, most: int, words: str = "", since: float | None = None) -> "Breaker":
        """Return the state after a start found a video that the fault blocks. If it opens, the next one may try.

        Parameters
        ----------
        video
            Its name.
        now
            The time.
        most
            How many different videos must fail before the breaker opens.
        words
            What is said of the fault.
        since
            Since when the video is blocked; None where that is not known.
        """
        began = now if since is None else min(since, now)
        known = replace(self, suspects=self.suspects | {video}, words=self.words or words)
        if len(known.suspects) < most:
            return known
        return replace(
            known,
            opened=max(self.opened, 1),
            since=min(self.since, began) if self.is_open else began,
            until=max(self.until, now),
            claim_from=max(self.claim_from, now + _CLAIM_AFTER_SECONDS),
        )

    def left(self, video: str) -> "Breaker":
        """Return the state after a video ended for another reason, or was paused."""
        if video not in self.suspects and video not in self.probes:
            return self
        suspects = self.suspects - {video}
        if not suspects:
            # No video is left that met the fault.
            return Breaker()
        return replace(
            self, suspects=suspects, probes={name: since for name, since in self.probes.items() if name != video}
        )

    def seconds_left(self, video: str, *, now: float) -> float:
        """Return for how many seconds a video must not start; 0 where it may, as the one that tries."""
        if not self.is_open or video in self.probes:
            return 0.0
        trying = [since + LONGEST_PROBE_SECONDS - now for since in self.probes.values()]
        return max(0.0, self.until - now, *trying)

    def next_try(self, *, now: float) -> float | None:
        """Return when the next video may try, while it is open; None while one tries."""
        if any(now - since < LONGEST_PROBE_SECONDS for since in self.probes.values()):
            return None
        return max(self.until, now)

    def begun(self, video: str, *, now: float) -> "Breaker":
        """Return the state after a video started that was allowed to."""
        if not self.is_open or video in self.probes:
            return self
        live = {name: since for name, since in self.probes.items() if now - since < LONGEST_PROBE_SECONDS}
        return replace(self, probes={**live, video: now}, claim_from=now + LONGEST_PROBE_SECONDS + _CLAIM_AFTER_SECONDS)

    def may_claim(self, *, now: float) -> bool:
        """Whether a row may be claimed to try, since no video at work does."""
        return self.is_open and now >= self.claim_from

    def claimed(self, *, now: float) -> "Breaker":
        """Return the state after a row was claimed to try."""
        return replace(self, claim_from=now + LONGEST_PROBE_SECONDS + _CLAIM_AFTER_SECONDS)


def _later(one: Stage | None, other: Stage | None) -> Stage | None:
    known = [stage for stage in (one, other) if stage is not None]
    return max(known, key=STAGES.index, default=None)
