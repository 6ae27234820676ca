"""The circuit breakers of an installation, one for each fault. They are fed by what VideoJobs show."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from runops.failures import TABLE, FailureClass, Reason
from runops.progress import STAGES, Stage
from runops.retry_policy import pace
from runops_operator.breakers.breaker import Breaker
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import VideoJobView
from runops_operator.planning.shared_faults import (
    ALONE,
    MODEL_REASONS,
    Hold,
    SharedFaults,
    concerns_all,
    first_stage_past,
    rule_of,
)

__all__ = ["Breakers", "Pause"]

_log = logging.getLogger(__name__)
_BY_NAME = {reason.value: reason for reason in TABLE}


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
    """

    reason: Reason
    words: str
    may_try: bool


class Breakers:
    """Knows which faults stop every video.

    Nothing of it is stored. After a start it knows the faults that the condition `Blocked` of a VideoJob shows, and one
    video may try each at once.

    Parameters
    ----------
    config
        Settings of this installation.
    now
        The time, with its zone.
    """

    def __init__(self, config: OperatorConfig, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._config = config
        self._now = now
        self._breakers: dict[Reason, Breaker] = {}
        self._passed: dict[Reason, dict[str, datetime]] = {}
        """When which video got past a fault last; two videos at most."""

    def see(self, before: VideoJobView | None, view: VideoJobView) -> None:
        """Take in a newer view of a VideoJob."""
        if before is None and not view.finished and (reason := self._blocking(view)) is not None:
            rule = rule_of(reason)
            assert rule is not None
            found = self._breaker(reason).found(view.name, now=self._seconds(), most=rule.videos, words=_words(view))
            self._set(reason, found)
        for reason in {*self._breakers, *ALONE}:
            if self._gets_past(reason, before, view):
                self.passed(view.name, reason)
            elif _leaves(reason, view):
                self._set(reason, self._breaker(reason).left(view.name))

    def see_deleted(self, last: VideoJobView) -> None:
        """Take in the last view of a VideoJob that is gone. One that had ended has said already what it could."""
        for reason in [] if last.finished else list(self._breakers):
            self._set(reason, self._breaker(reason).left(last.name))

    def failed(self, video: str, reason: Reason, *, met_in: Stage | None, words: str, asked: float = 0.0) -> None:
        """Note that an attempt at a video ended with this reason.

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
            return
        kind = TABLE[reason].failure_class
        # A failure that ends its own video has no pauses of its own.
        steps = pace(FailureClass.TRANSIENT if kind is FailureClass.PERMANENT else kind)
        was_open = self._breaker(reason).is_open
        self._set(
            reason,
            self._breaker(reason).failed(
                video,
                now=self._seconds(),
                most=rule.videos,
                pace=steps,
                met_in=met_in,
                words=words,
                asked=asked,
            ),
        )
        if self._breaker(reason).is_open and not was_open:
            _log.error("Videos wait, and no rows are claimed: %s", words or TABLE[reason].sentence)

    def passed(self, video: str, reason: Reason) -> None:
        """Note that a video got past a fault."""
        if self._breaker(reason).is_open:
            _log.info("a video got past the fault; the others follow", extra={"reason": reason})
        self._set(reason, Breaker())
        times = self._passed.setdefault(reason, {})
        times.pop(video, None)
        times[video] = self._now()
        for name in list(times)[:-2]:
            del times[name]

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
        return Hold(reason, self._breaker(reason).words, seconds) if seconds > 0 else None

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
        now, (_, first) = self._seconds(), opened[0]
        may_try = all(self._breaker(reason).may_claim(now=now) for _, reason in opened)
        return Pause(first, self._breaker(first).words, may_try=may_try)

    def claimed_to_try(self) -> None:
        """Note that a row was claimed although a breaker is open."""
        for reason, breaker in list(self._breakers.items()):
            if breaker.is_open:
                self._set(reason, breaker.claimed(now=self._seconds()))

    def _blocking(self, view: VideoJobView) -> Reason | None:
        """Return the shared fault that blocks a VideoJob; None where none does."""
        reason = _BY_NAME.get(view.blocked_by or "")
        if reason is None or rule_of(reason) is None or view.spec is None or view.spec.suspend:
            return None
        return reason if concerns_all(reason, view.spec, self._config, words=_words(view)) else None

    def _gets_past(self, reason: Reason, before: VideoJobView | None, view: VideoJobView) -> bool:
        rule = rule_of(reason)
        reached = _stage_number(view)
        if rule is None or before is None or reached < 0:
            return False
        met_in = self._breaker(reason).met_in
        if reason in MODEL_REASONS and _tokens(view) > _tokens(before):
            # A call was answered. One of an earlier stage says nothing about the model of a later one.
            return met_in is None or reached >= STAGES.index(met_in)
        first = STAGES.index(first_stage_past(rule, met_in))
        return _stage_number(before) < first <= reached

    def _breaker(self, reason: Reason) -> Breaker:
        return self._breakers.get(reason) or Breaker()

    def _set(self, reason: Reason, breaker: Breaker) -> None:
        if breaker == Breaker():
            self._breakers.pop(reason, None)
        else:
            self._breakers[reason] = breaker

    def _seconds(self) -> float:
        return self._now().timestamp()


def _stage_number(view: VideoJobView) -> int:
    """Return the number of a VideoJob's stage; -1 for none, or one of another version."""
    return next((number for number, stage in enumerate(STAGES) if stage == view.status.stage), -1)


def _tokens(view: VideoJobView) -> int:
    usage = view.status.usage
    return 0 if usage is None else usage.total_tokens


def _leaves(reason: Reason, view: VideoJobView) -> bool:
    """Return whether a VideoJob ended for another reason, or was paused, and says nothing more about a fault."""
    return _is_suspended(view) or (view.finished and view.status.reason != reason)


def _is_suspended(view: VideoJobView) -> bool:
    return view.spec is not None and view.spec.suspend


def _words(view: VideoJobView) -> str:
    blocked = view.condition("Blocked")
    return "" if blocked is None else blocked.message
