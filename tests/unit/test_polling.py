import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.polling import Poll, backoff, next_read_in

FRACTION = st.floats(0, 1)


@given(FRACTION)
@pytest.mark.parametrize(("since_movement", "pace"), [(5.0, 1.0), (599.0, 1.0), (601.0, 5.0), (None, 5.0)])
def test_reading_slows_down_when_nothing_moves(since_movement: float | None, pace: float, jitter: float) -> None:
    pause = next_read_in(Poll(), since_movement=since_movement, jitter=jitter)
    assert pace * 0.9 <= pause <= pace * 1.1


@given(st.integers(1, 10_000), FRACTION)
def test_the_pause_after_failures_grows_to_its_bound_and_no_further(failures: int, jitter: float) -> None:
    assert 0 < backoff(failures, jitter=jitter) <= 60
    assert backoff(failures, jitter=jitter) <= backoff(failures + 1, jitter=jitter)
    assert next_read_in(Poll(), since_movement=5, failures=failures, jitter=jitter) <= 60
