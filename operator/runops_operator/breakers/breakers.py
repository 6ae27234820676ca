"""The circuit breakers of an installation. They are fed by what VideoJobs show."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from runops.breakers.reason_breakers import ReasonBreakers
from runops.breakers.shared_faults import ALONE, MODEL_REASONS, concerns_all, first_stage_past, rule_of
from runops.failures import TABLE, Reason
from runops.progress import STAGES, Stage
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import VideoJobView
from runops_operator.planning.status import said_of_block
from runops_operator.times import moment

__all__ = ["Breakers"]

_log = logging.getLogger(__name__)
_BY_NAME = {reason.value: reason for reason in TABLE}


class Breakers(ReasonBreakers):
    """Knows which faults stop every video of this installation.

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
        super().__init__(now)
        self._config = config

    def see(self, before: VideoJobView | None, view: VideoJobView) -> None:
        """Take in a newer view of a VideoJob."""
        if before is None and not view.finished and (reason := self._blocking(view)) is not None:
            self.found(view.name, reason, words=said_of_block(view, reason), since=_blocked_since(view))
        for reason in {*self.known, *ALONE}:
            if self._gets_past(reason, before, view):
                self.passed(view.name, reason)
            elif _leaves(reason, view):
                self.left(view.name, reason)

    def see_deleted(self, last: VideoJobView) -> None:
        """Take in the last view of a VideoJob that is gone. One that had ended has said already what it could."""
        for reason in [] if last.finished else self.known:
            self.left(last.name, reason)

    def failed(self, video: str, reason: Reason, *, met_in: Stage | None, words: str, asked: float = 0.0) -> bool:
        """Note that an attempt ended with this reason; see `ReasonBreakers.failed`."""
        opens = super().failed(video, reason, met_in=met_in, words=words, asked=asked)
        if opens:
            _log.error("Videos wait, and no rows are claimed: %s", words or TABLE[reason].sentence)
        return opens

    def passed(self, video: str, reason: Reason) -> bool:
        """Note that a video got past a fault; see `ReasonBreakers.passed`."""
        closes = super().passed(video, reason)
        if closes:
            _log.info("a video got past the fault; the others follow", extra={"reason": reason})
        return closes

    def _blocking(self, view: VideoJobView) -> Reason | None:
        """Return the shared fault that blocks a VideoJob; None where none does."""
        reason = _BY_NAME.get(view.blocked_by or "")
        if reason is None or rule_of(reason) is None or view.spec is None or view.spec.suspend:
            return None
        return (
            reason
            if concerns_all(
                reason,
                view.spec,
                models=self._config.models,
                prompts=self._config.prompts,
                earlier_prompts=view.has_earlier_prompts(self._config.prompts.config_map),
                words=said_of_block(view, reason),
            )
            else None
        )

    def _gets_past(self, reason: Reason, before: VideoJobView | None, view: VideoJobView) -> bool:
        rule = rule_of(reason)
        reached = _stage_number(view)
        if rule is None or before is None or reached < 0:
            return False
        met_in = self.breaker(reason).met_in
        if reason in MODEL_REASONS and _tokens(view) > _tokens(before):
            # A call was answered. One of an earlier stage says nothing about the model of a later one.
            return met_in is None or reached >= STAGES.index(met_in)
        first = STAGES.index(first_stage_past(rule, met_in))
        return _stage_number(before) < first <= reached


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


def _blocked_since(view: VideoJobView) -> datetime | None:
    blocked = view.condition("Blocked")
    return None if blocked is None else moment(blocked.last_transition_time)
