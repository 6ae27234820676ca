"""Chooses the rows to claim: reads candidates, refuses those that cannot be worked on, and picks fairly."""

from collections import Counter
from dataclasses import dataclass

from runops.job_row import JobRow
from runops_operator.config import OperatorConfig
from runops_operator.intake.admission import Admission
from runops_operator.intake.candidates import Candidates
from runops_operator.intake.choose import choose
from runops_operator.intake.claiming import Claimer, fault_of
from runops_operator.intake.missed_hints import Hints
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
    """

    rows: list[JobRow]
    refused: int


class Chooser:
    """The chooser.

    Parameters
    ----------
    candidates
        Reads the rows.
    claimer
        Refuses rows.
    hints
        Compared with what is read.
    clock
        Of the server that wrote the rows.
    config
        Settings of this installation.
    """

    def __init__(
        self, *, candidates: Candidates, claimer: Claimer, hints: Hints, clock: ServerClock, config: OperatorConfig
    ) -> None:
        self._candidates = candidates
        self._claimer = claimer
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
        # Like users with videos at work, they must not hide the users behind them.
        spending = admission.spending
        active = admission.active + Counter(spending.waiting_users)
        rows = await self._candidates.read(slots=admission.claimable, active=active, server_time=now)
        self._hints.compare(rows, at=now)
        faulty = [row for row in rows if fault_of(row) is not None]
        await self._claimer.refuse(faulty)
        chosen = choose(
            [row for row in rows if fault_of(row) is None],
            slots=admission.claimable,
            active=admission.active,
            now=now,
            ageing_seconds=self._config.ageing_seconds,
            per_user=self._config.max_concurrent_per_user,
            room_of=spending.room_of,
        )
        return Choice(chosen, refused=len(faulty))
