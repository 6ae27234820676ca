"""Server-sent events, and the same by asking again and again for browsers behind proxies that hold streams back."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiohttp import web

from runops.job_filter import JobFilter
from runops_ui.live.event_log import Event
from runops_ui.live.feed import Feed

__all__ = ["Live"]

_MOST_STREAMS = 200
_LONGEST_SECONDS = 1800.0
"""After half an hour a stream ends, and the browser resumes it: a session that has ended is noticed then."""
_RETRY_MILLISECONDS = 3000
_WRITE_SECONDS = 30.0


class Live:
    """The two ways to follow the feed.

    Parameters
    ----------
    feed
        What is followed.
    query_of
        Reads the query of a page's address as the page itself does.
    """

    def __init__(self, feed: Feed, query_of: Callable[[Iterable[tuple[str, str]]], Mapping[str, str]]) -> None:
        self._feed, self._query_of = feed, query_of
        self._streams = 0

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Answer with server-sent events; `Last-Event-ID`, or `after` in the query, says where it resumes."""
        if self._streams >= _MOST_STREAMS:
            raise web.HTTPServiceUnavailable(text="Too many pages are open. This one asks again and again instead.\n")
        chosen = self._filter_of(request)
        after = self._number(request.headers.get("Last-Event-ID") or request.query.get("after", ""))
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        self._streams += 1
        try:
            # A browser that is gone, or does not read, ends its stream only.
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(_LONGEST_SECONDS):
                    await self._send_all(response, after, chosen)
        finally:
            self._streams -= 1
        return response

    async def changes(self, request: web.Request) -> web.Response:
        """Answer at once with the events after `after`, as JSON."""
        chosen = self._filter_of(request)
        await self._feed.look()
        number = self._number(request.query.get("after", ""))
        events = None if number is None else self._feed.log.after(number)
        said = (
            [{"kind": "reset", "data": {}}]
            if events is None
            else [{"kind": event.kind, "data": _fitting(event, chosen)} for event in events]
        )
        return web.json_response({"events": said, "last": self._feed.log.last_id, **self._tick()})

    async def _send_all(self, response: web.StreamResponse, after: int | None, chosen: JobFilter) -> None:
        await response.write(f"retry: {_RETRY_MILLISECONDS}\n\n".encode())
        if after is None:
            # An id of another run, or of none: the page is drawn anew, and goes on from here.
            await response.write(_event("reset", {}, self._feed.log.last_id))
            after = self._feed.log.last_number
        async for events in self._feed.rounds(after):
            parts = (
                [_event("reset", {}, self._feed.log.last_id)]
                if events is None
                else [
                    _event(event.kind, _fitting(event, chosen), self._feed.log.id_of(event.number)) for event in events
                ]
            )
            # Without an id, so that the browser keeps the last event's.
            parts.append(_event("tick", self._tick()))
            async with asyncio.timeout(_WRITE_SECONDS):
                await response.write(b"".join(parts))

    def _tick(self) -> dict[str, Any]:
        fresh = self._feed.freshness
        as_of = None if fresh.as_of is None else fresh.as_of.isoformat(timespec="seconds")
        return {"asOf": as_of, "trouble": fresh.trouble}

    def _number(self, event_id: str) -> int | None:
        return self._feed.log.number_of(event_id.strip())

    def _filter_of(self, request: web.Request) -> JobFilter:
        try:
            return JobFilter.from_query(self._query_of(request.query.items()))
        except ValueError:
            # The page itself says what is wrong with it.
            return JobFilter()


def _fitting(event: Event, chosen: JobFilter) -> Mapping[str, Any]:
    """Return an event's data, with whether each row is meant by the filter of the page that gets it."""
    if event.kind != "rows":
        return event.data
    return {"rows": [{**one["shown"], "fits": chosen.takes(one["row"], one["facts"])} for one in event.data["rows"]]}


def _event(kind: str, data: Mapping[str, Any], event_id: str | None = None) -> bytes:
    named = "" if event_id is None else f"id: {event_id}\n"
    return f"{named}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
