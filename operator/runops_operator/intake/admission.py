"""How many rows may be claimed now, and why not more. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runops.failures import TABLE, FailureClass, Reason
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import VideoJobView
from runops_operator.spending.caps import NO_SPENDING_CAP, SpendingVerdict

__all__ = ["Admission", "admit"]

_MOST_AHEAD = 1000
"""Claimed rows without a VideoJob. While the API server is slow, rows wait in the table for any consumer."""
_BY_NAME = {reason.value: reason for reason in TABLE}


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
    claimed
        Rows that are claimed and have no VideoJob yet.
    for_quota
        Whether slots are free that a quota per minute of the model could not feed.
    for_estimates
        Whether slots stay free until it is known what the videos at work will cost.
    why_paused
        The pause in a sentence with its figures; None where that of the failure table is enough.
    spending
        What the caps on spending allow.
    """

    slots: int
    active: Counter[str]
    paused: Reason | None = None
    claimed: int = 0
    for_quota: bool = False
    for_estimates: bool = False
    why_paused: str | None = None
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
    room: int | None = None,
    spending: SpendingVerdict = NO_SPENDING_CAP,
) -> Admission:
    """Return what may be claimed beside the unfinished VideoJobs.

    While a key blocks a video, it would block every other video too. The same holds for a quota, if the video uses a
    model that new videos would use. Then the videos at work go on trying, and no new one begins.

    Parameters
    ----------
    unfinished
        VideoJobs that have not ended. Suspended ones take no slot.
    config
        Settings of this installation.
    claimed
        Rows by user that are claimed and have no VideoJob yet.
    room
        How many more videos the model's quota per minute can feed; None where none is used up. More would only wait in
        their pods, on nodes that are paid for.
    spending
        What the caps on spending allow.
    """
    active: Counter[str] = Counter(claimed)
    paused: Reason | None = None
    for videojob in unfinished:
        if videojob.spec is not None and videojob.spec.suspend:
            continue
        active[videojob.user] += 1
        if videojob.blocked_by is None or (reason := _BY_NAME.get(videojob.blocked_by)) is None:
            continue
        if TABLE[reason].failure_class is FailureClass.KEY or _uses(videojob, config):
            paused = reason
    why = None
    if paused is None and spending.reached is not None:
        paused, why = Reason.SPENDING_CAP_REACHED, spending.reached
    slots = 0 if paused is not None else max(0, config.max_concurrent - active.total())
    fed = slots if room is None else min(slots, max(0, room))
    return Admission(
        fed if spending.room is None else min(fed, spending.room),
        active,
        paused,
        claimed=sum(claimed.values()),
        for_quota=fed < slots,
        for_estimates=spending.room == 0 and fed > 0,
        why_paused=why,
        spending=spending,
    )


def _uses(videojob: VideoJobView, config: OperatorConfig) -> bool:
    if videojob.spec is None:
        return False
    theirs, ours = videojob.spec.model, config.models
    return bool({theirs.transcribe, theirs.sop} & {ours.transcribe, ours.sop})
