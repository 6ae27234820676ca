"""The list of jobs."""

from aiohttp import web

from runops.job_filter import JobFilter, Order
from runops.row_reason import REASON_NAMES
from runops.supabase.job_pages import LARGEST_PAGE, Cursor, Page
from runops_ui.live.feed import Feed
from runops_ui.pages.drawing import Drawing
from runops_ui.pages.job_reader import JobReader
from runops_ui.pages.query import chips, joined, url

__all__ = ["QueuePage"]

_ROWS = 100
_MOST_REQUESTS = 5
"""Pages of the table that are read for one page that would be empty."""
_SINCE = ("1h", "24h", "7d", "30d")


class QueuePage:
    """The list, by a filter and in pages.

    Parameters
    ----------
    reader, drawing, feed
        What reads, draws and follows it.
    """

    def __init__(self, reader: JobReader, drawing: Drawing, feed: Feed) -> None:
        self._reader, self._drawing, self._feed = reader, drawing, feed

    async def show(self, request: web.Request) -> web.Response:
        """Answer with a page of the list."""
        query = joined(request.query.items())
        wrong: str | None = None
        chosen, after, limit, order = JobFilter(), None, _ROWS, Order.NEWEST
        try:
            chosen = JobFilter.from_query(query)
            after = Cursor.from_text(query["after"]) if "after" in query else None
            limit, order = _limit(query.get("limit", "")), _order(query.get("order", ""))
        except ValueError as error:
            wrong = str(error)
        await self._feed.look()
        # Before the rows are read: what changes from now on comes as an event.
        last_event = self._feed.log.last_id
        page = Page()
        try:
            page = page if wrong else await self._page(chosen, after, limit, order)
        except ValueError as error:
            wrong = str(error)
        snapshot = await self._reader.cluster.snapshot()
        kept = {name: value for name, value in query.items() if name != "after"}
        return self._drawing.page(
            request,
            "queue.html",
            status=400 if wrong else 200,
            jobs=await self._reader.views(page.rows),
            figures=await self._reader.figures(),
            fresh=self._feed.freshness,
            last_event=last_event,
            wrong=wrong,
            query=query,
            statuses=frozenset(query.get("status", "").split(",")),
            chips=chips(query, "/"),
            reasons=REASON_NAMES,
            since_choices=_SINCE,
            undecided=page.undecided,
            has_cluster=self._reader.cluster.access is not None,
            cluster=snapshot,
            first=after is None,
            newer=None if page.previous is None else url("/", kept, {"after": page.previous.to_text()}),
            older=None if page.next is None else url("/", kept, {"after": page.next.to_text()}),
            newest=url("/", kept),
            actions_of={
                action: url(f"/actions/{action}", {**kept, "limit": "", "order": ""})
                for action in ("retry", "cancel", "pause", "resume")
            },
            other_order=url("/", kept, {"order": "newest" if order is Order.OLDEST else "oldest"}),
            order=order.value,
        )

    async def _page(self, chosen: JobFilter, after: Cursor | None, limit: int, order: Order) -> Page:
        """Return a page; where the filter leaves nothing of it the next one is read, a few times."""
        facts = await self._reader.facts(chosen)
        undecided = 0
        for _ in range(_MOST_REQUESTS):
            page = await self._reader.supabase.jobs.page(chosen, after=after, limit=limit, order=order, facts=facts)
            undecided += page.undecided
            if page.rows or page.next is None:
                break
            after = page.next
        return Page(page.rows, page.next, page.previous, undecided)


def _limit(text: str) -> int:
    if not text:
        return _ROWS
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= LARGEST_PAGE:
        raise ValueError(f"limit: {text!r} is no number from 1 to {LARGEST_PAGE}.")
    return int(text)


def _order(text: str) -> Order:
    try:
        return Order(text or "newest")
    except ValueError:
        raise ValueError(f"order: {text!r} is neither newest nor oldest.") from None
