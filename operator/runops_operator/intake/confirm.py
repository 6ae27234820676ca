"""Confirms claimed rows by reading them again, and has their VideoJobs made. The intake goes on claiming meanwhile."""

import asyncio
import contextlib
import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from itertools import islice
from uuid import UUID

from runops.claim_order import user_key
from runops.failures import TABLE, Reason
from runops.job_row import Claim, JobRow, Lane
from runops.logs import error_text, job_id_in_logs
from runops.polling import backoff
from runops.retry_policy import History
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops_operator.breakers.breakers import Breakers
from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.intake.adopt import Adopter
from runops_operator.intake.refused_videojobs import Refusal, RefusedVideoJobs
from runops_operator.kubernetes_api.cluster import REFUSALS, ClusterError
from runops_operator.manifests.build_videojob import Arrival
from runops_operator.observability.metrics import Metrics

__all__ = ["ADOPTIONS_AT_ONCE", "ClaimedAt", "Confirmation", "Verdict", "verdict_on"]

_log = logging.getLogger(__name__)
ADOPTIONS_AT_ONCE = 20
_CONFIRMED_AT_ONCE = 500
"""Rows in memory at a time, however many were claimed."""
_RIVAL_SECONDS = 20.0
"""Who refreshes a row so soon after the claim is a rival: the row watch does it after 40 s, a worker binds its pod."""


@dataclass(frozen=True, slots=True)
class ClaimedAt:
    """A row that was claimed and must be confirmed before its VideoJob is made.

    Attributes
    ----------
    row
        As the claim left it.
    claim
        The claim in it.
    at
        When it was claimed, in seconds.
    arrival
        What was known of it at the claim.
    """

    row: JobRow
    claim: Claim
    at: float
    arrival: Arrival


class Verdict(Enum):
    """The result of reading a claimed row again."""

    HELD = auto()
    """The claim still holds: its VideoJob is made."""
    CLAIM_LOST = auto()
    """The row is gone, ended, queued again or claimed by another consumer."""
    RIVAL = auto()
    """A consumer without claims works on the row, too."""


def verdict_on(claimed: ClaimedAt, there: JobRow | None, *, now: float) -> Verdict:
    """Return what a claimed row shows when it is read again. Pure.

    Parameters
    ----------
    claimed
        The row as it was claimed.
    there
        The row as it is now; None where it is gone.
    now
        In seconds, on the clock of `claimed.at`.
    """
    if there is None or there.claim is None or not there.is_held_by(claimed.claim.claim):
        return Verdict.CLAIM_LOST
    # Later, or with a bound pod, it may be our other replica that adopted the row and refreshed it.
    only_a_rival_writes = not there.claim.bound and now - claimed.at < _RIVAL_SECONDS
    if only_a_rival_writes and there.updated_at != claimed.row.updated_at:
        return Verdict.RIVAL
    return Verdict.HELD


