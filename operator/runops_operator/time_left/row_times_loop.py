"""Writes position and time left into rows, for apps that follow them: `metadata.runops_time_left`.

It is a key of its own beside the claim. An app that writes its metadata back as it was before loses nothing but this.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import ValidationError

from runops.job_row import TIME_LEFT_KEY, JobRow, Lane, RowStatus, begins_with_sop, metadata_to_claim
from runops.logs import error_text
from runops.supabase.errors import SupabaseError
from runops.supabase.jobs import JobsTable
from runops.time_left.finished import model_key
from runops.time_left.queue_times import Arrival, Queue, queue_times
from runops.time_left.unfinished import UnfinishedVideo
from runops.videojob_time_left import TimeLeftStatus
from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.informer.store import Store
from runops_operator.manifests.observed import VideoJobView
from runops_operator.time_left.history import History
from runops_operator.time_left.shown_time import TOO_FEW, is_worth_a_write, shown
from runops_operator.time_left.videojob_times import unfinished_video
from runops_operator.times import moment

__all__ = ["RowTimesLoop"]

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 30.0
_QUEUED = 200
"""Rows at the head of the queue that are told their place."""
_AT_WORK = 100
"""Rows at work that are read in one pass, in turn: as many ids as fit into one request."""
_WRITES = 20
"""In one pass: 40 a minute, each one small request."""
_WINDOW = timedelta(hours=1)


class RowTimesLoop:
    """The loop.

    Parameters
    ----------
    jobs
        The table.
    store
        The VideoJobs.
    history
        What was seen of them.
    config
        Settings of this installation.
    paused
        Whether nothing is claimed now.
    now
        The server's clock.
    """

    def __init__(
        self,
        *,
        jobs: JobsTable,
        store: Store,
        history: History,
        config: OperatorConfig,
        paused: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._history = history
        self._config = config
        self._paused = paused
        self._now = now
        self._turns: list[str] = []
        self._queue_may_be_told = True

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Write until cancelled. A failure only delays it."""
        while True:
            trouble: str | None = None
            beat.moves()
            try:
                await self.once()
            except SupabaseError as error:
                trouble = str(error)
                _log.warning("rows were not told when they are expected to end: %s", error)
            except Exception as error:  # noqa: BLE001 - one unexpected row must not end the loop
                trouble = error_text(error)
                _log.exception("Unexpected error while rows were told when they are expected to end.")
            beat.ended(trouble, next_within=_EVERY_SECONDS)
            await asyncio.sleep(_EVERY_SECONDS)

    async def once(self) -> int:
        """Tell rows at work and in the queue what is expected, and return how many were written to.

        Raises
        ------
        SupabaseError
            The table could not be read or written.
        """
        expected = await self._of_rows_at_work()
        if self._queue_may_be_told:
            expected += self._of_queue(await self._jobs.queued(limit=_QUEUED))
        due = [(row, one) for row, one in expected if is_worth_a_write(_told(row), one, self._now())]
        written = 0
        for row, one in due[:_WRITES]:
            if row.status == RowStatus.QUEUED and not self._queue_may_be_told:
                break
            await self._tell(row, one)
            written += 1
        return written

    async def _of_rows_at_work(self) -> list[tuple[JobRow, TimeLeftStatus]]:
        if not self._turns:
            self._turns = sorted((view.name for view in self._store.unfinished()), reverse=True)
        views: dict[UUID, VideoJobView] = {}
        while self._turns and len(views) < _AT_WORK:
            view = self._store.videojob(self._turns.pop())
            if view is not None and view.spec is not None and view.claim is not None and view.status.time_left:
                views[UUID(view.spec.job_id)] = view
        rows = await self._jobs.get_many(views) if views else {}
        found = []
        for job_id, row in rows.items():
            view, expected = views[job_id], views[job_id].status.time_left
            if view.claim is not None and expected is not None and row.is_held_by(view.claim):
                # Its place among VideoJobs says nothing about the queue.
                found.append((row, expected.model_copy(update={"position": None})))
        return found

    def _of_queue(self, rows: list[JobRow]) -> Iterator[tuple[JobRow, TimeLeftStatus]]:
        """Yield the rows of a page in the order of their places, with what is expected of each."""
        now, paused = self._now(), self._paused()
        models = self._config.models
        model = model_key(models.transcribe, models.sop)
        for lane in Lane:
            waiting = {row.job_id: row for row in rows if row.lane is lane and row.status == RowStatus.QUEUED}
            queue = Queue(
                waiting=list(waiting.values()),
                running=[
                    unfinished_video(view, stage_began=self._history.stage_began(view))
                    for view in self._store.unfinished()
                    if view.lane is lane and view.claim is not None and view.status.phase != "Suspended"
                ],
                slots=0 if paused else self._config.slots_of(lane),
                ageing_seconds=self._config.ageing_seconds,
                per_user=self._config.max_concurrent_per_user,
                known={
                    job_id: UnfinishedVideo(model=model, only_sop=begins_with_sop(metadata_to_claim(row)))
                    for job_id, row in waiting.items()
                },
                arrivals=list(self._arrivals(lane, now)),
                arrivals_seconds=_WINDOW.total_seconds(),
            )
            places = queue_times(self._history.pace(), queue, now)
            for job_id, place in sorted(places.items(), key=lambda item: item[1].position):
                unknown = None
                if place.time_left is None:
                    unknown = "Paused" if paused else TOO_FEW
                yield waiting[job_id], shown(place.time_left, position=place.position, unknown=unknown)

    def _arrivals(self, lane: Lane, now: datetime) -> Iterator[Arrival]:
        for view in self._store.videojobs():
            at = moment(view.queued_at)
            if at is not None and timedelta(0) <= now - at < _WINDOW and view.lane is lane and view.spec is not None:
                metadata = {"user_id": view.user} if view.user else None
                yield Arrival(at, JobRow(job_id=UUID(view.spec.job_id), metadata=metadata))

    async def _tell(self, row: JobRow, expected: TimeLeftStatus) -> None:
        value = expected.model_dump(mode="json", exclude_none=True, exclude={"ends"})
        try:
            after = await self._jobs.put_beside(row, TIME_LEFT_KEY, value)
        except SupabaseError as error:
            if not error.refuses_row:
                raise
            _log.warning("row not told when it is expected to end: %s", error, extra={"job_id": str(row.job_id)})
            return
        if after is not None and row.status == RowStatus.QUEUED and after.updated_at != row.updated_at:
            self._queue_may_be_told = False
            _log.error(
                "Rows in the queue are not told when they are expected to end: a trigger of the table jobs changes "
                "updated_at with each write, and a row that waits would lose its place by it."
            )


def _told(row: JobRow) -> TimeLeftStatus | None:
    """Return what a row says already; None where it says nothing that can be read."""
    told = row.metadata.get(TIME_LEFT_KEY) if isinstance(row.metadata, Mapping) else None
    try:
        return None if told is None else TimeLeftStatus.model_validate(told)
    except ValidationError:
        return None
