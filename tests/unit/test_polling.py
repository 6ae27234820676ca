import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.polling import Poll, backoff, next_read_in

FRACTION = st.floats(0, 1)


@given(FRACTION)
@pytest.mark.parametrize(("since_movement", "pace"), [(5.0, 1.0), (599.0, 1.0), (601.0, 5.0), (None, 5.0)])
def test_reading_slows_down_when_nothing_moves(since_movement: float | None, pace: float, jitter: float) -> None:
    pause = next_read_in(Poll(), since_movement=since_movement, jitter=jitter)
    assert pace * 0.65 <= pause <= pace * 0.851, "a row waits for no longer than the pace, its claim included"


@given(st.floats(0, 1e4), FRACTION)
def test_what_a_read_took_is_taken_off_the_pause_which_never_ends(took: float, jitter: float) -> None:
    pause = next_read_in(Poll(), since_movement=5, took=took, jitter=jitter)
    assert 0.1 <= pause <= 0.851
    assert pause + took <= 0.851 or pause == pytest.approx(0.1) or took == 0


@given(st.none() | st.floats(0, 1e6), FRACTION)
def test_reading_rests_while_realtime_tells_of_rows_and_never_after_a_failure(
    since_movement: float | None, jitter: float
) -> None:
    assert 19.49 <= next_read_in(Poll(), since_movement=since_movement, hints_expected=True, jitter=jitter) <= 25.51
    assert next_read_in(Poll(), since_movement=since_movement, hints_expected=True, failures=1, jitter=jitter) <= 1


@given(st.integers(1, 10_000), FRACTION)
def test_the_pause_after_failures_grows_to_its_bound_and_no_further(failures: int, jitter: float) -> None:
    assert 0 < backoff(failures, jitter=jitter) <= 60
    assert backoff(failures, jitter=jitter) <= backoff(failures + 1, jitter=jitter)
    assert next_read_in(Poll(), since_movement=5, failures=failures, jitter=jitter) <= 60