class Confirmation:
    """The rows between their claim and their VideoJob.

    A consumer without claims, such as the old worker, may have read a row before we claimed it, and start to work on it
    after that. It gets a moment to show itself; then the row is left to it.

    Parameters
    ----------
    jobs
        The table.
    adopter
        Makes the VideoJob of a claimed row.
    config
        Settings of this installation.
    breakers
        Told of VideoJobs that the API server refuses.
    metrics
        Counts rows left to others.
    now
        The clock; it gives times with their zone.
    sizes_of
        Returns the sizes of rows' recordings; unknown ones are left out.
    wake
        Set when VideoJobs can be made again after a failure, so that more rows are claimed.
    """

    def __init__(
        self,
        *,
        jobs: JobsTable,
        adopter: Adopter,
        config: OperatorConfig,
        breakers: Breakers,
        metrics: Metrics,
        now: Callable[[], datetime],
        sizes_of: Callable[[Collection[UUID]], Awaitable[Mapping[UUID, int]]],
        wake: asyncio.Event,
    ) -> None:
        self._jobs = jobs
        self._adopter = adopter
        self._config = config
        self._metrics = metrics
        self._now = now
        self._sizes_of = sizes_of
        self._wake = wake
        self._waiting: dict[UUID, ClaimedAt] = {}
        self._refused = RefusedVideoJobs(breakers, now)
        self._changed = asyncio.Event()
        self.failure: SupabaseError | ClusterError | None = None
        """Why claimed rows do not get their VideoJobs; None while they do. Until then nothing more is claimed."""

    def add(self, row: JobRow, claim: Claim, arrival: Arrival) -> None:
        """Take over a row that was just claimed. Until it is confirmed it counts as in hand."""
        if row.job_id not in self._waiting:
            self._adopter.take_in_hand(row.job_id, row.lane, user_key(row))
        self._waiting[row.job_id] = ClaimedAt(row, claim, self._now().timestamp(), arrival)
        self._changed.set()

    def __len__(self) -> int:
        """Return how many rows wait for their VideoJob."""
        return len(self._waiting)

    def by_user(self) -> dict[Lane, Counter[str]]:
        """Return how many rows wait for their VideoJob, by lane and user: they hold slots without showing it."""
        counts: dict[Lane, Counter[str]] = {lane: Counter() for lane in Lane}
        for claimed in self._waiting.values():
            counts[claimed.row.lane][user_key(claimed.row)] += 1
        return counts

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Confirm until cancelled; after a failure again, with growing pauses."""
        failures = 0
        while True:
            if (pause := self._pause()) > 0:
                self._changed.clear()
                beat.waits()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(None if pause == math.inf else pause):
                        await self._changed.wait()
                continue
            beat.moves()
            try:
                await self.settle()
                failures = 0
                beat.turned()
                continue
            except (SupabaseError, ClusterError) as error:
                failures, trouble = failures + 1, str(error)
                if isinstance(error, SupabaseError):
                    self._metrics.supabase_error(error.kind)
            except Exception as error:  # noqa: BLE001 - one unexpected row must never end the operator
                failures, trouble = failures + 1, error_text(error)
                _log.exception("Unexpected error while VideoJobs were made.")
            pause = backoff(failures)
            beat.failed(trouble, next_within=pause)
            await asyncio.sleep(pause)

    async def settle(self) -> int:
        """Confirm the rows that have waited longest and have their VideoJobs made; return the number of VideoJobs.

        Raises
        ------
        SupabaseError, ClusterError
            Rows cannot be read, or VideoJobs cannot be made; those rows are tried again.
        """
        some = list(islice(filter(self._refused.is_due, self._waiting), _CONFIRMED_AT_ONCE))
        if not some:
            return 0
        try:
            await asyncio.gather(asyncio.sleep(self._grace(some)), self._add_sizes(some))
            claimed = {job_id: self._waiting[job_id] for job_id in some}
            there = await self._jobs.get_many(some)
            gate = asyncio.Semaphore(ADOPTIONS_AT_ONCE)

            async def one(job_id: UUID) -> bool:
                async with gate:
                    try:
                        adopted = await self._confirmed(claimed[job_id], there.get(job_id))
                    except ClusterError as error:
                        if error.status not in REFUSALS:
                            raise
                        if not await self._end_where_it_stays_refused(claimed[job_id], error):
                            return False
                        adopted = False
                    else:
                        self._refused.forget(job_id)
                    # If it was queued and claimed again meanwhile, it is confirmed under the new claim later.
                    if self._waiting[job_id] is claimed[job_id]:
                        del self._waiting[job_id]
                        self._adopter.release(job_id)
                    return adopted

            results = await asyncio.gather(*(one(job_id) for job_id in some), return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException):
                    raise result
        except (SupabaseError, ClusterError) as error:
            self.failure = error
            raise
        if self.failure is not None:
            self.failure = None
            self._wake.set()
        return results.count(True)

    def _pause(self) -> float:
        """Return for how many seconds nothing is due."""
        return min((self._refused.seconds_left(job_id) for job_id in self._waiting), default=math.inf)

    async def _end_where_it_stays_refused(self, claimed: ClaimedAt, error: ClusterError) -> bool:
        """Set a row to error whose VideoJob is refused while others are made; tell whether it was. Else it waits."""
        job_id = claimed.row.job_id
        match self._refused.note(job_id, error_text(error)):
            case Refusal.WAIT:
                _log.warning("the VideoJob is refused; the row waits: %s", error)
                return False
            case Refusal.END:
                failure = TABLE[Reason.VIDEOJOB_REFUSED]
                sentence = f"{failure.sentence} ({str(error)[:500]}) {failure.remedy}"
                await self._jobs.fail(job_id, claimed.claim.claim, sentence)
                _log.warning("row set to error: %s", sentence, extra={"reason": failure.reason})
                self._refused.forget(job_id)
                return True

    def _grace(self, job_ids: Collection[UUID]) -> float:
        """Return for how many seconds others may still write over these claims."""
        youngest = max(self._waiting[job_id].at for job_id in job_ids)
        grace = self._config.confirm_seconds
        return min(max(0.0, grace - (self._now().timestamp() - youngest)), grace)

    async def _add_sizes(self, job_ids: Collection[UUID]) -> None:
        for job_id, size in (await self._sizes_of(job_ids)).items():
            claimed = self._waiting[job_id]
            self._waiting[job_id] = replace(claimed, arrival=replace(claimed.arrival, source_bytes=size))

    async def _confirmed(self, claimed: ClaimedAt, there: JobRow | None) -> bool:
        row, claim = claimed.row, claimed.claim
        job_id_in_logs.set(str(row.job_id))
        verdict = verdict_on(claimed, there, now=self._now().timestamp())
        if verdict is Verdict.RIVAL and await self._adopter.is_made(row.job_id):
            # A row without a claim is taken for one that an app wrote over, and its VideoJob would claim it again.
            verdict = Verdict.HELD
        match verdict:
            case Verdict.CLAIM_LOST:
                _log.info("skipped: the claim was lost")
                return False
            case Verdict.RIVAL:
                _log.warning("a consumer without claims works on the row too; the row is left to it")
                self._metrics.repaired("RivalConsumer")
                await self._jobs.give_way(row.job_id, claim.claim)
                return False
            case Verdict.HELD:
                assert there is not None
                fresh = claim.history == History()
                made = await self._adopter.adopt(there, claim, fresh=fresh, arrival=claimed.arrival)
                if made:
                    self._refused.made(row.job_id)
                return made
