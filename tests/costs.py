"""Measures what each test costs, for `python -m tests.slowest`: seconds of its set-up, and CPU seconds.

The figures are properties of the test in the JUnit file, beside its wall-clock seconds. CPU seconds are those of the
test process and of the processes that the test started and ended. Programs that outlast the test, such as the cluster
and the stack, are not counted, nor are those that another process forks for the test (`tests.fork_server`). The
tear-down of a process's last test ends what all tests shared; it is counted apart.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from dataclasses import dataclass, field

import pytest

__all__ = ["CPU_SECONDS", "REASON", "SESSION_END_SECONDS", "SET_UP_SECONDS"]

SET_UP_SECONDS = "set_up_seconds"
CPU_SECONDS = "cpu_seconds"
SESSION_END_SECONDS = "session_end_seconds"
REASON = "slow_because"


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@dataclass
class _Cost:
    """Counted from the start of one test's set-up."""

    begun: float = field(default_factory=time.monotonic)
    cpu: float = field(default_factory=_cpu_seconds)
    set_up: float = 0.0
    ended_at: float | None = None
    cpu_at_end: float = 0.0


_COST = pytest.StashKey[_Cost]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Start to count."""
    cost = item.stash[_COST] = _Cost()
    try:
        return (yield)
    finally:
        cost.set_up = time.monotonic() - cost.begun


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop to count before what all tests shared is ended."""
    cost = item.stash.get(_COST, None)
    if cost is not None and nextitem is None:
        cost.ended_at, cost.cpu_at_end = time.monotonic(), _cpu_seconds()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the figures to the last report of the test, the one of its tear-down."""
    report = yield
    cost = item.stash.get(_COST, None)
    if report.when == "teardown" and cost is not None:
        report.user_properties.append((SET_UP_SECONDS, f"{cost.set_up:.1f}"))
        cpu = _cpu_seconds() if cost.ended_at is None else cost.cpu_at_end
        report.user_properties.append((CPU_SECONDS, f"{cpu - cost.cpu:.1f}"))
        if cost.ended_at is not None:
            report.user_properties.append((SESSION_END_SECONDS, f"{time.monotonic() - cost.ended_at:.1f}"))
        if (reason := item.get_closest_marker("slow")) is not None:
            report.user_properties.append((REASON, reason.args[0]))
    return report
