"""Looks at claimed rows once more and has their VideoJobs made. The intake claims on meanwhile."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from runops.job_row import Claim, JobRow
from runops.logs import job_id_in_logs
from runops.polling import backoff
from runops.retry_policy import History
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops_operator.config import OperatorConfig
from runops_operator.intake.adopt import Adopter
from runops_operator.intake.choose import user_key
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.manifests.build_videojob import Arrival
from runops_operator.observability.metrics import Metrics

__all__ = ["ADOPTIONS_AT_ONCE", "Confirmation"]

_log = logging.getLogger(__name__)
ADOPTIONS_AT_ONCE = 20
_SETTLED_AT_ONCE = 500
"""So many answers of the table are in memory at a time, however many rows were claimed."""
_TELLING_SECONDS = 20.0
"""Rows that nobody works on yet are refreshed after 40 s."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A row that was claimed and must be looked at once more before anything is made for it.

    Attributes
    ----------
    row
        As the claim left it.
    at
        When it was claimed, in seconds.
    """

    row: JobRow
    claim: Claim
    at: float
    arrival: Arrival


class Confirmation:
    """The rows between their claim and their VideoJob.

    A consumer without claims, such as the old worker, may have read a row before we claimed it and write over the
    claim. It is given a moment for that; then the row is left to it.

    Parameters
    ----------
    jobs
        The table.
    adopter
        Makes the VideoJob of a claimed row.
    config
        Settings of this installation.
    metrics
        Counts what was left to others.
    now
        The clock; it gives times with their zone.
    sizes_of
        Tells how large rows' recordings are; those of which that cannot be found out at once are left out.
    wake
        Set when VideoJobs can be made again after a failure: more may be claimed.
    """

    def __init__(
        self,
        *,
        jobs: JobsTable,
        adopter: Adopter,
        config: OperatorConfig,
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
        self._waiting: dict[UUID, _Claimed] = {}
        self._changed = asyncio.Event()
        self.failure: SupabaseError | ClusterError | None = None
        """Why rows that are claimed have no VideoJobs; None while they get them. Nothing more is to be claimed then."""

    def add(self, row: JobRow, claim: Claim, arrival: Arrival) -> None:
        """Take charge of a row that was just claimed; nobody else takes it for forgotten meanwhile."""
        if row.job_id not in self._waiting:
            self._adopter.take_in_hand(row.job_id)
        self._waiting[row.job_id] = _Claimed(row, claim, self._now().timestamp(), arrival)
        self._changed.set()

    def __len__(self) -> int:
        """Return how many rows wait for their VideoJob."""
        return len(self._waiting)

    def by_user(self) -> Counter[str]:
        """Return how many rows wait for their VideoJob, by user: they hold slots that the cluster does not show yet."""
        return Counter(user_key(claimed.row) for claimed in self._waiting.values())

    async def run(self) -> None:
        """Confirm until cancelled; what cannot be done now is tried again, with growing pauses."""
        failures = 0
        while True:
            if not self._waiting:
                self._changed.clear()
                await self._changed.wait()
            try:
                await self.settle()
                failures = 0
            except (SupabaseError, ClusterError) as error:
                failures += 1
                if isinstance(error, SupabaseError):
                    self._metrics.supabase_error(error.kind)
                await asyncio.sleep(backoff(failures))
            except Exception:  # noqa: BLE001 - one row nobody foresaw must never end the operator
                failures += 1
                _log.exception("Unforeseen fault while VideoJobs were made.")
                await asyncio.sleep(backoff(failures))

    async def settle(self) -> int:
        """Confirm the rows that have waited longest and have their VideoJobs made; return for how many.

        Raises
        ------
        SupabaseError, ClusterError
            Rows cannot be read, or VideoJobs cannot be made; those rows wait on.
        """
        if not self._waiting:
            return 0
        some = list(islice(self._waiting, _SETTLED_AT_ONCE))
        try:
            await asyncio.gather(asyncio.sleep(self._grace(some)), self._look_at_sizes(some))
            claimed = {job_id: self._waiting[job_id] for job_id in some}
            there = await self._jobs.get_many(some)
            gate = asyncio.Semaphore(ADOPTIONS_AT_ONCE)

            async def one(job_id: UUID) -> bool:
                async with gate:
                    adopted = await self._confirmed(claimed[job_id], there.get(job_id))
                    # Queued again by its app and claimed anew meanwhile, it waits to be confirmed under that claim.
                    if self._waiting[job_id] is claimed[job_id]:
                        del self._waiting[job_id]
                        self._adopter.let_go(job_id)
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

    def _grace(self, job_ids: Collection[UUID]) -> float:
        """Return for how many seconds others may still write over these claims."""
        youngest = max(self._waiting[job_id].at for job_id in job_ids)
        grace = self._config.confirm_seconds
        return min(max(0.0, grace - (self._now().timestamp() - youngest)), grace)

    async def _look_at_sizes(self, job_ids: Collection[UUID]) -> None:
        for job_id, size in (await self._sizes_of(job_ids)).items():
            claimed = self._waiting[job_id]
            self._waiting[job_id] = replace(claimed, arrival=replace(claimed.arrival, source_bytes=size))

    async def _confirmed(self, claimed: _Claimed, there: JobRow | None) -> bool:
        row, claim = claimed.row, claimed.claim
        job_id_in_logs.set(str(row.job_id))
        if there is None or there.claim is None or not there.is_held_by(claim.claim):
            return False
        # Later than that, or with a bound pod, it may be the other replica that took the row up and touched it.
        telling = not there.claim.bound and self._now().timestamp() - claimed.at < _TELLING_SECONDS
        if telling and there.updated_at != row.updated_at:
            _log.warning("a consumer that leaves no claim works on the row too; giving way to it")
            self._metrics.repaired("RivalConsumer")
            await self._jobs.give_way(row.job_id, claim.claim)
            return False
        return await self._adopter.adopt(there, claim, first=claim.history == History(), arrival=claimed.arrival)
