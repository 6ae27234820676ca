"""When a test of a mutant is taken for a test that hangs."""

import signal
import time

import pytest

from tests.mutation.time_limits import clock_seconds, limited_processor_time, processor_seconds


def _use_processor(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_loop_without_end_meets_the_limit_of_processor_time() -> None:
    with pytest.raises(pytest.fail.Exception, match="seconds of processor time"), limited_processor_time(0.05):
        _use_processor(60)


def test_a_test_that_the_machine_makes_wait_does_not_meet_it() -> None:
    with limited_processor_time(0.5):
        time.sleep(0.7)


def test_the_limit_ends_with_the_test() -> None:
    before = signal.getsignal(signal.SIGPROF)
    with limited_processor_time(0.1):
        pass
    _use_processor(0.2)
    assert signal.getsignal(signal.SIGPROF) is before


def test_a_slow_test_may_take_longer_and_the_clock_allows_for_a_machine_that_stops() -> None:
    assert (processor_seconds(0.0), processor_seconds(2.0)) == (10.0, 50.0)
    assert (clock_seconds(0.0), clock_seconds(2.0)) == (60.0, 100.0)
