"""Server-sent events: what changes arrives, a browser that was cut off resumes, and one behind a bad proxy asks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from runops_ui.live.feed import Feed
from tests.ui.conftest import Visit, Visitor
from tests.ui.filled import fill, job


class _Events:
    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines
        self.last_id = ""

    async def next(self, *kinds: str) -> Any:
        """Return the data of the next event of one of these kinds."""
        kind = ""
        async with asyncio.timeout(120):
            async for raw in self._lines:
                line = raw.decode().rstrip("\n")
                if line.startswith("id: "):
                    self.last_id = line[4:]
                elif line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: ") and kind in kinds:
                    return json.loads(line[6:])
        raise AssertionError("the stream ended")


@asynccontextmanager
async def _stream(visitor: Visitor, query: str = "", **headers: str) -> AsyncIterator[_Events]:
    async with visitor.client.get(f"/events{query}", headers=headers) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["X-Accel-Buffering"] == "no"
        yield _Events(aiter(response.content))


async def _place(visitor: Visitor) -> str:
    """Return the id of the last event, as a page has it."""
    _, text = await visitor.get("/")
    return text.partition('data-live="')[2].partition('"')[0]


def _progress(database: psycopg.Connection, percent: int) -> None:
    database.execute("update jobs set progress_percent = %s, updated_at = now() where job_id = %s", (percent, job(11)))


async def test_a_change_arrives_as_the_row_drawn_anew(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit()
    async with _stream(visitor, f"?after={await _place(visitor)}&status=queued") as events:
        _progress(database, 66)
        data = await events.next("rows")
        (row,) = data["rows"]
        assert row["id"] == str(job(11))
        assert "transcribing, 66 %" in row["html"]
        assert row["fits"] is False
        tick = await events.next("tick")
        assert tick["asOf"]
        assert tick["trouble"] is None


async def test_a_filter_of_several_statuses_is_that_of_the_page(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit()
    query = f"?after={await _place(visitor)}&status=queued&status=processing&reason="
    async with _stream(visitor, query) as events:
        _progress(database, 65)
        data = await events.next("rows")
        assert [(row["id"], row["fits"]) for row in data["rows"]] == [(str(job(11)), True)]


async def test_what_happens_while_a_slow_browser_reads_is_not_missed() -> None:
    async def nothing(*_: Any) -> Any:
        return {}

    async def no_rows() -> list[Any]:
        return []

    feed = Feed(no_rows, nothing, nothing)
    await feed.look()
    rounds: Any = feed.rounds(feed.log.last_number)
    try:
        async with asyncio.timeout(30):
            assert await anext(rounds) == []
            told = feed.log.append("rows", {"rows": []})
            found: list[Any] = []
            while told not in found:
                found += await anext(rounds) or []
    finally:
        await rounds.aclose()
        await feed.aclose()


async def test_what_changed_between_page_and_stream_is_not_missed(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit()
    place = await _place(visitor)
    _progress(database, 67)
    async with _stream(visitor, f"?after={place}") as events:
        data = await events.next("rows", "reset")
        assert [row["id"] for row in data["rows"]] == [str(job(11))]


async def test_a_browser_that_was_cut_off_resumes_after_its_last_event(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)
    visitor = await visit()
    place = await _place(visitor)
    async with _stream(visitor, f"?after={place}") as events:
        _progress(database, 61)
        await events.next("rows")
        last = events.last_id
        assert last != place
    async with _stream(visitor, f"?after={place}", **{"Last-Event-ID": last}) as events:
        _progress(database, 63)
        data = await events.next("rows")
        assert "63 %" in data["rows"][0]["html"]
    async with _stream(visitor, f"?after={place}", **{"Last-Event-ID": last}) as events:
        data = await events.next("rows")
        assert "63 %" in data["rows"][0]["html"]


async def test_an_id_of_another_run_draws_the_page_anew(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit()
    for query in ("?after=0badbeef-7", ""):
        async with _stream(visitor, query) as events:
            assert await events.next("rows", "reset", "tick") == {}
            assert events.last_id


async def test_the_same_is_to_be_had_by_asking(database: psycopg.Connection, visit: Visit) -> None:
    fill(database)
    visitor = await visit()
    place = await _place(visitor)
    _progress(database, 69)
    async with asyncio.timeout(120):
        while True:
            _, text = await visitor.get(f"/changes?after={place}")
            answer = json.loads(text)
            rows = [one for one in answer["events"] if one["kind"] == "rows"]
            if rows:
                break
            await asyncio.sleep(0.1)
    assert rows[0]["data"]["rows"][0]["id"] == str(job(11))
    assert answer["asOf"]
    assert "row" not in rows[0]["data"]["rows"][0]
    _, text = await visitor.get("/changes?after=nonsense")
    assert json.loads(text)["events"] == [{"kind": "reset", "data": {}}]


async def test_while_the_table_is_away_each_tick_says_so_and_keeps_its_age(
    database: psycopg.Connection, visit: Visit
) -> None:
    fill(database)
    visitor = await visit()
    async with _stream(visitor, f"?after={await _place(visitor)}") as events:
        before = (await events.next("tick"))["asOf"]
        database.execute("revoke select on jobs from service_role")
        try:
            while True:
                tick = await events.next("tick")
                if tick["trouble"] is not None:
                    break
            assert tick["asOf"] >= before
            stale = tick["asOf"]
            assert (await events.next("tick"))["asOf"] == stale
        finally:
            database.execute("grant select on jobs to service_role")
        while tick["trouble"] is not None:
            tick = await events.next("tick")
        assert tick["asOf"] > stale
