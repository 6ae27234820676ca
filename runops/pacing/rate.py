"""A rate that a refusal lowers and that rises while none comes: additive increase, multiplicative decrease. Pure."""

from dataclasses import dataclass, replace

__all__ = ["Rate", "Steps"]

_SHARE_KEPT = 0.8
_SHARE_KEPT_OF_LIMIT = 0.9
"""Where the limit is known, a refusal at a rate below it is a call that was late, or somebody else's use of the key."""
_RISE_OF_LIMIT = 0.05
"""A limit that is known is reached again within two minutes after one cut."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How a rate moves where the API names no limit.

    Attributes
    ----------
    first
        The rate after the first refusal, in units per minute.
    rise
        What is added in each minute without a refusal.
    least
        No refusal lowers the rate below it.
    """

    first: float
    rise: float
    least: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Units per minute, at present.

    Attributes
    ----------
    per_minute
        The rate.
    limit
        What the API says is allowed; None where it did not say.
    changed_at
        When it was last cut or raised.
    cut_at
        When it was last cut.
    """

    per_minute: float
    limit: int | None
    changed_at: float
    cut_at: float

    @classmethod
    def first(cls, limit: int | None, steps: Steps, *, now: float) -> "Rate":
        """Return the rate after the first refusal.

        It is the limit, where that is known: calls before it were not paced, so the refusal tells nothing about a rate.
        """
        return cls(float(limit) if limit is not None else steps.first, limit, now, now)

    def refused(self, limit: int | None, steps: Steps, *, now: float, minute: float) -> "Rate":
        """Return the rate after a refusal, which names a limit or not.

        Refusals within a minute count once: they are about calls that were made at the same rate.
        """
        known = limit if limit is not None else self.limit
        rate = self.per_minute
        if known is not None and known != self.limit:
            # A limit that was not known, or was changed: what was tried before says nothing about it.
            return Rate(float(known), known, now, now)
        if now - self.cut_at < minute:
            return self
        kept = _SHARE_KEPT if known is None else _SHARE_KEPT_OF_LIMIT
        return Rate(max(rate * kept, steps.least), known, now, now)

    def risen(self, steps: Steps, *, now: float, minute: float, used: bool) -> "Rate":
        """Return the rate after the time since its last change went by without a refusal.

        Parameters
        ----------
        steps
            How it rises where no limit is known.
        now
            The time.
        minute
            Length of the minute that the API counts in, in seconds.
        used
            Whether calls went at this rate. Where no limit is known, a rate that is not used shows no room for more.
        """
        most = float("inf") if self.limit is None else float(self.limit)
        rise = steps.rise if self.limit is None else most * _RISE_OF_LIMIT
        if self.limit is None and not used:
            rise = 0.0
        risen = min(self.per_minute + rise * max(now - self.changed_at, 0.0) / minute, most)
        return replace(self, per_minute=max(self.per_minute, risen), changed_at=max(now, self.changed_at))
