"""How many rows may be claimed now, and why not more. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runops.breakers.reason_breakers import Pause
from runops.failures import TABLE, Reason
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import VideoJobView
from runops_operator.spending.caps import NO_SPENDING_CAP, SpendingVerdict

__all__ = ["Admission", "admit"]

_MOST_AHEAD = 1000
"""Claimed rows without a VideoJob. While the API server is slow, rows wait in the table for any consumer."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What may be claimed.

    Attributes
    ----------
    slots
        Free slots.
    active
        Videos at work by user; "" for those without one.
    paused
        Why nothing at all is claimed; None where only the slots count.
    to_try
        Whether one row is claimed all the same, to try whether the fault is over.
    claimed
        Rows that are claimed and have no VideoJob yet.
    for_quota
        Whether slots are free that a quota per minute of the model could not feed.
    for_estimates
        Whether slots stay free until it is known what the videos at work will cost.
    why_paused
        The pause in a sentence with its figures; None where that of the failure table is enough.
    fault
        The fault that every video meets; None where there is none.
    spending
        What the caps on spending allow.
    """

    slots: int
    active: Counter[str]
    paused: Reason | None = None
    to_try: bool = False
    claimed: int = 0
    for_quota: bool = False
    for_estimates: bool = False
    why_paused: str | None = None
    fault: Pause | None = None
    spending: SpendingVerdict = NO_SPENDING_CAP

    @property
    def full(self) -> bool:
        """Whether nothing but a free slot is missing."""
        return self.paused is None and self.slots <= 0

    @property
    def claimable(self) -> int:
        """How many rows to claim now; 0 or less where there are enough without a VideoJob."""
        return min(self.slots, _MOST_AHEAD - self.claimed)


def admit(
    unfinished: Iterable[VideoJobView],
    config: OperatorConfig,
    *,
    claimed: Mapping[str, int],
    fault: Pause | None = None,
    room: int | None = None,
    spending: SpendingVerdict = NO_SPENDING_CAP,
    drained: str | None = None,
) -> Admission:
    """Return what may be claimed beside the unfinished VideoJobs.

    A fault that every video meets stops the claims, but for one row at a time where no video at work can try.

    Parameters
    ----------
    unfinished
        VideoJobs that have not ended. Suspended ones take no slot. For those made by hand that wait for a slot, up to
        half of all slots are kept free: neither they nor the queue keep the other out.
    config
        Settings of this installation.
    claimed
        Rows by user that are claimed and have no VideoJob yet.
    fault
        The fault that every video meets; None where there is none.
    room
        How many more videos the model's quota per minute can feed; None where none is used up. More would only wait in
        their pods, on nodes that are paid for.
    spending
        What the caps on spending allow.
    drained
        Why the installation drains; None where it does not. Then no row is claimed to try, either.
    """
    active: Counter[str] = Counter(claimed)
    waiting = 0
    for videojob in unfinished:
        if videojob.spec is not None and videojob.spec.suspend:
            continue
        if videojob.claim is None:
            waiting += 1
        else:
            active[videojob.user] += 1
    kept = min(waiting, max(1, config.max_concurrent // 2))
    paused, why, most = None, None, config.max_concurrent - active.total() - kept
    if drained is not None:
        paused, why, most = Reason.DRAINED, TABLE[Reason.DRAINED].with_remedy(drained), 0
    elif fault is not None:
        paused, why, most = fault.reason, _sentence(fault), min(most, 1 if fault.may_try else 0)
    elif spending.reached is not None:
        paused, why, most = Reason.SPENDING_CAP_REACHED, spending.reached, 0
    slots = max(0, most)
    fed = slots if room is None else min(slots, max(0, room))
    return Admission(
        fed if spending.room is None else min(fed, spending.room),
        active,
        paused,
        to_try=paused is not None and fed > 0,
        claimed=sum(claimed.values()),
        for_quota=fed < slots,
        for_estimates=spending.room == 0 and fed > 0,
        why_paused=why,
        fault=None if drained is not None else fault,
        spending=spending,
    )


def _sentence(fault: Pause) -> str | None:
    """Return what the videos said, and what to do about it; None where that of the failure table is enough."""
    return TABLE[fault.reason].with_remedy(fault.words) if fault.words else None
