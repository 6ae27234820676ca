"""Chooses the rows to claim: reads candidates, refuses those that cannot be worked on, and picks fairly."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from runops.claim_order import choose, user_key
from runops.job_row import JobRow, Lane
from runops_operator.config import OperatorConfig
from runops_operator.intake.admission import Admission
from runops_operator.intake.candidates import Candidates, Wanted
from runops_operator.intake.claiming import Claimer, fault_of
from runops_operator.intake.missed_hints import Hints
from runops_operator.intake.refused_claims import RefusedClaims
from runops_operator.intake.server_clock import ServerClock

__all__ = ["Choice", "Chooser"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The result of one read of the table.

    Attributes
    ----------
    rows
        To claim.
    refused
        How many rows were refused; behind them there may be others.
    users_at_limit
        Whether rows that are no backfills wait, all of users who have as many videos at work as one may have.
    """

    rows: list[JobRow]
    refused: int
    users_at_limit: bool = False


class Chooser:
    """The chooser.

    Parameters
    ----------
    candidates
        Reads the rows.
    claimer
        Refuses rows.
    refused
        Knows the rows whose claims the table refuses, and passes over them for a while.
    hints
        Compared with what is read.
    clock
        Of the server that wrote the rows.
    config
        Settings of this installation.
    """

    def __init__(
        self,
        *,
        candidates: Candidates,
        claimer: Claimer,
        refused: RefusedClaims,
        hints: Hints,
        clock: ServerClock,
        config: OperatorConfig,
    ) -> None:
        self._candidates = candidates
        self._claimer = claimer
        self._refused = refused
        self._hints = hints
        self._clock = clock
        self._config = config

    async def choose(self, admission: Admission) -> Choice:
        """Read the table once, and return the rows to claim for these slots.

        Raises
        ------
        SupabaseError
            The table cannot be read, or a row cannot be refused.
        """
        now = self._clock.now()
        spending = admission.spending
        wanted = {
            # Like users with videos at work, those who must wait must not hide the users behind them.
            lane: Wanted(slots.claimable, slots.active + Counter(spending.waiting_users), len(self._refused))
            for lane, slots in admission.lanes.items()
            if slots.claimable
        }
        rows = await self._candidates.read(wanted, server_time=now)
        of_all = [row for of_lane in rows.values() for row in of_lane]
        self._hints.compare(of_all, at=now)
        faulty = [row for row in of_all if fault_of(row) is not None]
        await self._claimer.refuse(faulty)
        good = {lane: [row for row in of_lane if self._is_good(row)] for lane, of_lane in rows.items()}
        first = good.get(Lane.FRESH, [])
        fresh = self._chosen(first, admission, Lane.FRESH, most=admission.claimable, now=now)
        # One is enough to try whether a fault is over, and what the model's quota can feed is for fresh rows first.
        rest = [admission.claimable - len(fresh), _left(admission.room, len(fresh))]
        most = min(left for left in rest if left is not None)
        later = good.get(Lane.BACKFILL, [])
        backfill = self._chosen(
            later, admission, Lane.BACKFILL, most=most, now=now, before=Counter(map(user_key, first))
        )
        return Choice([*fresh, *backfill], refused=len(faulty), users_at_limit=self._are_at_limit(first, admission))

    def _is_good(self, row: JobRow) -> bool:
        return fault_of(row) is None and not self._refused.passes_over(row)

    def _are_at_limit(self, fresh: Sequence[JobRow], admission: Admission) -> bool:
        limit, active = self._config.max_concurrent_per_user, admission.lanes[Lane.FRESH].active
        return limit is not None and bool(fresh) and all(active.get(user_key(row), 0) >= limit for row in fresh)

    def _chosen(
        self,
        rows: Sequence[JobRow],
        admission: Admission,
        lane: Lane,
        *,
        most: int,
        now: datetime,
        before: Mapping[str, int] = MappingProxyType({}),
    ) -> list[JobRow]:
        """Return the rows of a lane to claim, at most `most`; `before`: how many rows of a user come first."""
        slots, spending = admission.lanes[lane], admission.spending
        return choose(
            rows,
            slots=min(slots.claimable, most),
            active=slots.active,
            now=now,
            ageing_seconds=self._config.ageing_seconds,
            per_user=self._config.max_concurrent_per_user,
            room_of=lambda user: _left(spending.room_of(user), before.get(user, 0)),
        )


def _left(room: int | None, taken: int) -> int | None:
    return None if room is None else max(0, room - taken)
