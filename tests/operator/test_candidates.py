"""Which reads of the table find the rows to choose from. On real PostgREST: test_supabase_candidates.py."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from runops.job_row import JobRow, Lane
from runops_operator.config import OperatorConfig
from runops_operator.intake.candidates import Candidates, Wanted, page_size
from tests.operator.world import CONFIG
from tests.simulation.cluster import START

ANN, BEN = str(UUID(int=1)), str(UUID(int=2))


def rows(user: str | None, count: int, *, first: int = 0) -> list[JobRow]:
    metadata = None if user is None else {"user_id": user}
    return [
        JobRow(job_id=UUID(int=number), created_at=f"2026-01-01T00:00:{number:05d}", metadata=metadata)
        for number in range(first, first + count)
    ]


@dataclass
class Table:
    """A table whose answers a test sets; it keeps the questions."""

    pages: list[list[JobRow]]
    prioritised: list[JobRow] = field(default_factory=list)
    stale_rows: list[JobRow] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    stale_asked: list[dict[str, Any]] = field(default_factory=list)

    async def queued(self, **question: Any) -> list[JobRow]:
        self.asked.append(question)
        if question.get("prioritised"):
            return self.prioritised
        return self.pages.pop(0) if self.pages else []

    async def stale(self, **question: Any) -> list[JobRow]:
        self.stale_asked.append(question)
        return self.stale_rows


def wanted(fresh: int = 0, backfill: int = 0) -> dict[Lane, Wanted]:
    slots = {Lane.FRESH: fresh, Lane.BACKFILL: backfill}
    return {lane: Wanted(count, {}) for lane, count in slots.items() if count}


async def read(
    table: Any,
    *,
    slots: int = 2,
    active: dict[str, int] | None = None,
    config: OperatorConfig = CONFIG,
    at: datetime = START,
) -> list[int]:
    found = await Candidates(table, config).read({Lane.FRESH: Wanted(slots, active or {})}, server_time=at)
    return [row.job_id.int for row in found[Lane.FRESH]]


@pytest.mark.parametrize(("slots", "size"), [(1, 50), (25, 50), (26, 52), (500, 1000), (501, 1000)])
def test_a_page_holds_twice_as_many_rows_as_there_are_slots_within_bounds(slots: int, size: int) -> None:
    assert page_size(slots) == size


async def test_rows_that_are_passed_over_anyway_hide_none_behind_them() -> None:
    assert [page_size(1, 70), page_size(1, 5000)] == [120, 1000]
    table: Any = Table([rows(ANN, 60)])
    found = await Candidates(table, CONFIG).read({Lane.FRESH: Wanted(2, {}, beside=30)}, server_time=START)
    assert len(found[Lane.FRESH]) == 60
    assert (table.asked[0]["limit"], table.stale_asked[0]["limit"]) == (80, 32)


async def test_a_page_that_is_not_full_is_the_whole_queue() -> None:
    table = Table([rows(ANN, 49)])
    assert len(await read(table)) == 49
    assert table.asked == [{"limit": 50, "lane": Lane.FRESH}]


async def test_behind_a_full_page_rows_of_other_users_and_with_a_priority_are_read() -> None:
    table = Table([rows(ANN, 50), rows(BEN, 1, first=900)], prioritised=rows(ANN, 1, first=500))
    assert await read(table) == [*range(50), 500, 900]
    assert table.asked == [
        {"limit": 50, "lane": Lane.FRESH},
        {"limit": 50, "lane": Lane.FRESH, "prioritised": True},
        {"limit": 50, "lane": Lane.FRESH, "without_users": [ANN], "without_nobody": False},
    ]


async def test_a_full_page_of_another_user_is_passed_over_too() -> None:
    table = Table([rows(ANN, 50), rows(BEN, 50, first=100), rows(None, 3, first=200)])
    assert len(await read(table, active={str(UUID(int=3)): 1})) == 103
    assert table.asked[-1]["without_users"] == [ANN, BEN, str(UUID(int=3))]


async def test_rows_without_a_user_are_passed_over_once_they_fill_a_page() -> None:
    table = Table([rows(None, 50)])
    await read(table)
    assert table.asked[-1] == {"limit": 50, "lane": Lane.FRESH, "without_users": [], "without_nobody": True}


async def test_no_more_than_four_pages_are_passed_over() -> None:
    table = Table([rows(str(UUID(int=100 + number)), 50, first=100 * number) for number in range(9)])
    assert len(await read(table)) == 250
    assert len(table.asked) == 6


async def test_reading_ends_when_the_users_do_not_fit_into_a_request() -> None:
    table = Table([rows(ANN, 50), rows(BEN, 50, first=100), rows(BEN, 50, first=200)])
    assert len(await read(table, active={str(UUID(int=number)): 1 for number in range(1000, 1100)})) == 100


async def test_a_server_that_gives_fewer_rows_than_asked_for_may_have_more() -> None:
    table = Table([rows(ANN, 60)])
    await read(table, slots=100)
    assert [question["limit"] for question in table.asked] == [200, 200, 200]


async def test_rows_come_oldest_first_each_once_and_those_without_a_time_last() -> None:
    late, early, timeless = rows(ANN, 1, first=9)[0], rows(ANN, 1, first=3)[0], JobRow(job_id=UUID(int=7))
    assert await read(Table([[late, early, timeless]], stale_rows=[late])) == [3, 9, 7]


async def test_a_row_that_changed_between_two_reads_is_as_it_was_read_last() -> None:
    stale, queued = JobRow(job_id=UUID(int=1), status="processing"), JobRow(job_id=UUID(int=1), status="queued")
    table: Any = Table([[queued]], stale_rows=[stale])
    found = await Candidates(table, CONFIG).read(wanted(1), server_time=START)
    assert found == {Lane.FRESH: [queued]}


async def test_stale_rows_of_other_installations_are_read_once_a_minute() -> None:
    table: Any = Table([])
    candidates = Candidates(table, CONFIG)
    for seconds in (0, 59.9, 60):
        await candidates.read(wanted(3), server_time=START + timedelta(seconds=seconds))
    before = START - timedelta(seconds=CONFIG.stale_after_seconds)
    asked = {"before": before.isoformat(), "installation": CONFIG.installation, "limit": 3, "lane": Lane.FRESH}
    assert table.stale_asked[0] == asked
    assert len(table.stale_asked) == 2


async def test_stale_rows_are_read_again_at_once_while_they_fill_the_slots() -> None:
    table: Any = Table([], stale_rows=rows(ANN, 3))
    candidates = Candidates(table, CONFIG)
    for _ in range(2):
        await candidates.read(wanted(3), server_time=START)
    assert len(table.stale_asked) == 2


async def test_stale_rows_are_read_again_when_the_servers_clock_goes_back() -> None:
    table: Any = Table([])
    candidates = Candidates(table, CONFIG)
    for seconds in (0, -1):
        await candidates.read(wanted(3), server_time=START + timedelta(seconds=seconds))
    assert len(table.stale_asked) == 2


async def test_stale_rows_are_read_more_often_where_rows_get_stale_sooner() -> None:
    table: Any = Table([])
    candidates = Candidates(table, CONFIG.model_copy(update={"stale_after_seconds": 20}))
    for seconds, asked in ((0, 1), (0, 1), (9.9, 1), (10, 2)):
        await candidates.read(wanted(3), server_time=START + timedelta(seconds=seconds))
        assert len(table.stale_asked) == asked


async def test_no_more_stale_rows_are_read_than_fit_into_an_answer() -> None:
    table = Table([])
    await read(table, slots=5000)
    assert table.stale_asked[0]["limit"] == 1000


async def test_rows_of_the_same_time_come_in_the_order_of_their_ids() -> None:
    burst = [JobRow(job_id=UUID(int=number), created_at="2026-01-01T00:00:00+00:00") for number in (3, 1, 2)]
    assert await read(Table([burst])) == [1, 2, 3]


async def test_each_further_page_has_room_for_the_rows_that_are_passed_over() -> None:
    table: Any = LaneTable([*backfills(500), *rows(ANN, 500, first=1000)])
    asked = {lane: Wanted(40, {}, beside=30) for lane in Lane}
    await Candidates(table, CONFIG).read(asked, server_time=START)
    assert table.limits[0] == 190
    assert set(table.limits[1:]) == {110}


async def test_while_backfills_are_found_they_are_read_each_time() -> None:
    table: Any = LaneTable([*rows(ANN, 500), *backfills(3)])
    candidates = Candidates(table, CONFIG)
    for _ in range(3):
        await candidates.read(wanted(2, 2), server_time=START)
    assert table.asked.count({"lane": Lane.BACKFILL}) == 3


class LaneTable:
    """A queue that answers as the database does, and keeps the questions."""

    def __init__(self, queue: list[JobRow]) -> None:
        self.queue = queue
        self.asked: list[dict[str, Any]] = []
        self.limits: list[int] = []

    async def queued(self, *, limit: int, lane: Lane | None = None, **more: Any) -> list[JobRow]:
        self.asked.append({"lane": lane, **more})
        self.limits.append(limit)
        if more:
            return []
        return [row for row in self.queue if lane in {None, row.lane}][:limit]

    async def stale(self, **_: Any) -> list[JobRow]:
        return []


def backfills(count: int) -> list[JobRow]:
    return [
        JobRow(job_id=UUID(int=number), created_at=f"2025-01-01T00:00:{number:06d}", metadata={"backfill": True})
        for number in range(count)
    ]


async def _read_lanes(table: LaneTable, asked: dict[Lane, Wanted]) -> dict[str, int]:
    reader: Any = table
    found = await Candidates(reader, CONFIG).read(asked, server_time=START)
    assert all(row.lane is lane for lane, of_lane in found.items() for row in of_lane)
    return {lane.value: len(of_lane) for lane, of_lane in found.items()}


async def test_a_queue_of_both_lanes_that_fits_into_a_page_is_read_once() -> None:
    table = LaneTable([*backfills(20), *rows(ANN, 20, first=1000)])
    assert await _read_lanes(table, wanted(2, 2)) == {"fresh": 20, "backfill": 20}
    assert table.asked == [{"lane": None}]


async def test_no_number_of_backfills_at_the_head_of_the_queue_hides_a_fresh_row() -> None:
    table = LaneTable([*backfills(5000), *rows(ANN, 3, first=10_000)])
    assert await _read_lanes(table, wanted(2, 2)) == {"fresh": 3, "backfill": 50}
    assert table.asked[:2] == [{"lane": None}, {"lane": Lane.FRESH}]


async def test_no_number_of_fresh_rows_hides_a_backfill() -> None:
    table = LaneTable([*rows(ANN, 500), *backfills(3)])
    assert await _read_lanes(table, wanted(2, 2)) == {"fresh": 50, "backfill": 3}
    assert [question["lane"] for question in table.asked if len(question) == 1] == [None, Lane.BACKFILL]


async def test_where_only_backfills_are_wanted_only_they_are_read() -> None:
    table = LaneTable([*rows(ANN, 500), *backfills(3)])
    assert await _read_lanes(table, wanted(0, 2)) == {"backfill": 3}
    assert table.asked == [{"lane": Lane.BACKFILL}]


@pytest.mark.parametrize("fresh", [0, 2], ids=["no fresh row wanted", "both wanted"])
async def test_where_no_backfill_waits_behind_a_long_queue_none_is_looked_for_again_for_30_s(fresh: int) -> None:
    table: Any = LaneTable(rows(ANN, 500))
    candidates = Candidates(table, CONFIG)
    for seconds, looks in ((0, 1), (0, 1), (1, 1), (29, 1), (30, 2), (31, 2), (10, 3)):
        await candidates.read(wanted(fresh, 2), server_time=START + timedelta(seconds=seconds))
        asked = [question for question in table.asked if question == {"lane": Lane.BACKFILL}]
        assert len(asked) == looks, seconds
