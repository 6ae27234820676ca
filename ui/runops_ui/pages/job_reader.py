"""Reads jobs and what else is known of them, for pages and for what changes on them."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from runops.job_filter import NO_FACTS, JobFilter, VideoFacts
from runops.job_row import RowStatus
from runops.row_summary import RowSummary
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError
from runops.supabase.job_counts import completed_between
from runops.supabase.row_summaries import changed_last, summaries_of
from runops.supabase.row_times import read_row_times
from runops.supabase.sop_titles import titles_of
from runops.time_left.of_rows import NO_TIME, RowTime
from runops_ui.cluster.snapshot import ClusterReader
from runops_ui.live.feed import ROWS_AT_ONCE
from runops_ui.pages.drawing import Drawing
from runops_ui.shown.figures import Figures, figures_of
from runops_ui.shown.row_view import RowView, row_view

__all__ = ["JobReader"]

_log = logging.getLogger(__name__)

_MOST_TITLES = 20_000
_TIMES_SECONDS = 5.0
_FIGURES_SECONDS = 2.0
_COUNTING_SECONDS = 0.5
_SHARE_OF_TIME = 10
"""What takes 1 s to read is read every 10 s at most."""
_HOURS = 24
_HOUR = timedelta(hours=1)


class JobReader:
    """Reads what the pages show of jobs.

    Parameters
    ----------
    supabase
        The project.
    cluster
        What a cluster adds.
    drawing
        Draws the rows of events.
    now
        The clock.
    """

    def __init__(
        self, supabase: Supabase, cluster: ClusterReader, drawing: Drawing, *, now: Callable[[], datetime]
    ) -> None:
        self.supabase, self.cluster = supabase, cluster
        self._drawing, self._clock = drawing, now
        self._titles: dict[tuple[UUID, str | None], str | None] = {}
        self._hours: dict[datetime, int] = {}
        self._times: Mapping[UUID, RowTime] = {}
        self._times_until = 0.0
        self._counting: asyncio.Task[None] | None = None
        self._figures: Figures | None = None
        self._figures_until = 0.0

    def now(self) -> datetime:
        """Return the time at the server."""
        return self._clock() + timedelta(seconds=self.supabase.clock_skew_seconds or 0.0)

    async def views(self, rows: Sequence[RowSummary]) -> list[RowView]:
        """Return what is shown of rows."""
        snapshot = await self.cluster.snapshot()
        titles = await self._titles_of(rows)
        times = {} if all(row.ended for row in rows) else await self._row_times(paused=snapshot.standstill is not None)
        now = self.now()
        return [
            row_view(
                row,
                now=now,
                title=titles.get(row.job_id),
                video=snapshot.videojobs.get(row.job_id),
                time=times.get(row.job_id, NO_TIME),
                standstill=snapshot.standstill,
            )
            for row in rows
        ]

    async def facts(self, chosen: JobFilter) -> dict[UUID, VideoFacts]:
        """Return what a filter asks of videos; nothing where it asks nothing."""
        if not chosen.needs_facts:
            return {}
        return {job_id: video.facts for job_id, video in (await self.cluster.snapshot()).videojobs.items()}

    async def row(self, job_id: UUID) -> RowSummary | None:
        """Return one row; None where there is none."""
        return (await summaries_of(self.supabase, [job_id])).get(job_id)

    async def newest_changes(self) -> list[RowSummary]:
        """Return the rows that were written last."""
        return await changed_last(self.supabase, limit=ROWS_AT_ONCE)

    async def describe(self, rows: Sequence[RowSummary]) -> dict[str, Any]:
        """Return the data of an event of rows that changed: each drawn, and what a filter asks of it."""
        shown = await self.views(rows)
        videos = self.cluster.last.videojobs
        return {
            "rows": [
                {
                    "row": row,
                    "facts": video.facts if (video := videos.get(row.job_id)) is not None else NO_FACTS,
                    "shown": {"id": str(row.job_id), "html": self._drawing.part("row.html", job=one)},
                }
                for row, one in zip(rows, shown, strict=True)
            ]
        }

    async def figures(self) -> Figures:
        """Return the figures above the list, counted anew every few seconds."""
        loop = asyncio.get_running_loop()
        if self._figures is None or loop.time() >= self._figures_until:
            began = loop.time()
            self._figures = await self._counted()
            self._figures_until = loop.time() + max(_FIGURES_SECONDS, _SHARE_OF_TIME * (loop.time() - began))
        return self._figures

    async def _counted(self) -> Figures:
        statuses = list(RowStatus)
        counts = await asyncio.gather(*(self.supabase.jobs.count(status) for status in statuses))
        snapshot = await self.cluster.snapshot()
        now = self.now()
        last_hour = await completed_between(self.supabase, now - _HOUR, now + _HOUR)
        return figures_of(
            dict(zip(statuses, counts, strict=True)),
            last_hour=last_hour,
            hours=await self._completed(now),
            spending=snapshot.spending,
        )

    async def figures_event(self) -> dict[str, Any]:
        """Return the data of an event of figures."""
        return {"html": self._drawing.part("figures.html", figures=await self.figures())}

    async def _completed(self, now: datetime) -> list[tuple[datetime, int]] | None:
        """Return how many were completed by hour, the present one last; None while hours before it are counted.

        An hour that is over is counted once. Without an index each takes a look at the whole table, so that a first
        visit does not wait for all of them.
        """
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        over = [this_hour - number * _HOUR for number in range(_HOURS - 1, 0, -1)]
        if any(start not in self._hours for start in over):
            if self._counting is None or self._counting.done():
                self._counting = asyncio.get_running_loop().create_task(self._count_hours(over))
            await asyncio.wait([self._counting], timeout=_COUNTING_SECONDS)
        if any(start not in self._hours for start in over):
            return None
        self._hours = {start: self._hours[start] for start in over}
        return [*self._hours.items(), (this_hour, await completed_between(self.supabase, this_hour, now + _HOUR))]

    async def _count_hours(self, hours: Sequence[datetime]) -> None:
        try:
            for start in hours:
                if start not in self._hours:
                    self._hours[start] = await completed_between(self.supabase, start, start + _HOUR)
        except SupabaseError as error:
            # What is missing is counted at the next visit.
            _log.warning("completed videos were not counted: %s", error)

    async def aclose(self) -> None:
        """End a count that is under way."""
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.wait([self._counting])

    async def _titles_of(self, rows: Iterable[RowSummary]) -> dict[UUID, str]:
        """Return titles; each is read once for each time its row was completed."""
        completed = [row for row in rows if row.status == RowStatus.COMPLETED]
        unknown = [row for row in completed if (row.job_id, row.updated_at) not in self._titles]
        if unknown:
            if len(self._titles) > _MOST_TITLES:
                self._titles.clear()
            found = await titles_of(self.supabase.rest, (row.job_id for row in unknown))
            if found.trouble is None:
                self._titles |= {(row.job_id, row.updated_at): found.titles.get(row.job_id) for row in unknown}
            else:
                # They are read again with the next page.
                _log.warning("titles are not shown: %s", found.trouble)
        known = {row.job_id: self._titles.get((row.job_id, row.updated_at)) for row in completed}
        return {job_id: title for job_id, title in known.items() if title}

    async def _row_times(self, *, paused: bool) -> Mapping[UUID, RowTime]:
        """Return position and time left of rows that have not ended, read anew every few seconds."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._times_until:
            began = loop.time()
            self._times = await read_row_times(self.supabase, paused=paused)
            self._times_until = loop.time() + max(_TIMES_SECONDS, _SHARE_OF_TIME * (loop.time() - began))
        return self._times
