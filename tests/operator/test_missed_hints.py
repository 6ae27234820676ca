"""When Realtime did not report a row, and when the feed is distrusted for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.job_row import JobRow
from runops_operator.intake.missed_hints import NO_FEED, Hints, TableRead, row_without_hint

BEFORE = datetime(2026, 11, 25, 12, tzinfo=UTC)
NOW = BEFORE + timedelta(seconds=25)
NOTHING = TableRead(at=BEFORE, queued=frozenset(), hints_expected=True)


def _row(seconds: float, *, status: str = "queued", job_id: UUID | None = None, touched: float | None = None) -> JobRow:
    """Return a row that was made so many seconds after the read before, and perhaps touched later."""
    return JobRow(
        job_id=job_id or uuid4(),
        status=status,
        created_at=(BEFORE + timedelta(seconds=seconds)).isoformat(),
        updated_at=None if touched is None else (BEFORE + timedelta(seconds=touched)).isoformat(),
    )


def test_a_row_queued_between_two_reads_that_has_waited_was_not_reported() -> None:
    row = _row(10)
    assert row_without_hint([_row(-100), row], before=NOTHING, at=NOW) == row


@pytest.mark.parametrize(
    "row",
    [
        _row(-1),
        _row(23.5),
        _row(10, status="processing"),
        JobRow(job_id=uuid4(), status="queued"),
        JobRow(job_id=uuid4(), status="queued", created_at="2026-11-25 12:00:10"),
        JobRow(job_id=uuid4(), status="queued", created_at="yesterday"),
    ],
    ids=["backlog", "hint-may-come", "stale", "no-time", "no-zone", "no-time-at-all"],
)
def test_other_rows_prove_nothing(row: JobRow) -> None:
    assert row_without_hint([row], before=NOTHING, at=NOW) is None


def test_rows_that_prove_nothing_do_not_hide_one_that_was_not_reported() -> None:
    known, row = _row(5), _row(10)
    before = TableRead(at=BEFORE, queued=frozenset({known.job_id}), hints_expected=True)
    assert row_without_hint([known, _row(5, status="processing"), row], before=before, at=NOW) == row


@pytest.mark.parametrize(("seconds", "missed"), [(0.0, False), (0.1, True), (22.9, True), (23.0, False)])
def test_only_a_row_queued_after_the_read_before_and_two_seconds_ago_was_missed(seconds: float, missed: bool) -> None:
    assert (row_without_hint([_row(seconds)], before=NOTHING, at=NOW) is not None) is missed


def test_a_row_that_was_set_back_to_queued_counts_from_then() -> None:
    assert row_without_hint([_row(-1000, touched=10)], before=NOTHING, at=NOW) is not None


@given(st.floats(-100, 100))
def test_a_row_that_the_read_before_found_proves_nothing(seconds: float) -> None:
    row = _row(seconds)
    before = TableRead(at=BEFORE, queued=frozenset({row.job_id}), hints_expected=True)
    assert row_without_hint([row], before=before, at=NOW) is None


@pytest.mark.parametrize("before", [None, TableRead(at=BEFORE, queued=frozenset(), hints_expected=False)])
def test_nothing_is_proven_before_hints_were_to_be_expected(before: TableRead | None) -> None:
    assert row_without_hint([_row(10)], before=before, at=NOW) is None


class Feed:
    """A feed that a test has report rows, or not."""

    def __init__(self) -> None:
        self.live = True
        self.distrusted = 0
        self.event = asyncio.Event()
        self.hints = Hints(self.event, self)

    def distrust(self) -> None:
        self.distrusted += 1

    def read(self, *rows: JobRow, seconds: float) -> None:
        self.hints.clear()
        self.hints.compare(rows, at=BEFORE + timedelta(seconds=seconds))


def test_a_read_without_a_hint_that_finds_a_new_row_makes_the_feed_distrusted() -> None:
    feed = Feed()
    feed.read(seconds=0)
    feed.read(_row(10), seconds=25)
    assert feed.distrusted == 1


def test_a_hint_clears_the_feed_also_one_that_came_while_nothing_could_be_read() -> None:
    feed = Feed()
    feed.read(seconds=0)
    feed.event.set()
    feed.hints.clear()
    assert not feed.event.is_set(), "the next read answers it"
    feed.read(_row(10), seconds=25)
    assert feed.distrusted == 0
    feed.read(_row(30), seconds=50)
    assert feed.distrusted == 1, "a hint counts for one read"


def test_a_hint_that_comes_during_a_read_clears_the_feed() -> None:
    feed = Feed()
    feed.read(seconds=0)
    feed.hints.clear()
    feed.event.set()
    feed.hints.compare([_row(10)], at=NOW)
    assert feed.distrusted == 0
    assert feed.event.is_set(), "the row may have come after the read"


def test_a_feed_that_is_not_live_is_not_distrusted() -> None:
    feed = Feed()
    feed.live = False
    feed.read(seconds=0)
    feed.read(_row(10), seconds=25)
    feed.live = True
    feed.read(_row(30), seconds=50)
    assert feed.distrusted == 0
    feed.read(_row(60), seconds=75)
    assert feed.distrusted == 1


def test_a_feed_that_ends_during_the_wait_is_not_distrusted() -> None:
    feed = Feed()
    feed.read(seconds=0)
    feed.live = False
    feed.read(_row(10), seconds=25)
    assert feed.distrusted == 0


def test_a_row_found_by_the_read_before_is_no_proof_at_the_next_one() -> None:
    feed = Feed()
    row = _row(10)
    feed.read(seconds=0)
    feed.event.set()
    feed.read(row, seconds=12)
    feed.read(row, seconds=50)
    assert feed.distrusted == 0


def test_without_a_feed_no_hint_is_expected() -> None:
    hints = Hints(asyncio.Event(), NO_FEED)
    assert not hints.expected
    hints.compare([], at=BEFORE)
    hints.compare([_row(10)], at=NOW)


def test_a_row_that_was_at_work_at_the_read_before_and_is_queued_again_counts() -> None:
    feed = Feed()
    job_id = uuid4()
    feed.read(_row(-5, job_id=job_id, status="processing"), seconds=0)
    feed.read(_row(-5, job_id=job_id, touched=10), seconds=25)
    assert feed.distrusted == 1


@pytest.mark.virtual_time
async def test_a_wait_ends_by_a_wake_up_or_by_its_time() -> None:
    hints, loop = Hints(asyncio.Event(), NO_FEED), asyncio.get_running_loop()
    began = loop.time()
    await hints.wait(50)
    assert loop.time() - began == 50
    loop.call_later(10, hints.wake)
    await hints.wait(1000)
    assert loop.time() - began == 60
