"""Claims chosen rows, and refuses those that cannot be worked on."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from contextlib import ExitStack
from typing import TypeVar
from uuid import UUID

from runops.claim_order import user_key
from runops.failures import Failed, FailureClass
from runops.job_row import Claim, JobRow, Lane, RowStatus, new_token, user_of
from runops.logs import job_id_in_logs
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import CLAIMED_AT_ONCE, JobsTable
from runops_operator.intake.adopt import Adopter
from runops_operator.intake.claim_batches import claim_batches
from runops_operator.intake.confirm import Confirmation
from runops_operator.intake.refused_claims import RefusedClaims
from runops_operator.intake.server_clock import ServerClock
from runops_operator.manifests.build_videojob import Arrival
from runops_operator.observability.metrics import Metrics

__all__ = ["Claimer", "fault_of", "is_stale", "new_claim"]

T = TypeVar("T")
_log = logging.getLogger(__name__)
_REQUESTS_AT_ONCE = 10


def fault_of(row: JobRow) -> Failed | None:
    """Return why a row cannot be worked on; None where it can. Pure."""
    try:
        user_of(row)
    except Failed as fault:
        return fault
    return None


def is_stale(row: JobRow) -> bool:
    """Tell whether a row to claim is not queued but was left in `processing` by another consumer. Pure."""
    return row.status == RowStatus.PROCESSING


def new_claim(row: JobRow, *, token: str, installation: str) -> Claim:
    """Return the claim to put into a row. Pure.

    A queued row begins a new history. A stale row keeps its history, and the takeover counts as a wait: so a row that
    stops every worker comes to its end.

    Parameters
    ----------
    row
        As it was read.
    token
        Of the claim, a new one.
    installation
        Who claims.
    """
    before = row.claim
    claim = Claim(claim=token, by=installation, attempt=(before.attempt if before else 0) + 1)
    if before is None or not is_stale(row):
        return claim
    taken_over = before.history.interrupted(FailureClass.INFRASTRUCTURE)
    return claim.model_copy(update=dict(taken_over))


class Claimer:
    """Writes claims into the table and hands the rows to the confirmation.

    Parameters
    ----------
    jobs
        The table.
    adopter
        Marks the rows as in hand while they are claimed, so that the row watch does not adopt them.
    confirmation
        Receives the claimed rows, and has their VideoJobs made.
    refused
        Remembers the rows whose claims the table refuses.
    installation
        Who claims.
    metrics
        Counts the claims.
    clock
        Of the server that wrote the rows.
    """

    def __init__(
        self,
        *,
        jobs: JobsTable,
        adopter: Adopter,
        confirmation: Confirmation,
        refused: RefusedClaims,
        installation: str,
        metrics: Metrics,
        clock: ServerClock,
    ) -> None:
        self._jobs = jobs
        self._adopter = adopter
        self._confirmation = confirmation
        self._refused = refused
        self._installation = installation
        self._metrics = metrics
        self._clock = clock

    async def claim(self, rows: Iterable[JobRow]) -> int:
        """Claim rows, those with the same metadata in one request; return the number of rows won.

        A row whose claim the table refuses waits alone: it is passed over for a while.

        Raises
        ------
        SupabaseError
            A request failed, or the table refuses all claims. Rows may be claimed whose answer did not arrive.
        """
        won = sum(await _all(self._claim_batch(batch) for batch in claim_batches(rows, at_most=CLAIMED_AT_ONCE)))
        if not won and (error := self._refused.of_all) is not None:
            raise error
        return won

    async def refuse(self, rows: Iterable[JobRow]) -> None:
        """Set rows to `error` that cannot be worked on. They take no slot, so good rows do not wait behind them.

        Raises
        ------
        SupabaseError
            A request failed.
        """
        await _all(self._refuse(row) for row in rows)

    async def _claim_batch(self, rows: list[JobRow]) -> int:
        first = rows[0]
        # After the claim `updated_at` is the time of the claim, so it is taken from the row as it was read.
        queued_at = {row.job_id: row.waiting_since for row in rows}
        claim = new_claim(first, token=new_token(first), installation=self._installation)
        with ExitStack() as in_hand:
            for row in rows:
                in_hand.enter_context(self._adopter.in_hand(row.job_id, row.lane, user_key(row)))
            batch = await self._jobs.claim_batch(rows, claim, from_status=str(first.status))
            for row in batch.won:
                self._refused.won(row.job_id)
                self._confirmation.add(row, claim, Arrival(queued_at=queued_at[row.job_id]))
        undecided = {row.job_id for row in (*(row for row, _ in batch.refused), *batch.untried)}
        decided = [row for row in rows if row.job_id not in undecided]
        self._report(decided, claim, won={row.job_id for row in batch.won})
        for row, error in batch.refused:
            await self._pass_over(row, error)
        return len(batch.won)

    async def _pass_over(self, row: JobRow, error: SupabaseError) -> None:
        job_id_in_logs.set(str(row.job_id))
        self._metrics.claim_refused()
        _log.warning("row not claimed, it is tried again later: %s", error)
        if not self._refused.note(row, error) or is_stale(row):
            return
        try:
            await self._jobs.explain(row, f"This video cannot be started yet, and is tried again: {error}")
        except SupabaseError as refusal:
            if not refusal.refuses_row:
                raise
            # The log is all there is.
            _log.warning("the row cannot say why it waits: %s", refusal)

    def _report(self, rows: list[JobRow], claim: Claim, *, won: set[UUID]) -> None:
        for row in rows:
            job_id_in_logs.set(str(row.job_id))
            if row.job_id not in won:
                self._metrics.claim_lost()
                _log.info("skipped: another consumer claimed the row, or an app wrote to it")
                continue
            stale = is_stale(row)
            if stale:
                self._metrics.repaired("StaleRow")
            counts = not stale and row.lane is Lane.FRESH
            waited = self._clock.seconds_since(row.waiting_since) if counts else None
            self._metrics.claimed(str(row.status), waited_seconds=waited)
            _log.info("row claimed", extra={"attempt": claim.attempt, "stale": stale})

    async def _refuse(self, row: JobRow) -> None:
        job_id_in_logs.set(str(row.job_id))
        fault = fault_of(row)
        if fault is None:
            return
        try:
            refused = await self._jobs.refuse(row, fault.detail)
        except SupabaseError as error:
            if not error.refuses_row:
                raise
            # It is never chosen, so it waits alone until the table takes its end.
            _log.warning("row not set to error: %s", error)
            return
        if refused:
            _log.warning("row refused: %s", fault.detail, extra={"reason": fault.reason})


async def _all(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Wait for all calls, a few at a time and also where some fail; then raise the first failure."""
    gate = asyncio.Semaphore(_REQUESTS_AT_ONCE)

    async def one(call: Awaitable[T]) -> T:
        async with gate:
            return await call

    results = await asyncio.gather(*(one(call) for call in calls), return_exceptions=True)
    done: list[T] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done
