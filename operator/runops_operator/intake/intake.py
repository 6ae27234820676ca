"""Reads queued rows and claims as many as there are free slots. The backlog stays in PostgreSQL."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from runops.failures import TABLE, Failed, FailureClass, Reason
from runops.job_row import Claim, JobRow, RowStatus, user_of
from runops.logs import job_id_in_logs
from runops.polling import next_read_in
from runops.retry_policy import MOST_COUNTED
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs import CLAIMED_AT_ONCE, JobsTable
from runops_operator.config import OperatorConfig
from runops_operator.informer.store import Store
from runops_operator.intake.admission import Admission, admit
from runops_operator.intake.adopt import Adopter
from runops_operator.intake.candidates import Candidates
from runops_operator.intake.choose import choose
from runops_operator.intake.claim_batches import claim_batches
from runops_operator.intake.confirm import Confirmation
from runops_operator.intake.missed_hints import HintWatch
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.manifests.build_videojob import Arrival
from runops_operator.observability.metrics import Metrics
from runops_operator.times import moment

__all__ = ["Intake"]

T = TypeVar("T")
_log = logging.getLogger(__name__)
_KEY_REASONS = frozenset(reason for reason, row in TABLE.items() if row.failure_class is FailureClass.KEY)
_CLAIMS_AT_ONCE = 10
_MOST_READS_PAST_REFUSED = 20
_MOST_AHEAD = 1000
"""Claimed rows that have no VideoJob yet. A row that waits for the API server may as well wait where others find it."""


class Intake:
    """The reader of the `jobs` table.

    Parameters
    ----------
    jobs
        The table.
    candidates
        Reads the rows among which is chosen.
    adopter
        Told of the rows that are being claimed.
    confirmation
        Takes the claimed rows over, and has their VideoJobs made.
    store
        Tells how many slots are taken, and by whom.
    config
        Settings of this installation.
    metrics
        Counts claims, and shows why there are none.
    recall
        Adopts the rows that this installation has claimed and that have no VideoJob. It comes before the first claim,
        and again after each claim of which it is not known what became of it: otherwise such rows would hold no slot.
    now
        The clock; it gives times with their zone.
    skew_seconds
        How far the server's clock is ahead of ours.
    wake
        Set by whoever has a reason to read the table at once.
    told
        Tells whether it is set for each row that is queued.
    distrust
        Called when it was not.
    jitter
        Source of randomness in [0, 1).
    """

    def __init__(
        self,
        *,
        jobs: JobsTable,
        candidates: Candidates,
        adopter: Adopter,
        confirmation: Confirmation,
        store: Store,
        config: OperatorConfig,
        metrics: Metrics,
        recall: Callable[[], Awaitable[object]],
        now: Callable[[], datetime],
        skew_seconds: Callable[[], float | None],
        wake: asyncio.Event,
        told: Callable[[], bool],
        distrust: Callable[[], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._jobs = jobs
        self._candidates = candidates
        self._adopter = adopter
        self._confirmation = confirmation
        self._store = store
        self._config = config
        self._metrics = metrics
        self._recall = recall
        self._recalled = False
        self._now = now
        self._skew_seconds = skew_seconds
        self._told = told
        self._jitter = jitter
        self._wake = wake
        self._hints = HintWatch(wake, told, distrust)
        self._moved_at: float | None = None
        self._full = False
        """Whether no slot is free. A video that ends wakes the reader; one that is paused does not."""
        self._failures = 0
        self.last_read_at: float | None = None
        """Loop time of the last read that worked; None before the first."""
        self.trouble: str | None = None
        """Why nothing is claimed; None while rows are, or would be if there were any."""
        self.needs_a_key = False
        """Whether that is for a person to mend, by a key or a setting."""

    def movement(self) -> None:
        """Note that a row was claimed or ended, and read again at once."""
        self._moved_at = asyncio.get_running_loop().time()
        self._wake.set()

    async def run(self) -> None:
        """Read and claim until cancelled. A table that cannot be read is waited for; nothing is claimed meanwhile."""
        loop = asyncio.get_running_loop()
        while True:
            self._hints.clear()
            began = loop.time()
            try:
                if await self.claim_what_fits():
                    self._moved_at = loop.time()
                self._failures = 0
            except (SupabaseError, ClusterError) as error:
                self._failures += 1
                if isinstance(error, SupabaseError):
                    self._metrics.supabase_error(error.kind)
                self._pause(str(error), _reason_of(error))
            except Exception:  # noqa: BLE001 - one row nobody foresaw must never end the operator
                self._failures += 1
                _log.exception("Unforeseen fault while rows were claimed.")
                self._pause("Something unforeseen is wrong; the operator's log has it.", Reason.INTERNAL)
            since = None if self._moved_at is None or self._full else loop.time() - self._moved_at
            pause = next_read_in(
                self._config.poll,
                since_movement=since,
                told=self._told(),
                failures=self._failures,
                took=loop.time() - began,
                jitter=self._jitter(),
            )
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def claim_what_fits(self) -> int:
        """Claim rows for the free slots and return how many were had; their VideoJobs follow by the confirmation.

        Raises
        ------
        SupabaseError, ClusterError
            The table cannot be read, or VideoJobs cannot be made. What is in doubt is recalled first next time.
        """
        if not self._recalled:
            await self._recall()
            self._recalled = True
        if self._confirmation.failure is not None:
            raise self._confirmation.failure
        admission = admit(self._store.unfinished(), self._config, claimed=self._confirmation.by_user())
        if admission.paused is not None:
            failure = TABLE[admission.paused]
            self._pause(f"{failure.sentence} {failure.remedy}", admission.paused)
            return 0
        self._full = admission.slots <= 0
        admission = replace(admission, slots=min(admission.slots, _MOST_AHEAD - len(self._confirmation)))
        if self._full:
            # Only a free slot is missing, which is no trouble.
            self._resume()
        if admission.slots <= 0:
            return 0
        chosen: list[JobRow] = []
        for _ in range(_MOST_READS_PAST_REFUSED):
            chosen, refused = await self._chosen(admission)
            self.last_read_at = asyncio.get_running_loop().time()
            self._resume()
            if not refused or len(chosen) == admission.slots:
                break
        return await self._claim_all(chosen)

    async def _chosen(self, admission: Admission) -> tuple[list[JobRow], int]:
        """Return the rows to claim, and how many were found that nobody can work on: those are refused at once."""
        now = self._now() + timedelta(seconds=self._skew_seconds() or 0.0)
        rows = await self._candidates.read(slots=admission.slots, active=admission.active, server_time=now)
        self._hints.read(rows, at=now)
        good = [row for row in rows if _fault_of(row) is None]
        await self._refuse_all([row for row in rows if _fault_of(row) is not None])
        chosen = choose(
            good,
            slots=admission.slots,
            active=admission.active,
            now=now,
            ageing_seconds=self._config.ageing_seconds,
            per_user=self._config.max_concurrent_per_user,
        )
        return chosen, len(rows) - len(good)

    async def _refuse_all(self, rows: list[JobRow]) -> None:
        """Tell rows that nobody can work on why. They take no slot, so that good rows do not wait behind them."""
        gate = asyncio.Semaphore(_CLAIMS_AT_ONCE)

        async def one(row: JobRow) -> None:
            async with gate:
                job_id_in_logs.set(str(row.job_id))
                fault = _fault_of(row)
                if fault is not None and await self._jobs.refuse(row, fault.detail):
                    _log.warning("row refused: %s", fault.detail, extra={"reason": fault.reason})

        await self._all_or_recall(*(one(row) for row in rows))

    async def _claim_all(self, rows: list[JobRow]) -> int:
        """Claim rows, those alike in one request, several requests at a time; return how many were had."""
        gate = asyncio.Semaphore(_CLAIMS_AT_ONCE)

        async def some(alike: list[JobRow]) -> int:
            async with gate:
                return await self._claim(alike)

        return sum(await self._all_or_recall(*(some(alike) for alike in claim_batches(rows, at_most=CLAIMED_AT_ONCE))))

    async def _claim(self, rows: list[JobRow]) -> int:
        first = rows[0]
        before = first.claim
        claim = Claim(claim=str(uuid4()), by=self._config.installation, attempt=(before.attempt if before else 0) + 1)
        stale = first.status == RowStatus.PROCESSING
        if stale and before is not None:
            # A row that ends whoever works on it must come to an end itself.
            waits = min(before.waits + 1, MOST_COUNTED)
            claim = claim.model_copy(update={**before.history.model_dump(), "waits": waits})
        with ExitStack() as held:
            for row in rows:
                held.enter_context(self._adopter.in_hand(row.job_id))
            won = await self._jobs.claim_batch(rows, claim, from_status=str(first.status))
            for row in won:
                self._confirmation.add(row, claim, Arrival(queued_at=row.waiting_since))
        had = {row.job_id for row in won}
        for row in rows:
            job_id_in_logs.set(str(row.job_id))
            if row.job_id not in had:
                _log.info("the row went to somebody else")
                continue
            if stale:
                self._metrics.repaired("StaleRow")
            self._metrics.claimed(str(row.status), waited_seconds=None if stale else self._waited(row))
            _log.info("row claimed", extra={"attempt": claim.attempt, "stale": stale})
        return len(won)

    async def _all_or_recall(self, *calls: Awaitable[T]) -> list[T]:
        """Wait for all, also where some fail; then what is claimed and has no VideoJob is recalled next time."""
        results = await asyncio.gather(*calls, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                self._recalled = False
                raise result
        return [result for result in results if not isinstance(result, BaseException)]

    def _clock(self) -> float:
        return self._now().timestamp()

    def _waited(self, row: JobRow) -> float | None:
        """Return for how many seconds a row has waited, by the server's clock that stamped it."""
        since = moment(row.waiting_since)
        return None if since is None else self._clock() + (self._skew_seconds() or 0.0) - since.timestamp()

    def _pause(self, sentence: str, reason: str) -> None:
        if self.trouble != sentence:
            _log.error("No rows are claimed: %s", sentence)
        self.trouble = sentence
        self.needs_a_key = reason in _KEY_REASONS
        self._metrics.intake_paused(reason)

    def _resume(self) -> None:
        if self.trouble is not None:
            _log.info("Rows are claimed again.")
        self.trouble, self.needs_a_key = None, False
        self._metrics.intake_paused(None)


def _fault_of(row: JobRow) -> Failed | None:
    try:
        user_of(row)
    except Failed as fault:
        return fault
    return None


def _reason_of(error: SupabaseError | ClusterError) -> str:
    if isinstance(error, SupabaseError):
        return error.reason if error.kind is not ErrorKind.CONFLICT else ErrorKind.CONFLICT
    return "ClusterUnavailable"
