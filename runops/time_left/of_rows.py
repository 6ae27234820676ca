"""Position and time left of rows, from what the tables alone tell."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from runops.claim_order import age_key, user_key
from runops.job_row import JobRow, Lane, RowStatus, begins_with_sop, metadata_to_claim
from runops.progress import STAGES, Stage, percent
from runops.row_summary import RowSummary, time_of
from runops.time_left.expected_end import expected_end
from runops.time_left.finished import FinishedVideo
from runops.time_left.pace import Pace
from runops.time_left.queue_times import Arrival, Queue, queue_times
from runops.time_left.range import TimeLeft
from runops.time_left.took import Recording, finished_video
from runops.time_left.unfinished import UnfinishedVideo

__all__ = ["AGEING_SECONDS", "NO_TIME", "QueuedRow", "RowTime", "row_times"]

AGEING_SECONDS = 600.0
"""As the operator has it by default; its own setting is not in the tables."""
_SILENT = timedelta(minutes=3)
"""A row at work is refreshed once a minute. One that is silent for longer is at work no more."""
_REFILLED = timedelta(minutes=2)
"""A slot that a video left is given to the next row within seconds, while rows are claimed."""
_LONGEST_WINDOW = timedelta(hours=1)
_STAGES = {stage.value: stage for stage in STAGES}
_WHOLE = re.compile("-?[0-9]+")


class QueuedRow(RowSummary):
    """A row at work or in the queue, with what decides about its turn.

    Attributes
    ----------
    priority, backfill
        `metadata.priority` and `metadata.backfill` as texts: a number may be too long for Python to read.
    """

    priority: str | None = None
    backfill: str | None = None

    @property
    def user(self) -> str:
        """Whose it is, as `user_key` names them."""
        return user_key(self.as_row)

    @property
    def only_sop(self) -> bool:
        """Whether only its SOP is made again."""
        row = JobRow(job_id=self.job_id, status=self.status, metadata={"runops": self.runops})
        return begins_with_sop(metadata_to_claim(row))

    @property
    def lane(self) -> Lane:
        """Which slots it takes."""
        return self.as_row.lane

    @property
    def as_row(self) -> JobRow:
        """The row as the order of claims sees it."""
        metadata: dict[str, Any] = {"user_id": self.user_id, "backfill": self.backfill}
        priority = self.priority or ""
        if len(priority) <= len("-100") and _WHOLE.fullmatch(priority):
            metadata["priority"] = int(priority)
        return JobRow(
            job_id=self.job_id,
            status=self.status,
            created_at=self.created_at,
            updated_at=self.updated_at,
            metadata=metadata,
        )


@dataclass(frozen=True, slots=True)
class RowTime:
    """What is known of the end of a row that waits or is at work.

    Attributes
    ----------
    position
        1 for the row of its lane that is claimed next; None for one that is at work.
    time_left
        None where too little is known.
    """

    position: int | None
    time_left: TimeLeft | None


NO_TIME = RowTime(None, None)
"""Of a row that has ended, or is far behind in the queue."""


def row_times(
    finished: Iterable[RowSummary], unfinished: Iterable[QueuedRow], *, now: datetime, paused: bool = False
) -> dict[UUID, RowTime]:
    """Return position and time left of rows.

    How many slots there are is not in the tables: as many as rows of the lane are at work. Where a slot got free and no
    row was claimed since, claims have stopped, and no end of a waiting row is known.

    Parameters
    ----------
    finished
        Rows that were completed lately.
    unfinished
        All rows in `queued` or `processing`; of a longer queue those that come first.
    now
        The time at the server.
    paused
        Whether it is known from elsewhere that nothing is claimed.
    """
    done = list(finished)
    pace = Pace.learned(video for row in done if (video := _finished(row)) is not None)
    times: dict[UUID, RowTime] = {}
    rows = list(unfinished)
    window = _known_window(done, now)
    for lane in Lane:
        of_lane = [row for row in rows if row.lane is lane]
        at_work = {row.job_id: _at_work(row) for row in of_lane if _is_at_work(row, now)}
        times |= {row.job_id: RowTime(None, None) for row in of_lane if row.status == RowStatus.PROCESSING}
        times |= {job_id: RowTime(None, expected_end(pace, video, now)) for job_id, video in at_work.items()}
        waiting = sorted(
            (row for row in of_lane if row.status == RowStatus.QUEUED),
            key=lambda row: age_key(row.created_at, row.job_id),
        )
        stopped = paused or _has_stopped(done, of_lane, waiting, now)
        queue = Queue(
            waiting=[row.as_row for row in waiting],
            running=list(at_work.values()),
            slots=0 if stopped else len(at_work),
            ageing_seconds=AGEING_SECONDS,
            known={row.job_id: UnfinishedVideo(only_sop=True) for row in waiting if row.only_sop},
            arrivals=_arrivals([*done, *of_lane], now, within=window) if lane is Lane.FRESH else (),
            arrivals_seconds=window.total_seconds(),
        )
        places = queue_times(pace, queue, now)
        times |= {job_id: RowTime(place.position, place.time_left) for job_id, place in places.items()}
    return times


def _finished(row: RowSummary) -> FinishedVideo | None:
    ended = time_of(row.completed_at or row.updated_at)
    took = row.runops.get("took") if isinstance(row.runops, dict) else None
    return None if ended is None else finished_video(took, ended=ended)


def _is_at_work(row: QueuedRow, now: datetime) -> bool:
    written = time_of(row.updated_at)
    return row.status == RowStatus.PROCESSING and written is not None and now - written < _SILENT


def _at_work(row: QueuedRow) -> UnfinishedVideo:
    stage = _STAGES.get(row.progress_stage or "")
    recording = Recording.read(row.runops.get("recording") if isinstance(row.runops, dict) else None)
    return UnfinishedVideo(
        user=row.user,
        model=recording.models,
        recording_seconds=recording.seconds,
        started=_started(row),
        stage=stage,
        only_sop=row.only_sop,
        share=None if stage is None or row.progress_percent is None else _share(stage, row.progress_percent),
    )


def _share(stage: Stage, shown: int) -> float:
    """Return which share of a stage is done, by the percentage of the whole that a row shows."""
    first, last = percent(stage), percent(stage, 1.0)
    return (shown - first) / (last - first) if last > first else 0.0


def _has_stopped(
    done: Sequence[RowSummary], of_lane: Sequence[QueuedRow], waiting: Sequence[QueuedRow], now: datetime
) -> bool:
    """Tell whether a video ended a while ago, rows waited by then, and none of them was claimed since."""
    ended = max((at for row in done if (at := time_of(row.completed_at)) is not None), default=None)
    if ended is None or now - ended < _REFILLED:
        return False
    waited = any((at := row.queued_at) is not None and at < ended for row in waiting)
    claimed = [_started(row) for row in of_lane if row.status == RowStatus.PROCESSING]
    return waited and all(at is not None and at < ended for at in claimed)


def _started(row: QueuedRow) -> datetime | None:
    started = row.runops.get("started") if isinstance(row.runops, dict) else None
    return time_of(started) if isinstance(started, str) else None


def _known_window(done: Iterable[RowSummary], now: datetime) -> timedelta:
    """Return since when all arrivals are known: of rows that finished, only the last ones were read."""
    first = min((at for row in done if (at := time_of(row.created_at)) is not None), default=now)
    return min(max(now - first, timedelta(0)), _LONGEST_WINDOW)


def _arrivals(rows: Iterable[RowSummary], now: datetime, *, within: timedelta) -> list[Arrival]:
    found = []
    for row in rows:
        at = time_of(row.created_at)
        if at is not None and timedelta(0) <= now - at < within:
            found.append(Arrival(at, JobRow(job_id=row.job_id, metadata={"user_id": row.user_id})))
    return found
