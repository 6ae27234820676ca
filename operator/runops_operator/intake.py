"""Reads queued rows and claims as many as there are free slots. The backlog stays in PostgreSQL."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import uuid4

from runops.job_row import Claim, JobRow
from runops.logs import job_id_in_logs
from runops.polling import next_read_in
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops_operator.adopt import Adopter
from runops_operator.choose import choose
from runops_operator.cluster import ClusterError
from runops_operator.config import OperatorConfig
from runops_operator.store import Store

__all__ = ["Intake"]

_log = logging.getLogger(__name__)
_MOST_CANDIDATES = 1000
_CLAIMS_AT_ONCE = 10


class Intake:
    """The reader of the `jobs` table.

    Parameters
    ----------
    jobs
        The table.
    adopter
        Makes the VideoJob of a claimed row.
    store
        Tells how many slots are taken, and by whom.
    config
        Settings of this installation.
    recall
        Adopts the rows that this installation has claimed and that have no VideoJob. It comes before the first claim,
        and again after each claim of which it is not known what became of it: otherwise such rows would hold no slot.
    jitter
        Source of randomness in [0, 1).
    """

    def __init__(
        self,
        *,
        jobs: JobsTable,
        adopter: Adopter,
        store: Store,
        config: OperatorConfig,
        recall: Callable[[], Awaitable[None]],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._jobs = jobs
        self._adopter = adopter
        self._store = store
        self._config = config
        self._recall = recall
        self._recalled = False
        self._jitter = jitter
        self._wake = asyncio.Event()
        self._moved_at: float | None = None
        self._failures = 0
        self.last_read_at: float | None = None
        """Loop time of the last read that worked; None before the first."""
        self.trouble: str | None = None
        """Why the last read did not work; None while it does."""

    def movement(self) -> None:
        """Note that a row was claimed or ended, and read again at once."""
        self._moved_at = asyncio.get_running_loop().time()
        self._wake.set()

    async def run(self) -> None:
        """Read and claim until cancelled. A table that cannot be read is waited for; nothing is claimed meanwhile."""
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            try:
                if await self.claim_what_fits():
                    self._moved_at = loop.time()
                self._recovered()
            except (SupabaseError, ClusterError) as error:
                self._note_trouble(error)
            since = None if self._moved_at is None else loop.time() - self._moved_at
            pause = next_read_in(
                self._config.poll, since_movement=since, failures=self._failures, jitter=self._jitter()
            )
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def claim_what_fits(self) -> int:
        """Claim rows for the free slots and have their VideoJobs made; return how many were claimed.

        Raises
        ------
        SupabaseError, ClusterError
            The table cannot be read, or VideoJobs cannot be made. What is in doubt is recalled first next time.
        """
        if not self._recalled:
            await self._recall()
            self._recalled = True
        active: Counter[str] = Counter()
        for videojob in self._store.unfinished():
            active[(videojob.spec.user_id if videojob.spec else None) or ""] += 1
        slots = self._config.max_concurrent - active.total()
        if slots <= 0:
            return 0
        rows = await self._jobs.queued(limit=_MOST_CANDIDATES)
        self.last_read_at = asyncio.get_running_loop().time()
        gate = asyncio.Semaphore(_CLAIMS_AT_ONCE)

        async def claim(row: JobRow) -> bool:
            async with gate:
                return await self._claim(row)

        results = await asyncio.gather(
            *(claim(row) for row in choose(rows, slots=slots, active=active)), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return sum(1 for result in results if result is True)

    async def _claim(self, row: JobRow) -> bool:
        job_id_in_logs.set(str(row.job_id))
        attempt = (row.claim.attempt if row.claim else 0) + 1
        claim = Claim(claim=str(uuid4()), by=self._config.installation, attempt=attempt)
        try:
            won = await self._jobs.claim(row, claim)
            if won is None:
                _log.info("the row went to somebody else")
                return False
            _log.info("row claimed", extra={"attempt": attempt})
            await self._adopter.adopt(won, claim)
        except (ClusterError, SupabaseError):
            self._recalled = False
            raise
        return True

    def _note_trouble(self, error: SupabaseError | ClusterError) -> None:
        self._failures += 1
        if self.trouble != str(error):
            _log.error("No rows are claimed: %s", error)
        self.trouble = str(error)

    def _recovered(self) -> None:
        if self.trouble is not None:
            _log.info("Rows are claimed again.")
        self._failures, self.trouble = 0, None
