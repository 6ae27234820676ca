"""Failures grouped by their reason."""

from datetime import timedelta

from aiohttp import web

from runops.job_filter import JobFilter, Order
from runops.job_row import RowStatus
from runops.row_summary import RowSummary
from runops.spans import parse_since
from runops.supabase.job_pages import LARGEST_PAGE, Cursor
from runops_ui.live.feed import Feed
from runops_ui.pages.drawing import Drawing
from runops_ui.pages.job_reader import JobReader
from runops_ui.pages.query import joined, url
from runops_ui.shown.failure_groups import failure_groups

__all__ = ["FailuresPage"]

_MOST_PAGES = 5
_SINCE = "7d"
_CHOICES = (("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"))
_WEEK = timedelta(days=7)


class FailuresPage:
    """The newest failures by reason.

    Parameters
    ----------
    reader, drawing, feed
        What reads, draws and follows it.
    """

    def __init__(self, reader: JobReader, drawing: Drawing, feed: Feed) -> None:
        self._reader, self._drawing, self._feed = reader, drawing, feed

    async def show(self, request: web.Request) -> web.Response:
        """Answer with the groups."""
        given = joined(request.query.items()).get("since", _SINCE)
        now = self._reader.now()
        wrong: str | None = None
        try:
            since = parse_since(given, now=now)
        except ValueError as error:
            wrong, since = str(error), now - _WEEK
        await self._feed.look()
        rows, more = await self._rows(JobFilter(statuses=frozenset({RowStatus.ERROR.value}), changed_since=since))
        groups = failure_groups(rows, now=now)

        def of_reason(path: str, reason: str) -> str:
            return url(path, {"status": RowStatus.ERROR.value, "reason": reason, "changed_since": since.isoformat()})

        return self._drawing.page(
            request,
            "failures.html",
            status=400 if wrong else 200,
            groups=[
                (group, of_reason("/", group.reason), of_reason("/actions/retry", group.reason)) for group in groups
            ],
            number=len(rows),
            more=more,
            wrong=wrong,
            since=given,
            choices=_CHOICES,
            fresh=self._feed.freshness,
            last_event=self._feed.log.last_id,
        )

    async def _rows(self, chosen: JobFilter) -> tuple[list[RowSummary], bool]:
        rows: list[RowSummary] = []
        after: Cursor | None = None
        for _ in range(_MOST_PAGES):
            page = await self._reader.supabase.jobs.page(chosen, after=after, limit=LARGEST_PAGE, order=Order.NEWEST)
            rows += page.rows
            after = page.next
            if after is None:
                break
        return rows, after is not None
