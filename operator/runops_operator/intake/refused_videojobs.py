"""Rows whose VideoJob the API server refuses: each waits alone, and ends where others are made meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

from runops.failures import Reason
from runops.polling import backoff
from runops.videojob import videojob_name
from runops_operator.breakers.breakers import Breakers

__all__ = ["Refusal", "RefusedVideoJobs", "verdict_on_refusal"]

_FEWEST_TRIES = 5
_QUOTA = "exceeded quota"
"""In the API server's words for a ResourceQuota: it passes when other objects go."""


class Refusal(Enum):
    """What follows a refusal."""

    WAIT = auto()
    """The row keeps its claim, and its VideoJob is tried again."""
    END = auto()
    """The row is set to error: the API server takes other VideoJobs."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A row whose VideoJob was refused.

    Attributes
    ----------
    since
        When it was refused first.
    tries
        How often it was refused.
    again_at
        When it is tried again.
    """

    since: datetime
    tries: int
    again_at: float


def verdict_on_refusal(words: str, *, tries: int, others_made: bool) -> Refusal:
    """Return what follows a refusal. Pure.

    Parameters
    ----------
    words
        The API server's message.
    tries
        How often this VideoJob was refused.
    others_made
        Whether another VideoJob was made since it was refused first.
    """
    return Refusal.END if others_made and tries >= _FEWEST_TRIES and _QUOTA not in words else Refusal.WAIT


class RefusedVideoJobs:
    """Remembers the refused ones.

    Parameters
    ----------
    breakers
        Told of refusals, and of VideoJobs that are made: refusals of several stop the claims.
    now
        The time, with its zone.
    """

    def __init__(self, breakers: Breakers, now: Callable[[], datetime]) -> None:
        self._breakers = breakers
        self._now = now
        self._refused: dict[UUID, _Refused] = {}

    def note(self, job_id: UUID, words: str) -> Refusal:
        """Note a refusal, and return what follows."""
        now, name = self._now(), videojob_name(job_id)
        before = self._refused.get(job_id)
        tries = 1 if before is None else before.tries + 1
        since = now if before is None else before.since
        self._refused[job_id] = _Refused(since, tries, now.timestamp() + backoff(tries))
        self._breakers.failed(
            name, Reason.VIDEOJOB_REFUSED, met_in=None, words=f"Kubernetes rejected a VideoJob. ({words[:300]})"
        )
        made = self._breakers.seen_by(name).passed.get(Reason.VIDEOJOB_REFUSED)
        return verdict_on_refusal(words, tries=tries, others_made=made is not None and made >= since)

    def made(self, job_id: UUID) -> None:
        """Note that a VideoJob was made."""
        self._breakers.passed(videojob_name(job_id), Reason.VIDEOJOB_REFUSED)

    def forget(self, job_id: UUID) -> None:
        """Drop a row that waits no longer: it says nothing more about refusals."""
        self._refused.pop(job_id, None)
        self._breakers.left(videojob_name(job_id), Reason.VIDEOJOB_REFUSED)

    def is_due(self, job_id: UUID) -> bool:
        """Whether a row may be tried now."""
        return self.seconds_left(job_id) <= 0

    def seconds_left(self, job_id: UUID) -> float:
        """Return for how many seconds a row is not tried."""
        refused = self._refused.get(job_id)
        return 0.0 if refused is None else max(0.0, refused.again_at - self._now().timestamp())
