"""When a test of a mutant is taken for a test that hangs.

A busy machine stretches a test's time, but not its processor time. What loops for ever meets the limit of processor
time. What waits for ever meets the limit of the clock, which is long enough for a machine that stops for a while.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

__all__ = ["clock_seconds", "limited_processor_time", "processor_seconds"]

_PROCESSOR_SECONDS, _CLOCK_SECONDS = 10.0, 60.0
_TIMES = 20.0


def processor_seconds(without_mutant: float) -> float:
    """Return the processor time that a test may use, by the seconds that it took without a mutant."""
    return _PROCESSOR_SECONDS + _TIMES * without_mutant


def clock_seconds(without_mutant: float) -> float:
    """Return the time that a test may take, by the seconds that it took without a mutant."""
    return _CLOCK_SECONDS + _TIMES * without_mutant


@contextmanager
def limited_processor_time(seconds: float) -> Iterator[None]:
    """Fail the test that is running as soon as this process has used so much processor time."""

    def fail(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail(f"the test used {seconds:g} seconds of processor time", pytrace=False)

    before = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
