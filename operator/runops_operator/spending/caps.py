"""What the caps on spending allow now. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from runops.spending_record import Record
from runops_operator.config import Cost

__all__ = ["NO_SPENDING_CAP", "AtWork", "SpendingVerdict", "spending_verdict"]

_MICRO = Decimal(1_000_000)
_MOST_PASSED = 3
"""Videos that stand still and are passed. Where more do, the cluster is full, and one more would stand still, too."""


@dataclass(frozen=True, slots=True)
class AtWork:
    """What is known of the videos at work, by user; "" for those without one.

    Attributes
    ----------
    expected
        What they are still expected to spend, in millionths of a US dollar.
    unknown
        How many of them have no estimate yet.
    still
        How many of these stand still: nobody knows when their workers begin.
    largest
        The largest estimate of a video, ended ones included, in millionths of a US dollar; None where none is known.
    """

    expected: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    still: Mapping[str, int] = field(default_factory=dict)
    largest: int | None = None

    def room(self, left: int, *, users: Iterable[str]) -> int | None:
        """Return how many more videos may begin; None where spending does not limit them.

        Each video whose estimate is not known is taken to cost as much as the largest one, and so is each that begins.
        Where no estimate is known at all, one video begins and tells. A few that stand still do not keep all others
        from beginning.

        Parameters
        ----------
        left
            What may still be spent, beyond what is expected; more than 0.
        users
            Whose videos count.
        """
        if self.largest == 0:
            return None
        users = tuple(users)
        unknown, still = (sum(counts.get(user, 0) for user in users) for counts in (self.unknown, self.still))
        fitting = 1 if self.largest is None else -(-left // self.largest)
        return max(fitting - unknown, 1 if unknown == still <= _MOST_PASSED else 0)


@dataclass(frozen=True, slots=True)
class SpendingVerdict:
    """What may be claimed.

    Attributes
    ----------
    reached
        Why nothing is claimed, as a sentence; None where a cap for all does not forbid it.
    room
        How many more videos may begin now; None where caps for all do not limit them.
    capped_users
        Users whose rows wait until tomorrow; "" for rows without a user.
    user_rooms, other_user_room
        How many more videos of a user may begin now, and of each user who is not named; None for any number.
    """

    reached: str | None = None
    room: int | None = None
    capped_users: frozenset[str] = field(default_factory=frozenset)
    user_rooms: Mapping[str, int | None] = field(default_factory=dict)
    other_user_room: int | None = None

    @property
    def waiting_users(self) -> frozenset[str]:
        """Users of whom no video may begin now."""
        return self.capped_users | {user for user, room in self.user_rooms.items() if room == 0}

    def room_of(self, user: str) -> int | None:
        """Return how many more videos of a user may begin now; None where spending does not limit them."""
        return 0 if user in self.capped_users else self.user_rooms.get(user, self.other_user_room)


NO_SPENDING_CAP = SpendingVerdict()


def spending_verdict(record: Record, caps: Cost, at_work: AtWork) -> SpendingVerdict:
    """Return what may be claimed.

    What videos at work are still expected to spend counts as spent: they go on, and it will be. So a cap is exceeded by
    what the last video costs, and by what videos cost more than they were estimated.

    Parameters
    ----------
    record
        What was spent.
    caps
        Settings of this installation.
    at_work
        The videos that have not ended.
    """
    coming = sum(at_work.expected.values())
    rooms: list[int] = []
    for period, cap, spent, setting in (
        (f"this month ({record.month}, UTC)", caps.max_per_month_usd, record.of_month, "cost.maxPerMonthUsd"),
        (f"today ({record.day}, UTC)", caps.max_per_day_usd, record.of_day, "cost.maxPerDayUsd"),
    ):
        if cap is None:
            continue
        left = int(cap * _MICRO) - spent - coming
        if left <= 0:
            return SpendingVerdict(
                f"Videos have cost {_shown(spent)} USD {period}, and those at work are expected to cost "
                f"{_shown(coming)} USD more; the cap is {cap} USD. Claims go on when that is over, or when {setting} "
                "is raised."
            )
        room = at_work.room(left, users=at_work.unknown)
        rooms += [] if room is None else [room]
    verdict = SpendingVerdict(room=min(rooms, default=None))
    return verdict if caps.max_per_user_and_day_usd is None else _of_users(verdict, record, caps, at_work)


def _of_users(verdict: SpendingVerdict, record: Record, caps: Cost, at_work: AtWork) -> SpendingVerdict:
    assert caps.max_per_user_and_day_usd is not None
    most = int(caps.max_per_user_and_day_usd * _MICRO)
    users = {*record.of_users, *at_work.expected, *at_work.unknown}
    left = {user: most - record.of_users.get(user, 0) - at_work.expected.get(user, 0) for user in users}
    return SpendingVerdict(
        room=verdict.room,
        capped_users=frozenset(user for user in users if left[user] <= 0),
        user_rooms={user: at_work.room(left[user], users=(user,)) for user in users if left[user] > 0},
        other_user_room=at_work.room(most, users=()),
    )


def _shown(microdollars: int) -> str:
    return f"{microdollars / _MICRO:.2f}"
