"""Claims a row: the oldest queued one, or one that a dead `runops work` left behind."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from runops.failures import TABLE, Reason
from runops.job_row import Claim, JobRow, Lane, RowStatus, new_token
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops_cli.terminal.console import to_stderr
from runops_cli.work.abandoned import WORK, is_abandoned, seconds_silent
from runops_cli.work.faults import Faults, Wait
from runops_cli.work.refused_ends import RefusedEnds
from runops_cli.work.stop_signal import StopSignal
from runops_cli.work.unreleased import Unreleased

__all__ = ["ClaimedRow", "RowClaimer", "next_claim", "taken_up", "too_many_crashes"]

_CANDIDATES = 10
_ROUNDS = 5
_MOST_PASSED_OVER = 100
_ABANDONED_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ClaimedRow:
    """A row and the claim with which this process holds it."""

    row: JobRow
    claim: Claim


@dataclass(slots=True)
class RowClaimer:
    """Reads the queue and claims rows.

    Parameters
    ----------
    supabase
        The project.
    by
        The name in the claims.
    retries
        An abandoned row gets so many more attempts.
    stop
        Interrupts reading, but not a claim that has been sent.
    refused
        Rows that this process is done with; their ends are written again with each look for abandoned rows.
    unreleased
        Rows that are put back first.
    faults
        Know the rows that this process has put back and may not try yet.
    """

    supabase: Supabase
    by: str
    retries: int
    stop: StopSignal
    refused: RefusedEnds
    unreleased: Unreleased
    faults: Faults
    _abandoned_read_at: float | None = field(default=None, init=False)
    _unclaimable: set[UUID] = field(default_factory=set, init=False)
    """Rows whose claims the table refused when rows were claimed last."""
    _refusal: SupabaseError | None = field(default=None, init=False)
    _waiting: dict[UUID, Wait] = field(default_factory=dict, init=False)
    """Rows that were passed over when rows were claimed last, since they may not be tried yet."""

    async def claim_next(self) -> ClaimedRow | None:
        """Claim the first available row; None if there is none, or if other workers were faster each time.

        Raises
        ------
        SupabaseError
            The table cannot be read or written, or it refuses the claims of all rows that are left.
        Stopped
            A signal came before a row was claimed.
        """
        self._refusal = None
        await self.stop.unless_stopped(self.unreleased.release())
        refused_before, self._unclaimable = self._unclaimable, set()
        waited_before, self._waiting = self._waiting, {}
        for _ in range(_ROUNDS):
            # Rows that cannot be claimed must not hide those behind them.
            passed_over = {*refused_before, *self._unclaimable, *waited_before, *self._waiting}
            rows = await self.stop.unless_stopped(self._candidates(more=min(len(passed_over), _MOST_PASSED_OVER)))
            rows = self._claimable(rows)
            if not rows:
                break
            if (claimed := await self._first_won(rows)) is not None:
                return claimed
        if self._refusal is not None:
            raise self._refusal
        return None

    @property
    def wait(self) -> Wait | None:
        """What the row waits for that is tried first of those passed over; None where none was."""
        return min(self._waiting.values(), key=lambda wait: wait.until, default=None)

    def _claimable(self, rows: list[JobRow]) -> list[JobRow]:
        """Return the rows to claim, in this order: those that met an open fault say least about it."""
        self._waiting |= {row.job_id: wait for row in rows if (wait := self.faults.wait_of(row.job_id)) is not None}
        left = [row for row in rows if row.job_id not in self._unclaimable and row.job_id not in self._waiting]
        return sorted(left, key=lambda row: self.faults.is_suspect(row.job_id))

    async def _first_won(self, rows: list[JobRow]) -> ClaimedRow | None:
        for row in rows:
            claim = next_claim(row, by=self.by)
            won = await self._won(row, claim)
            if won is None:
                continue
            if (sentence := too_many_crashes(claim, retries=self.retries)) is not None:
                await self._give_up(won, claim, sentence)
                continue
            if (sentence := taken_up(row, now=self._at_server())) is not None:
                to_stderr(f"{won.job_id}  {sentence}")
            return ClaimedRow(won, claim)
        return None

    async def _won(self, row: JobRow, claim: Claim) -> JobRow | None:
        try:
            # Not interruptible: if nobody reads the answer, the row stays claimed until it is stale.
            return await self.supabase.jobs.claim(row, claim, from_status=str(row.status))
        except SupabaseError as error:
            if not error.refuses_row:
                raise
            self._unclaimable.add(row.job_id)
            self._refusal = error
            return None

    async def _give_up(self, row: JobRow, claim: Claim, sentence: str) -> None:
        try:
            written = await self.supabase.jobs.fail(row.job_id, claim.claim, sentence)
        except SupabaseError as error:
            if not error.refuses_row:
                raise
            self.refused.add(row.job_id, claim.claim, sentence)
            to_stderr(f"{row.job_id}  failed: {sentence} {error.message}", style="red")
        else:
            if written:
                to_stderr(f"{row.job_id}  error: {sentence}", style="red")

    async def _candidates(self, *, more: int) -> list[JobRow]:
        """Return rows in the order in which they are claimed: backfills after all others, however old they are."""
        limit = _CANDIDATES + more
        queued = await self.supabase.jobs.queued(limit=limit)
        if len(queued) == limit and any(row.lane is Lane.BACKFILL for row in queued):
            # Behind the backfills there may be others.
            queued = [*await self.supabase.jobs.queued(limit=limit, lane=Lane.FRESH), *queued]
        rows = {row.job_id: row for row in (*await self._abandoned(), *queued)}
        return sorted(rows.values(), key=lambda row: row.lane is Lane.BACKFILL)

    async def _abandoned(self) -> list[JobRow]:
        now = asyncio.get_running_loop().time()
        if self._abandoned_read_at is not None and now - self._abandoned_read_at < _ABANDONED_EVERY_SECONDS:
            return []
        await self.refused.write_again()
        rows = await self.supabase.jobs.claimed_by_names(WORK)
        at_server = self._at_server()
        abandoned = [row for row in rows if is_abandoned(row, now=at_server) and not self.refused.keeps(row)]
        if not abandoned:
            self._abandoned_read_at = now
        return abandoned

    def _at_server(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.supabase.clock_skew_seconds or 0.0)


def next_claim(row: JobRow, *, by: str) -> Claim:
    """Return a new claim: the next attempt of an abandoned row, the first attempt of a queued one.

    Parameters
    ----------
    row
        The row to claim.
    by
        The name in the claim.
    """
    abandoned = row.claim if row.status == RowStatus.PROCESSING else None
    return Claim(claim=new_token(row), by=by, attempt=(abandoned.attempt if abandoned else 0) + 1)


def taken_up(row: JobRow, *, now: datetime) -> str | None:
    """Return what is said of an abandoned row that is claimed; None for a queued one.

    Parameters
    ----------
    row
        The row before it was claimed.
    now
        The time at the server.
    """
    if row.status != RowStatus.PROCESSING or row.claim is None:
        return None
    minutes = int((seconds_silent(row, now=now) or 0.0) // 60)
    return f"taken up: {row.claim.by} has not written to the row for {minutes} min"


def too_many_crashes(claim: Claim, *, retries: int) -> str | None:
    """Return the error of a row whose process died in each attempt; None if it may be tried once more.

    Parameters
    ----------
    claim
        The new claim.
    retries
        How many attempts may follow the first.
    """
    attempts = claim.attempt - 1
    if attempts <= retries:
        return None
    plural = "s" if attempts != 1 else ""
    return f"{TABLE[Reason.WORKER_CRASHED].sentence} Given up after {attempts} attempt{plural}."
