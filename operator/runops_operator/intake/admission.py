"""How many rows may be claimed now, and why not more. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from runops.breakers.reason_breakers import Pause
from runops.claim_order import user_key
from runops.failures import TABLE, Reason
from runops.job_row import JobRow, Lane
from runops_operator.config import OperatorConfig
from runops_operator.manifests.observed import VideoJobView
from runops_operator.spending.caps import NO_SPENDING_CAP, SpendingVerdict

__all__ = ["Admission", "LaneSlots", "admit"]

_MOST_AHEAD = 1000
"""Claimed rows without a VideoJob. While the API server is slow, rows wait in the table for any consumer."""


@dataclass(frozen=True, slots=True)
class LaneSlots:
    """What may be claimed in a lane.

    Attributes
    ----------
    free
        Free slots.
    active
        Videos at work in the lane by user; "" for those without one.
    claimed
        Rows of the lane that are claimed and have no VideoJob yet.
    """

    free: int
    active: Counter[str]
    claimed: int = 0

    @property
    def claimable(self) -> int:
        """How many rows to claim now; 0 where there are enough without a VideoJob."""
        return max(0, min(self.free, _MOST_AHEAD - self.claimed))


@dataclass(frozen=True, slots=True)
class Admission:
    """What may be claimed.

    Attributes
    ----------
    lanes
        By lane.
    paused
        Why nothing at all is claimed; None where only the slots count.
    to_try
        Whether one row is claimed all the same, to try whether the fault is over.
    room
        How many more videos the model's quota per minute can feed; None where none is used up. Fresh rows come first.
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
    per_user
        How many videos of one user may be at work in a lane; None where there is no limit.
    """

    lanes: Mapping[Lane, LaneSlots]
    paused: Reason | None = None
    to_try: bool = False
    room: int | None = None
    for_quota: bool = False
    for_estimates: bool = False
    why_paused: str | None = None
    fault: Pause | None = None
    spending: SpendingVerdict = NO_SPENDING_CAP
    per_user: int | None = None

    @property
    def full(self) -> bool:
        """Whether nothing but a free slot is missing for fresh rows."""
        return self.paused is None and self.lanes[Lane.FRESH].free <= 0

    @property
    def claimable(self) -> int:
        """How many rows to claim now, of both lanes; one where it is to try whether a fault is over."""
        count = sum(slots.claimable for slots in self.lanes.values())
        return min(count, 1) if self.to_try else count

    def fitting(self, rows: Iterable[JobRow]) -> list[JobRow]:
        """Return those of chosen rows for which a slot of their lane and user is still free, the first ones first."""
        left = {lane: slots.claimable for lane, slots in self.lanes.items()}
        active = {lane: Counter(slots.active) for lane, slots in self.lanes.items()}
        fit: list[JobRow] = []
        for row in rows:
            user = user_key(row)
            of_user = self.per_user is None or active[row.lane][user] < self.per_user
            if left[row.lane] > 0 and len(fit) < self.claimable and of_user:
                left[row.lane] -= 1
                active[row.lane][user] += 1
                fit.append(row)
        return fit


def admit(
    unfinished: Iterable[VideoJobView],
    config: OperatorConfig,
    *,
    claimed: Mapping[Lane, Mapping[str, int]],
    claiming: Collection[str] = (),
    fault: Pause | None = None,
    room: int | None = None,
    spending: SpendingVerdict = NO_SPENDING_CAP,
    drained: str | None = None,
) -> Admission:
    """Return what may be claimed beside the unfinished VideoJobs.

    A fault that every video meets stops the claims, but for one row at a time where no video at work can try. What the
    lanes share is for fresh rows first: a backfill at work takes nothing of the model's quota from them, and of the
    caps on spending backfills leave as much as the free slots of fresh rows may need.

    Parameters
    ----------
    unfinished
        VideoJobs that have not ended. Suspended ones take no slot. For those made by hand that wait for a slot, up to
        half of a lane's slots are kept free: neither they nor the queue keep the other out. None is kept for those
        whose user is at the limit: they could not take it.
    config
        Settings of this installation.
    claimed
        Rows by lane and user that are claimed and have no VideoJob yet.
    claiming
        Names of VideoJobs made by hand that claim their rows just now.
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
    active = {lane: Counter(claimed.get(lane)) for lane in Lane}
    ahead = {lane: users.total() for lane, users in active.items()}
    waiting: dict[Lane, Counter[str]] = {lane: Counter() for lane in Lane}
    for videojob in unfinished:
        if videojob.spec is not None and videojob.spec.suspend:
            continue
        if videojob.claim is None and videojob.name not in claiming:
            waiting[videojob.lane][videojob.user] += 1
        else:
            active[videojob.lane][videojob.user] += 1
    paused, why, most = None, None, None
    if drained is not None:
        paused, why, most = Reason.DRAINED, TABLE[Reason.DRAINED].with_remedy(drained), 0
    elif fault is not None:
        paused, why, most = fault.reason, _sentence(fault), 1 if fault.may_try else 0
    elif spending.reached is not None:
        paused, why, most = Reason.SPENDING_CAP_REACHED, spending.reached, 0
    kept = {lane: _kept_for(waiting[lane], active[lane], config.max_concurrent_per_user) for lane in Lane}
    slots = {lane: _free(config.slots_of(lane), active[lane].total(), kept[lane], most) for lane in Lane}
    fed = dict(slots)
    if room is not None:
        fed[Lane.FRESH] = min(slots[Lane.FRESH], max(0, room + active[Lane.BACKFILL].total()))
        fed[Lane.BACKFILL] = min(slots[Lane.BACKFILL], max(0, room))
    fitting = dict(fed)
    if spending.room is not None:
        fitting[Lane.FRESH] = min(fed[Lane.FRESH], spending.room)
        fitting[Lane.BACKFILL] = min(fed[Lane.BACKFILL], max(0, spending.room - slots[Lane.FRESH]))
    return Admission(
        {lane: LaneSlots(fitting[lane], active[lane], ahead[lane]) for lane in Lane},
        paused,
        to_try=paused is not None and any(fed.values()),
        room=room,
        for_quota=fed != slots,
        for_estimates=spending.room == 0 and any(fed.values()),
        why_paused=why,
        fault=None if drained is not None else fault,
        spending=spending,
        per_user=config.max_concurrent_per_user,
    )


def _kept_for(waiting: Counter[str], active: Counter[str], per_user: int | None) -> int:
    """Return how many of the VideoJobs made by hand that wait, by user, could take a slot that is free."""
    if per_user is None:
        return waiting.total()
    return sum(min(count, max(0, per_user - active[user])) for user, count in waiting.items())


def _free(slots: int, active: int, waiting: int, most: int | None) -> int:
    """Return how many slots of a lane are free, some kept for VideoJobs made by hand that wait; at most `most`."""
    free = max(0, slots - active - min(waiting, max(1, slots // 2)))
    return free if most is None else min(free, most)


def _sentence(fault: Pause) -> str | None:
    """Return what the videos said, and what to do about it; None where that of the failure table is enough."""
    return TABLE[fault.reason].with_remedy(fault.words) if fault.words else None
