"""When Realtime has kept quiet about a row."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.job_row import JobRow
from runops_operator.intake.missed_hints import HintWatch, Reading, untold

BEFORE = datetime(2026, 11, 25, 12, tzinfo=UTC)
NOW = BEFORE + timedelta(seconds=25)
NOTHING = Reading(at=BEFORE, queued=frozenset(), told=True)


def _row(seconds: float, *, status: str = "queued", job_id: UUID | None = None, touched: float | None = None) -> JobRow:
    """Return a row that was made so many seconds after the read before, and perhaps touched later."""
    return JobRow(
        job_id=job_id or uuid4(),
        status=status,
        created_at=(BEFORE + timedelta(seconds=seconds)).isoformat(),
        updated_at=None if touched is None else (BEFORE + timedelta(seconds=touched)).isoformat(),
    )


def test_a_row_that_came_between_two_reads_and_has_waited_was_kept_quiet_about() -> None:
    row = _row(10)
    assert untold([_row(-100), row], before=NOTHING, at=NOW) == row


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
    assert untold([row], before=NOTHING, at=NOW) is None


def test_a_row_that_was_set_back_to_queued_counts_from_then() -> None:
    assert untold([_row(-1000, touched=10)], before=NOTHING, at=NOW) is not None


@given(st.floats(-100, 100))
def test_a_row_that_the_read_before_found_proves_nothing(seconds: float) -> None:
    row = _row(seconds)
    before = Reading(at=BEFORE, queued=frozenset({row.job_id}), told=True)
    assert untold([row], before=before, at=NOW) is None


@pytest.mark.parametrize("before", [None, Reading(at=BEFORE, queued=frozenset(), told=False)])
def test_nothing_is_proven_before_hints_were_to_be_expected(before: Reading | None) -> None:
    assert untold([_row(10)], before=before, at=NOW) is None


class Told:
    """A watch on hints that a test gives or does not give."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.live = True
        self.distrusted = 0
        self.watch = HintWatch(self.wake, lambda: self.live, self._distrust)

    def _distrust(self) -> None:
        self.distrusted += 1

    def read(self, *rows: JobRow, seconds: float) -> None:
        self.watch.clear()
        self.watch.read(rows, at=BEFORE + timedelta(seconds=seconds))


def test_a_read_by_the_timer_that_finds_a_new_row_convicts() -> None:
    told = Told()
    told.read(seconds=0)
    told.read(_row(10), seconds=25)
    assert told.distrusted == 1


def test_a_hint_acquits_also_one_that_came_while_nothing_could_be_read() -> None:
    told = Told()
    told.read(seconds=0)
    told.wake.set()
    told.watch.clear()
    assert not told.wake.is_set(), "it is answered by the next read"
    told.read(_row(10), seconds=25)
    assert told.distrusted == 0
    told.read(_row(30), seconds=50)
    assert told.distrusted == 1, "one hint acquits of one read"


def test_a_hint_that_comes_during_a_read_acquits() -> None:
    told = Told()
    told.read(seconds=0)
    told.watch.clear()
    told.wake.set()
    told.watch.read([_row(10)], at=NOW)
    assert told.distrusted == 0
    assert told.wake.is_set(), "the row may have come after the read"


def test_who_never_promised_is_not_convicted() -> None:
    told = Told()
    told.live = False
    told.read(seconds=0)
    told.read(_row(10), seconds=25)
    told.live = True
    told.read(_row(30), seconds=50)
    assert told.distrusted == 0
    told.read(_row(60), seconds=75)
    assert told.distrusted == 1
