"""Reads the claimed rows of this installation at intervals, and corrects what does not match the VideoJobs.

Supabase sends no reliable events, so the rows are polled: one small request for all of them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from enum import Enum, auto
from uuid import UUID

from runops.job_row import Claim, ClaimedRow, JobRow
from runops.logs import error_text, job_id_in_logs
from runops.polling import backoff
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops.videojob import videojob_name
from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.informer.store import Store
from runops_operator.informer.workqueue import WorkQueue
from runops_operator.intake.adopt import Adopter
from runops_operator.kubernetes_api.cluster import REFUSALS, ClusterError
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.metrics import Metrics
from runops_operator.stopwatch import Stopwatch
from runops_operator.watched_time import WatchedTime

__all__ = ["RowWatch", "Step", "read_is_due", "step_for"]

_log = logging.getLogger(__name__)
_ROWS_PER_SECOND = 50
_KEEP_ALIVE_SECONDS = 40.0
"""A row must be refreshed at least every 60 s."""
_WITHOUT_VIDEOJOBS_SECONDS = 60.0
_LATE_SECONDS = 15.0
"""What delays a read for so long may keep workers from refreshing their rows, too."""


def read_is_due(*, claimed: int, unfinished: bool, since: float) -> bool:
    """Tell whether to read the claimed rows. Pure.

    Without VideoJobs there are hardly any claimed rows: the intake adopts those that a crash left. They are read once a
    minute all the same.

    Parameters
    ----------
    claimed
        How many rows the last read found.
    unfinished
        Whether any VideoJob has not ended.
    since
        Seconds since the last read.
    """
    return claimed > 0 or unfinished or since >= _WITHOUT_VIDEOJOBS_SECONDS


class Step(Enum):
    """What to do about a claimed row without an unfinished VideoJob."""

    NOTHING = auto()
    """The row is being claimed or adopted, or its deleted VideoJob is not yet processed."""
    RECONCILE = auto()
    """Its VideoJob ended under this claim, and the row was not updated."""
    ADOPT = auto()
    """Its VideoJob was never made, or belongs to an earlier claim."""


def step_for(row: ClaimedRow, videojob: VideoJobView | None, *, in_hand: bool, deleted: bool) -> Step:
    """Return what to do about a claimed row. Pure.

    Parameters
    ----------
    row
        As it was read.
    videojob
        The VideoJob of its name.
    in_hand
        Whether the row is being claimed or adopted.
    deleted
        Whether a VideoJob of its name was deleted and its row not updated yet.
    """
    if in_hand or deleted:
        return Step.NOTHING
    if videojob is None:
        return Step.ADOPT
    if not videojob.finished:
        return Step.NOTHING
    return Step.RECONCILE if videojob.claim == row.token else Step.ADOPT


class RowWatch:
    """The watch.

    Parameters
    ----------
    jobs
        The table.
    store, queue
        The VideoJobs, and the names of those to reconcile because their row does not match.
    adopter
        Makes VideoJobs for rows that were claimed before a crash.
    refused
        Takes over a row whose VideoJob the API server refuses.
    config
        Settings of this installation.
    metrics
        Counts corrections.
    clock
        In seconds; it never goes back.
    """

    def __init__(
        self,
        *,
        jobs: JobsTable,
        store: Store,
        queue: WorkQueue,
        adopter: Adopter,
        refused: Callable[[JobRow, Claim], None],
        config: OperatorConfig,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._queue = queue
        self._adopter = adopter
        self._refused = refused
        self._config = config
        self._metrics = metrics
        self._watched_time = WatchedTime(clock)
        self._unchanged = Stopwatch(self._watched_time)
        self._one_at_a_time = asyncio.Lock()

    def quiet_seconds(self, job_id: UUID, row: JobRow | None = None) -> float:
        """Return for how many seconds a row was not refreshed; time in which rows were not read does not count.

        Parameters
        ----------
        row
            As it was just read; None where it was not.
        """
        if row is not None and row.claim is not None:
            return self._unchanged.seconds(job_id, _refresh_mark(row.claim.claim, row.updated_at))
        return self._unchanged.age(job_id)

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Read at intervals until cancelled; after a failure with growing pauses."""
        failures = 0
        while True:
            beat.moves()
            try:
                count = await self.once()
            except (ClusterError, SupabaseError) as error:
                failures, trouble = failures + 1, str(error)
                if isinstance(error, SupabaseError):
                    self._metrics.supabase_error(error.kind)
                if failures == 1:
                    _log.warning("The claimed rows could not be read: %s", error)
            except Exception as error:  # noqa: BLE001 - one unexpected row must never end the operator
                failures, trouble = failures + 1, error_text(error)
                _log.exception("Unexpected error while the claimed rows were read.")
            else:
                failures = 0
                beat.turned(next_within=_WITHOUT_VIDEOJOBS_SECONDS + 2 * self._pause_after(count))
                await self._pause(count)
                continue
            pause = backoff(failures, base=1.0)
            beat.failed(trouble, next_within=pause)
            await asyncio.sleep(pause)

    async def _pause(self, count: int) -> None:
        """Wait until the next read is due, after one that found so many rows."""
        loop = asyncio.get_running_loop()
        began, pause = loop.time(), self._pause_after(count)
        while True:
            await asyncio.sleep(pause)
            unfinished = self._store.count_unfinished() > 0
            if read_is_due(claimed=count, unfinished=unfinished, since=loop.time() - began):
                return

    def _pause_after(self, count: int) -> float:
        return max(self._config.rows_seconds, count / _ROWS_PER_SECOND)

    async def once(self) -> int:
        """Read once, and return how many rows are claimed.

        Raises
        ------
        ClusterError, SupabaseError
            Something could not be read or made; the next read repeats it.
        """
        # The intake calls this before it claims. A row that is being adopted by another call would take no slot yet.
        async with self._one_at_a_time:
            return await self._once()

    async def _once(self) -> int:
        # Only VideoJobs that are claimed by now: a later claim need not show in the rows that are read.
        unfinished = {view.name: view for view in self._store.unfinished() if view.claim is not None}
        ids: set[UUID] = set()
        without_worker: list[UUID] = []
        without_videojob: list[ClaimedRow] = []
        # Rows that match their VideoJob are not kept: there may be thousands.
        async for row, former in self._claims():
            ids.add(row.job_id)
            self._unchanged.seconds(row.job_id, _refresh_mark(row.claim, row.updated_at))
            view = unfinished.pop(videojob_name(row.job_id), None)
            if view is None:
                without_videojob.append(row)
            else:
                await self._compare(row, view, former=former)
            if self._needs_refresh(row):
                without_worker.append(row.job_id)
        self._unchanged.keep_only(ids)
        self._watched_time.note_read(longest=self._pause_after(len(ids)) + _LATE_SECONDS)
        for name in unfinished:
            # Its row was cancelled, ended or queued again. The reconciliation reads the row itself.
            self._store.rows_to_read.mark(name)
            await self._queue.add(name)
        await self._keep_alive(without_worker)
        await self._correct(without_videojob)
        return len(ids)

    async def _claims(self) -> AsyncIterator[tuple[ClaimedRow, bool]]:
        """Yield the claimed rows, and whether each is claimed under an earlier name."""
        for name in (self._config.installation, *self._config.former_installations):
            async for row in self._jobs.claims_of(name):
                yield row, name != self._config.installation

    async def _compare(self, row: ClaimedRow, view: VideoJobView, *, former: bool) -> None:
        if row.token != view.claim or former:
            # The row or the VideoJob changed since, or the row needs the present name: only under that is it refreshed,
            # and otherwise it counts as abandoned after an hour in which no worker runs. The reconciliation reads it.
            self._store.rows_to_read.mark(view.name)
            await self._queue.add(view.name)
        elif self._unchanged.age(row.job_id) > self._config.deadlines.no_progress_seconds:
            await self._queue.add(view.name)

    def _needs_refresh(self, row: ClaimedRow) -> bool:
        """Tell whether a row without a running worker was not refreshed for a while."""
        view = self._store.videojob(videojob_name(row.job_id))
        if view is None or view.status.phase == "Running":
            return False
        return self._unchanged.age(row.job_id) >= _KEEP_ALIVE_SECONDS

    async def _keep_alive(self, job_ids: Sequence[UUID]) -> None:
        """Refresh rows. One that the table refuses to write fails its whole request, and must not keep others stale."""
        try:
            await self._jobs.keep_alive(self._config.installation, job_ids)
        except SupabaseError as error:
            if not error.refuses_row:
                raise
            if len(job_ids) == 1:
                _log.warning("row not refreshed: %s", error, extra={"job_id": str(job_ids[0])})
                return
            half = len(job_ids) // 2
            await self._keep_alive(job_ids[:half])
            await self._keep_alive(job_ids[half:])

    async def _correct(self, rows: Iterable[ClaimedRow]) -> None:
        for claimed in rows:
            name = videojob_name(claimed.job_id)
            known = self._store.videojob(name)
            step = step_for(
                claimed,
                known,
                in_hand=self._adopter.is_in_hand(claimed.job_id),
                deleted=self._store.deleted(name) is not None,
            )
            if step is Step.RECONCILE:
                self._metrics.repaired("RowNotTold")
                self._store.rows_to_read.mark(name)
                await self._queue.add(name)
            if step is not Step.ADOPT:
                continue
            try:
                await self._adopt_row(claimed, known)
            except SupabaseError as error:
                if not error.refuses_row:
                    raise
                # It has no VideoJob, so it takes no slot, and waits alone until the table takes its end.
                _log.warning("row not set to error: %s", error)
        job_id_in_logs.set(None)

    async def _adopt_row(self, claimed: ClaimedRow, known: VideoJobView | None) -> None:
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
            try:
                adopted = await self._adopter.adopt(row, row.claim)
            except ClusterError as error:
                if error.status not in REFUSALS:
                    raise
                # It waits alone, and no other row waits for it.
                self._refused(row, row.claim)
                return
            if adopted:
                _log.info(
                    "row adopted: it was claimed earlier and has no VideoJob",
                    extra={"earlier_videojob": known is not None},
                )
                self._metrics.repaired("RowWithoutVideoJob")


def _refresh_mark(claim: str, updated_at: str | None) -> int:
    """Return a value that changes with every refresh of a row. A hash, since it is kept for thousands of rows."""
    return hash((claim, updated_at))
