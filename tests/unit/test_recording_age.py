from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.recording_age import age_of, age_text

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created_at", "age"),
    [
        ("2026-11-29T12:00:00.123+00:00", timedelta(hours=24, seconds=-0.123)),
        ("2026-11-29T13:00:00+01:00", timedelta(hours=24)),
        ("2026-11-29T12:00:00", timedelta(hours=24)),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_row_is_as_old_as_its_time_says(created_at: str | None, age: timedelta | None) -> None:
    assert age_of(created_at, now=NOW) == age


@given(st.none() | st.text(max_size=30) | st.datetimes().map(str))
def test_any_time_is_read_or_left(created_at: str | None) -> None:
    age = age_of(created_at, now=NOW)
    assert age is None or age_text(age)


@pytest.mark.parametrize(
    ("hours", "text"), [(1.9, "1 hour"), (24, "24 hours"), (47.9, "47 hours"), (48, "2 days"), (80, "3 days")]
)
def test_an_age_in_words(hours: float, text: str) -> None:
    assert age_text(timedelta(hours=hours)) == text
