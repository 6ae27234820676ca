from datetime import UTC, datetime, timedelta

import pytest

from runops.time_left import TimeLeft
from runops.videojob_time_left import TimeLeftStatus
from runops_operator.time_left.shown_time import is_worth_a_write, shown

NOW = datetime(2026, 11, 30, 23, 50, tzinfo=UTC)


def _range(early: float, likely: float, late: float) -> TimeLeft:
    return TimeLeft(*(NOW + timedelta(minutes=minutes) for minutes in (early, likely, late)))


def _shown(minutes: float, **other: int) -> TimeLeftStatus:
    return shown(_range(minutes, minutes, minutes), position=other.get("position"), unknown=None)


@pytest.mark.parametrize(
    ("time_left", "ends"), [(_range(2, 3, 6), "23:52-23:56Z"), (_range(5, 20, 200), "23:55-12-01 03:10Z")]
)
def test_the_column_shows_the_range_in_utc(time_left: TimeLeft, ends: str) -> None:
    assert shown(time_left, position=None, unknown=None).ends == ends


def test_without_a_range_the_reason_is_shown() -> None:
    status = shown(None, position=3, unknown="Stalled")
    assert (status.position, status.unknown, status.ends) == (3, "Stalled", None)


@pytest.mark.parametrize(
    ("before", "after", "worth"),
    [
        (None, _shown(10), True),
        (_shown(10), _shown(11), False),
        (_shown(10), _shown(13), True),
        (_shown(1), _shown(1.2), False),
        (_shown(1), _shown(1.3), True),
        (_shown(10), shown(None, position=None, unknown="Paused"), True),
        (_shown(10, position=10), _shown(10, position=9), False),
        (_shown(10, position=10), _shown(10, position=7), True),
        (_shown(10, position=1), _shown(10), True),
    ],
    ids=["first", "little", "much", "seconds", "soon", "gone", "few-places", "many-places", "starts"],
)
def test_a_write_is_worth_it_where_something_moved(
    before: TimeLeftStatus | None, after: TimeLeftStatus, worth: bool
) -> None:
    assert is_worth_a_write(before, after, NOW) is worth
