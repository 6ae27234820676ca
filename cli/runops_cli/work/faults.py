"""What one process knows of the faults that videos meet, and of the videos that it put back for them. No I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from runops.breakers.reason_breakers import ReasonBreakers
from runops.breakers.shared_faults import first_stage_past, is_shared, rule_of
from runops.failures import TABLE, Failed, FailureClass, Reason
from runops.progress import STAGES, Stage
from runops.retry_policy import Again, History
from runops.timestamps import rfc3339
from runops_cli.work.next_attempt import Next, PutBack, after_failure

__all__ = ["Faults", "Wait"]

_MOST_PASTS = 1000
_NEVER: Mapping[Reason, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Wait:
    """What the process waits for.

    Attributes
    ----------
    reason, words
        The fault, and what the last video said about it.
    since, until
        When videos began to meet it, and when one is tried again.
    seconds
        Until then.
    tries
        How often it was met since.
    alone
        Whether one video waits, and others may be tried.
    """

    reason: Reason
    words: str
    since: datetime
    until: datetime
    seconds: float
    tries: int
    alone: bool = False

    @property
    def sentence(self) -> str:
        """What was said, and what to do about it."""
        return TABLE[self.reason].with_remedy(self.words)

    @property
    def line(self) -> str:
        """All of it."""
        who = "it is tried again" if self.alone else "nothing is claimed; one video tries"
        return f"{self.sentence} Waiting since {rfc3339(self.since)}: {who} at {rfc3339(self.until)}."

    @property
    def needs_a_person(self) -> bool:
        """Whether a key or a setting is wrong, which no waiting cures."""
        return TABLE[self.reason].failure_class is FailureClass.KEY

    @property
    def is_outage(self) -> bool:
        """Whether it would use up attempts if it were the video's own."""
        return TABLE[self.reason].counts


@dataclass(frozen=True, slots=True)
class _Past:
    """What is known of a video that was tried before.

    Attributes
    ----------
    history
        Of its attempts.
    failed
        When it met which fault last.
    wait
        For its own next try; None where it is tried in place.
    """

    history: History = field(default_factory=History)
    failed: Mapping[Reason, datetime] = field(default_factory=lambda: _NEVER)
    wait: Wait | None = None


class Faults:
    """The breakers of this process. A video that meets a shared fault goes back into the queue and uses up no attempt.

    This process runs one video after the other. So an outage that a video meets again counts as its own only where
    another video got past it meanwhile.

    Parameters
    ----------
    now
        The time, with its zone.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._breakers = ReasonBreakers(now)
        self._pasts: dict[UUID, _Past] = {}

    def history_of(self, job_id: UUID) -> History:
        """Return how earlier attempts of this process at a video ended."""
        return self._past(job_id).history

    def begin(self, job_id: UUID) -> None:
        """Note that a video is tried."""
        self._breakers.begin(str(job_id))

    def failed(self, job_id: UUID, error: Failed, *, stage: Stage | None, retries: int, jitter: float) -> Next:
        """Note that an attempt failed, and return what follows.

        Parameters
        ----------
        job_id
            The video.
        error
            Why.
        stage
            The last stage that the attempt reached; None where it reached none.
        retries
            How many attempts may follow the first.
        jitter
            0 to 1, spreads the pauses.
        """
        past, name, now = self._past(job_id), str(job_id), self._now()
        self._leave(job_id, stage, but=error.reason)
        self._breakers.failed(name, error.reason, met_in=stage, words=error.detail, asked=error.retry_after or 0.0)
        known = self._breakers.seen_by(name)
        shared = rule_of(error.reason) is not None and is_shared(
            error.reason, known, began=past.failed.get(error.reason)
        )
        decided = after_failure(error, past.history, retries=retries, shared=shared, jitter=jitter)
        failed = {**past.failed, error.reason: now}
        match decided:
            case Again(_, history):
                self._keep(job_id, _Past(history, failed))
            case PutBack(seconds, history):
                since = past.wait.since if past.wait is not None and past.wait.reason is error.reason else now
                until = now + timedelta(seconds=seconds)
                wait = Wait(error.reason, error.detail, since, until, seconds, history.interruptions, alone=True)
                self._keep(job_id, _Past(history, failed, wait))
            case _:
                self._pasts.pop(job_id, None)
        return decided

    def completed(self, job_id: UUID) -> None:
        """Note that a video got past every fault."""
        for reason in {*self._breakers.known, *self._met()}:
            self._breakers.passed(str(job_id), reason)
        self._pasts.pop(job_id, None)

    def lost(self, job_id: UUID) -> None:
        """Note that a video was cancelled, or taken by somebody else."""
        self._leave(job_id, None, but=None)
        self._pasts.pop(job_id, None)

    def wait(self) -> Wait | None:
        """Return why no row may be claimed now; None where one may."""
        now, opened = self._now(), [one for one in self._breakers.known if self._breakers.breaker(one).is_open]
        if not opened:
            return None
        reason = max(opened, key=lambda one: (self._breakers.breaker(one).until, one))
        breaker = self._breakers.breaker(reason)
        seconds = breaker.until - now.timestamp()
        if seconds <= 0:
            return None
        since = datetime.fromtimestamp(breaker.since, now.tzinfo)
        return Wait(reason, breaker.words, since, now + timedelta(seconds=seconds), seconds, breaker.opened)

    def wait_of(self, job_id: UUID) -> Wait | None:
        """Return what a queued row waits for alone; None where it may be claimed."""
        wait = self._past(job_id).wait
        if wait is None or (seconds := (wait.until - self._now()).total_seconds()) <= 0:
            return None
        return replace(wait, seconds=seconds)

    def is_suspect(self, job_id: UUID) -> bool:
        """Whether a video met a fault that stops the claims now: another one says more about it."""
        return any(
            str(job_id) in breaker.suspects
            for breaker in map(self._breakers.breaker, self._breakers.known)
            if breaker.is_open
        )

    def _leave(self, job_id: UUID, stage: Stage | None, *, but: Reason | None) -> None:
        """Note that an attempt says nothing more about any fault but one, or that it got past it."""
        for reason in self._breakers.known:
            rule = rule_of(reason)
            if reason is but or rule is None:
                continue
            past = first_stage_past(rule, self._breakers.breaker(reason).met_in)
            if stage is not None and STAGES.index(stage) >= STAGES.index(past):
                self._breakers.passed(str(job_id), reason)
            else:
                self._breakers.left(str(job_id), reason)

    def _met(self) -> set[Reason]:
        """Return the faults that videos met which are to be tried again."""
        return {reason for past in self._pasts.values() for reason in past.failed if rule_of(reason) is not None}

    def _past(self, job_id: UUID) -> _Past:
        return self._pasts.get(job_id) or _Past()

    def _keep(self, job_id: UUID, past: _Past) -> None:
        self._pasts.pop(job_id, None)
        self._pasts[job_id] = past
        for old in list(self._pasts)[:-_MOST_PASTS]:
            del self._pasts[old]
