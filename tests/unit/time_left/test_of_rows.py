"""What readers of the tables alone learn and show."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.progress import Stage
from runops.report import StageTime
from runops.row_summary import RowSummary
from runops.time_left.of_rows import QueuedRow, row_times
from runops.time_left.took import Took, finished_video
from tests.unit.time_left.videos import NOW, seconds_of

MODEL = "gemini-3.8-flash"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


def _at(ago: float) -> str:
    return (NOW - timedelta(seconds=ago)).isoformat()


def _took(minutes: float) -> dict[str, Any]:
    seconds = {
        Stage.PREPARING_VIDEO: 4 + 8 * minutes,
        Stage.TRANSCRIBING: 6 + 12 * minutes,
        Stage.PARSING_SOP: 9 + 5 * minutes,
        Stage.FINALIZING: 1.0,
    }
    stages = [StageTime(stage=stage, start_time=_at(0), seconds=value) for stage, value in seconds.items()]
    return Took.of(60 * minutes, stages, models=MODEL).dump()


def done(number: int, *, ago: float, minutes: float = 5) -> RowSummary:
    return RowSummary(
        job_id=UUID(int=1000 + number),
        status="completed",
        created_at=_at(ago + 600),
        completed_at=_at(ago),
        runops={"claim": "c", "by": "us", "took": _took(minutes)},
    )


def at_work(number: int, *, started: float, stage: Stage | None = None, percent: int | None = None) -> QueuedRow:
    return QueuedRow(
        job_id=UUID(int=number),
        status="processing",
        created_at=_at(started + 60),
        updated_at=_at(5),
        progress_stage=stage,
        progress_percent=percent,
        runops={"claim": "c/pod", "by": "us", "started": _at(started)},
    )


def queued(number: int, *, waited: float = 300, user: str | None = None, backfill: bool = False) -> QueuedRow:
    return QueuedRow(
        job_id=UUID(int=number),
        status="queued",
        created_at=_at(waited),
        updated_at=_at(waited),
        user_id=user,
        backfill="true" if backfill else None,
    )


DONE = [done(number, ago=20 + 60 * number) for number in range(12)]


def test_a_row_at_work_has_a_range_by_when_its_worker_started() -> None:
    (time,) = row_times(DONE, [at_work(1, started=60, stage=Stage.TRANSCRIBING)], now=NOW).values()
    assert time.position is None
    assert time.time_left is not None
    assert (time.time_left.likely - NOW).total_seconds() == pytest.approx(seconds_of(5) - 60, abs=3)


def test_a_row_of_which_nobody_knows_when_it_started_has_one_by_its_progress() -> None:
    row = at_work(1, started=60, stage=Stage.TRANSCRIBING, percent=60).model_copy(update={"runops": {"claim": "c"}})
    (time,) = row_times(DONE, [row], now=NOW).values()
    assert time.time_left is not None
    assert (time.time_left.likely - NOW).total_seconds() == pytest.approx(66 / 2 + 34 + 1, abs=3)


def test_waiting_rows_have_places_by_lane_and_ends_after_those_at_work() -> None:
    rows = [at_work(1, started=100), queued(2), queued(3, waited=200), queued(4, backfill=True)]
    times = row_times(DONE, rows, now=NOW)
    assert [times[UUID(int=number)].position for number in (1, 2, 3, 4)] == [None, 1, 2, 1]
    first, second = (times[UUID(int=number)].time_left for number in (1, 2))
    assert first is not None
    assert second is not None
    assert second.likely > first.likely + timedelta(seconds=60)
    assert times[UUID(int=4)].time_left is None, "no backfill is at work, so none is known to be claimed"


def test_a_row_whose_sop_alone_is_made_again_takes_only_that_long() -> None:
    again = at_work(1, started=0)
    again = again.model_copy(update={"runops": {**again.runops, "from": "sop"}})
    (time,) = row_times(DONE, [again], now=NOW).values()
    assert time.time_left is not None
    assert (time.time_left.likely - NOW).total_seconds() == pytest.approx(35, abs=3)


def test_a_waiting_row_says_what_it_begins_with_unless_that_was_of_an_earlier_run() -> None:
    stamps: dict[int, Any] = {2: None, 3: {"from": "sop"}, 4: {"from": "sop", "claim": "c", "by": "us"}, 5: "odd"}
    taken: dict[int, float] = {}
    for number, stamp in stamps.items():
        rows = [at_work(1, started=100), queued(number).model_copy(update={"runops": stamp})]
        time = row_times(DONE, rows, now=NOW)[UUID(int=number)].time_left
        assert time is not None
        taken[number] = (time.likely - NOW).total_seconds() - (seconds_of(5) - 100)
    whole = seconds_of(5)
    assert taken == {number: pytest.approx(40 if number == 3 else whole + 5, rel=0.25) for number in stamps}


def test_users_take_turns_in_the_places() -> None:
    rows = [queued(number, waited=500 - number, user="ann") for number in range(5)] + [queued(9, user="ben", waited=9)]
    assert row_times(DONE, rows, now=NOW)[UUID(int=9)].position == 2


def test_a_row_without_a_time_comes_last_as_in_the_database() -> None:
    timeless = queued(1).model_copy(update={"created_at": None})
    times = row_times(DONE, [timeless, queued(2, waited=100), queued(3, waited=200)], now=NOW)
    assert [times[UUID(int=number)].position for number in (1, 2, 3)] == [3, 2, 1]


@pytest.mark.parametrize("paused", [True, False])
def test_while_nothing_is_claimed_places_are_known_and_ends_of_waiting_rows_are_not(paused: bool) -> None:
    rows = [at_work(1, started=100), queued(2)]
    times = row_times(DONE, rows, now=NOW, paused=paused)
    assert times[UUID(int=1)].time_left is not None
    assert times[UUID(int=2)].position == 1
    assert (times[UUID(int=2)].time_left is None) is paused


def test_a_slot_that_stays_free_tells_that_claims_have_stopped() -> None:
    ended = [done(number, ago=150 + 60 * number) for number in range(12)]
    running = [at_work(1, started=170, stage=Stage.PARSING_SOP)]
    assert row_times(ended, [*running, queued(2, waited=400)], now=NOW)[UUID(int=2)].time_left is None
    assert row_times(ended, [*running, queued(2, waited=100)], now=NOW)[UUID(int=2)].time_left is not None


def test_a_row_that_nobody_refreshes_is_not_at_work() -> None:
    silent = at_work(1, started=1000).model_copy(update={"updated_at": _at(400)})
    times = row_times(DONE, [silent, queued(2)], now=NOW)
    assert [(time.position, time.time_left) for time in times.values()] == [(None, None), (1, None)]


def test_rows_that_say_nothing_of_their_times_teach_nothing() -> None:
    old = [row.model_copy(update={"runops": {"claim": "c"}}) for row in DONE]
    (time,) = row_times(old, [at_work(1, started=60)], now=NOW).values()
    assert time.time_left is None


def test_a_stage_that_was_resumed_is_not_kept() -> None:
    stages = [
        StageTime(stage=Stage.PREPARING_VIDEO, start_time=_at(0), seconds=0.1, resumed=True),
        StageTime(stage=Stage.TRANSCRIBING, start_time=_at(0), seconds=9.04),
    ]
    assert Took.of(61.52, stages, models=MODEL).dump() == {
        "recording": 61.5,
        "stages": {"transcribing": 9.0},
        "models": MODEL,
    }


@given(JSON, JSON)
def test_whatever_an_app_writes_there_is_read(took: Any, runops: Any) -> None:
    assert finished_video(took, ended=NOW) is None
    row = QueuedRow(job_id=UUID(int=1), status="processing", updated_at=_at(1), runops=runops)
    assert set(row_times(DONE, [row], now=NOW)) == {row.job_id}
