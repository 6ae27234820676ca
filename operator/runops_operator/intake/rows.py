"""Watches the rows that this installation has claimed, and puts right what does not fit to the VideoJobs.

Supabase sends no events that one could rely on, so they are read again and again: one small request for all of them.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from runops.job_row import ClaimedRow, JobRow
from runops.logs import job_id_in_logs
from runops.polling import backoff
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops.videojob import videojob_name
from runops_operator.config import OperatorConfig
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.intake.adopt import Adopter
from runops_operator.kubernetes_api.cluster import REFUSALS, ClusterError
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.metrics import Metrics
from runops_operator.stopwatch import Stopwatch
from runops_operator.watched_time import WatchedTime

__all__ = ["RowWatch", "look_is_due"]

_log = logging.getLogger(__name__)
_ROWS_PER_SECOND = 50
_KEEP_ALIVE_SECONDS = 40.0
"""A row is to be refreshed at least every 60 s."""
_NOBODY_SECONDS = 60.0
_LATE_SECONDS = 15.0
"""What keeps a look from taking place for so long may keep workers from telling of themselves, too."""


def look_is_due(*, claimed: int, unfinished: bool, since: float) -> bool:
    """Tell whether claimed rows may have to be looked at: where there is no VideoJob, nobody has claimed any. Pure.

    Rows that were claimed and then forgotten are recalled by the intake. Now and then they are looked for all the same.

    Parameters
    ----------
    claimed
        How many the last look found.
    unfinished
        Whether any VideoJob has not ended.
    since
        Seconds since the last look.
    """
    return claimed > 0 or unfinished or since >= _NOBODY_SECONDS


class RowWatch:
    """The watch.

    Parameters
    ----------
    jobs
        The table.
    store, queue
        The VideoJobs, and who is told when a row does not fit to its one.
    adopter
        Makes VideoJobs for rows that were claimed and then forgotten by a crash.
    config
        Settings of this installation.
    metrics
        Counts what was put right.
    clock
        In seconds that only go forward.
    """

    def __init__(
        self,
        *,
        jobs: JobsTable,
        store: Store,
        queue: WorkQueue,
        adopter: Adopter,
        config: OperatorConfig,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._queue = queue
        self._adopter = adopter
        self._config = config
        self._metrics = metrics
        self._watched = WatchedTime(clock)
        self._touched = Stopwatch(self._watched)

    def quiet_seconds(self, job_id: UUID, row: JobRow | None = None) -> float:
        """Return for how long a row has not been touched, as far as it was watched.

        Parameters
        ----------
        row
            As it was read just now, if it was.
        """
        if row is not None and row.claim is not None:
            return self._touched.seconds(job_id, _touch(row.claim.claim, row.updated_at))
        return self._touched.age(job_id)

    async def run(self) -> None:
        """Look again and again until cancelled; after a failure with growing pauses."""
        failures = 0
        while True:
            try:
                count = await self.once()
                failures = 0
            except (ClusterError, SupabaseError) as error:
                failures += 1
                if failures == 1:
                    _log.warning("The claimed rows could not be looked at: %s", error)
            except Exception:  # noqa: BLE001 - one row nobody foresaw must never end the operator
                failures += 1
                _log.exception("Unforeseen fault in the look at the claimed rows.")
            if failures:
                await asyncio.sleep(backoff(failures, base=1.0))
            else:
                await self._pause(count)

    async def _pause(self, count: int) -> None:
        """Wait until the next look is due, after one that found so many rows claimed."""
        loop = asyncio.get_running_loop()
        began, pause = loop.time(), self._pause_after(count)
        while True:
            await asyncio.sleep(pause)
            unfinished = self._store.count_unfinished() > 0
            if look_is_due(claimed=count, unfinished=unfinished, since=loop.time() - began):
                return

    def _pause_after(self, count: int) -> float:
        return max(self._config.rows_seconds, count / _ROWS_PER_SECOND)

    async def once(self) -> int:
        """Look once, and return how many rows are claimed.

        Raises
        ------
        ClusterError, SupabaseError
            Something could not be read or made; the next look repeats it.
        """
        # What is held was claimed before: a VideoJob that is claimed after this line says nothing about the rows.
        unfinished = {view.name: view for view in self._store.unfinished() if view.claim is not None}
        ids: set[UUID] = set()
        unattended: list[UUID] = []
        without: list[ClaimedRow] = []
        # Of thousands of rows none is kept that is as it should be.
        async for row in self._jobs.claims_of(self._config.installation):
            ids.add(row.job_id)
            self._touched.seconds(row.job_id, _touch(row.claim, row.updated_at))
            view = unfinished.pop(videojob_name(row.job_id), None)
            if view is None:
                without.append(row)
            else:
                await self._compare(row, view)
            if self._is_unattended(row):
                unattended.append(row.job_id)
        self._touched.keep_only(ids)
        self._watched.looked(longest=self._pause_after(len(ids)) + _LATE_SECONDS)
        for name in unfinished:
            # Its row was cancelled, ended or queued again. Its plan looks for itself.
            self._store.rows_to_read.mark(name)
            await self._queue.add(name)
        await self._jobs.keep_alive(self._config.installation, unattended)
        await self._adopt(without)
        return len(ids)

    async def _compare(self, row: ClaimedRow, view: VideoJobView) -> None:
        if row.token != view.claim:
            # It was claimed since, or begun anew. Its plan looks for itself.
            self._store.rows_to_read.mark(view.name)
            await self._queue.add(view.name)
        elif self._touched.age(row.job_id) > self._config.deadlines.no_progress_seconds:
            await self._queue.add(view.name)

    def _is_unattended(self, row: ClaimedRow) -> bool:
        """Tell whether no worker refreshes a row, and it was not refreshed for a while."""
        view = self._store.videojob(videojob_name(row.job_id))
        if view is None or view.status.phase == "Running":
            return False
        return self._touched.age(row.job_id) >= _KEEP_ALIVE_SECONDS

    async def _adopt(self, rows: Iterable[ClaimedRow]) -> None:
        refusal: ClusterError | None = None
        for claimed in rows:
            name = videojob_name(claimed.job_id)
            known = self._store.videojob(name)
            if self._adopter.is_in_hand(claimed.job_id) or self._store.deleted(name) is not None:
                continue
            if known is not None and not known.finished:
                continue
            if known is not None and known.claim == claimed.token:
                self._metrics.repaired("RowNotTold")
                self._store.rows_to_read.mark(name)
                await self._queue.add(name)
                continue
            try:
                await self._take_up(claimed, known)
            except ClusterError as error:
                if error.status not in REFUSALS:
                    raise
                refusal = error
        job_id_in_logs.set(None)
        if refusal is not None:
            # What one VideoJob is refused for need not concern those behind it, and yet it has to be said.
            raise refusal

    async def _take_up(self, claimed: ClaimedRow, known: VideoJobView | None) -> None:
        job_id_in_logs.set(str(claimed.job_id))
        with self._adopter.in_hand(claimed.job_id):
            try:
                row = await self._jobs.get(claimed.job_id)
            except SupabaseError as error:
                if not error.unreadable:
                    raise
                await self._jobs.fail(claimed.job_id, claimed.claim, str(error))
                _log.warning("row refused: %s", error)
                return
            if row is None or row.claim is None or not row.is_held_by(claimed.token):
                return
            if await self._adopter.adopt(row, row.claim):
                _log.info("a row claimed earlier is taken up again", extra={"videojob": known is not None})
                self._metrics.repaired("RowWithoutVideoJob")


def _touch(claim: str, updated_at: str | None) -> int:
    """Return what changes whenever a row is touched; of thousands nothing larger is kept."""
    return hash((claim, updated_at))
