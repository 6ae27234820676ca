"""Reads queued rows and claims as many as there are free slots. The backlog stays in PostgreSQL."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from runops.failures import Reason
from runops.job_row import JobRow, Lane
from runops.logs import error_text
from runops.polling import Poll, next_read_in
from runops.supabase.errors import SupabaseError
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.intake.admission import Admission
from runops_operator.intake.chooser import Chooser
from runops_operator.intake.claiming import Claimer
from runops_operator.intake.intake_status import IntakeStatus
from runops_operator.intake.missed_hints import Hints
from runops_operator.intake.slots import Slots
from runops_operator.kubernetes_api.cluster import ClusterError

__all__ = ["Intake"]

_log = logging.getLogger(__name__)
_MOST_READS_PAST_REFUSED = 20


class Intake:
    """The loop over the `jobs` table: admission, choice, claim.

    Parameters
    ----------
    slots
        How many rows may be claimed.
    chooser
        Which rows.
    claimer
        Claims them; their VideoJobs follow by the confirmation.
    recall
        Adopts rows that this installation has claimed and that have no VideoJob. It runs before the first claim and
        after each claim whose result is unknown: otherwise such rows would hold no slot.
    hints
        Wake the reader.
    status
        Shows why nothing is claimed.
    poll
        The pace of the reads.
    jitter
        Source of randomness in [0, 1).
    """

    def __init__(
        self,
        *,
        slots: Slots,
        chooser: Chooser,
        claimer: Claimer,
        recall: Callable[[], Awaitable[object]],
        hints: Hints,
        status: IntakeStatus,
        poll: Poll,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._slots = slots
        self._chooser = chooser
        self._claimer = claimer
        self._recall = recall
        self._hints = hints
        self.status = status
        self._poll = poll
        self._jitter = jitter
        self._recall_due = True
        self._moved_at: float | None = None
        self._full = False
        """Whether no slot is free for a fresh row. A video that ends wakes the reader; one that is paused does not."""
        self._users_at_limit = False
        """Whether the last read found only rows of users with as many videos at work as one may have."""

    def movement(self) -> None:
        """Note that a video ended, and read the table at once."""
        self._moved_at = asyncio.get_running_loop().time()
        self._hints.wake()

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Read and claim until cancelled. While the table cannot be read, nothing is claimed."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            self._hints.clear()
            began = loop.time()
            beat.moves()
            try:
                if await self.claim_what_fits():
                    self._moved_at = loop.time()
                failures, trouble = 0, None
            except (SupabaseError, ClusterError) as error:
                failures, trouble = failures + 1, str(error)
                self.status.pause_for(error)
            except Exception as error:  # noqa: BLE001 - one unexpected row must never end the operator
                failures, trouble = failures + 1, error_text(error)
                _log.exception("Unexpected error while rows were claimed.")
                self.status.pause("An unexpected error occurred; see the operator's log.", Reason.INTERNAL)
            pause = self._pause(took=loop.time() - began, failures=failures)
            beat.ended(trouble, next_within=pause)
            await self._hints.wait(pause)

    def _pause(self, *, took: float, failures: int) -> float:
        """Return the seconds until the next read, which a hint ends early."""
        now = asyncio.get_running_loop().time()
        return next_read_in(
            self._poll,
            since_movement=None if self._moved_at is None or self._full else now - self._moved_at,
            hints_expected=self._hints.expected,
            failures=failures,
            took=took,
            jitter=self._jitter(),
        )

    async def claim_what_fits(self) -> int:
        """Claim rows for the free slots and return the number of rows won.

        Raises
        ------
        SupabaseError, ClusterError
            The table cannot be read, or VideoJobs cannot be made.
        """
        await self._slots.know_drain()
        if self._recall_due:
            await self._recall()
            self._recall_due = False
        admission = self._slots.admission()
        self._full = admission.full
        claims = admission.paused is None and not self._users_at_limit
        self.status.free_slots(admission.lanes[Lane.FRESH].claimable if claims else 0)
        if admission.paused is not None:
            self.status.pause_for_failure(admission.paused, why=admission.why_paused, fault=admission.fault)
            if admission.paused is Reason.DRAINED:
                self._slots.claims_nothing()
            if not admission.to_try:
                return 0
        if admission.full:
            # Only a free slot is missing, which is not a trouble.
            self.status.resume()
        self.status.wait_for_quota(waits=admission.for_quota)
        self.status.wait_for_estimates(waits=admission.for_estimates)
        if admission.claimable <= 0:
            return 0
        rows = await self._chosen(admission)
        # While they were chosen an order to drain may have come, or a VideoJob made by hand may have taken a slot.
        rows = self._slots.admission().fitting(rows) if rows else rows
        self._recall_due = True
        won = await self._claimer.claim(rows)
        self._recall_due = False
        if won and admission.to_try:
            self._slots.claimed_to_try()
        return won

    async def _chosen(self, admission: Admission) -> list[JobRow]:
        """Return the rows to claim; rows that are refused must not hide those behind them."""
        rows: list[JobRow] = []
        for _ in range(_MOST_READS_PAST_REFUSED):
            choice = await self._chooser.choose(admission)
            rows, self._users_at_limit = choice.rows, choice.users_at_limit
            self.status.note_read(asyncio.get_running_loop().time(), resumes=admission.paused is None)
            if not choice.refused or len(rows) >= admission.claimable:
                break
        return rows
