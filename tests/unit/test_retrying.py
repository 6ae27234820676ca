"""How often, after which waits and for how long something is tried again. In virtual time."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.retrying import Again, Attempts, RetryPolicy

pytestmark = pytest.mark.virtual_time


class _Away(Exception):  # noqa: N818 - the service is
    """What another attempt may overcome."""


def _may_pass(error: BaseException) -> Again | None:
    return Again("away") if isinstance(error, _Away) else None


def _asking(seconds: float) -> Callable[[BaseException], Again | None]:
    return lambda _error: Again("throttled", wait_seconds=seconds)


def _now() -> float:
    return asyncio.get_running_loop().time()


class _Service:
    """Fails so many times, each after so many seconds, and notes when it was called."""

    def __init__(self, failures: int, *, lasting: float = 0.0, error: Exception | None = None) -> None:
        self.failures = failures
        self.lasting = lasting
        self.error = error or _Away()
        self.called_at: list[float] = []

    async def call(self) -> str:
        self.called_at.append(_now())
        await asyncio.sleep(self.lasting)
        if len(self.called_at) <= self.failures:
            raise self.error
        return "answer"


async def test_a_call_is_made_again_until_it_succeeds() -> None:
    service = _Service(2)
    assert await RetryPolicy(attempts=3).run(service.call, _may_pass) == "answer"
    assert len(service.called_at) == 3


async def test_the_last_error_is_raised_unchanged_after_so_many_attempts() -> None:
    service = _Service(10)
    with pytest.raises(_Away) as raised:
        await RetryPolicy(attempts=4).run(service.call, _may_pass)
    assert raised.value is service.error
    assert len(service.called_at) == 4


async def test_what_another_attempt_cannot_overcome_is_raised_at_once() -> None:
    service = _Service(10, error=ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await RetryPolicy().run(service.call, _may_pass)
    assert len(service.called_at) == 1


async def test_cancelling_is_no_failure() -> None:
    service = _Service(0, lasting=60)
    task = asyncio.create_task(RetryPolicy().run(service.call, lambda _error: Again("anything")))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(service.called_at) == 1


async def test_waits_are_drawn_below_a_ceiling_that_doubles_up_to_the_cap() -> None:
    waits: list[list[float]] = [[] for _ in range(6)]
    policy = RetryPolicy(attempts=7, base_seconds=1.0, cap_seconds=8.0)
    for _ in range(200):
        service = _Service(6)
        began = _now()
        await policy.run(service.call, _may_pass)
        times = [began, *service.called_at[1:]]
        for number in range(6):
            waits[number].append(times[number + 1] - times[number])

    for ceiling, drawn in zip((1, 2, 4, 8, 8, 8), waits, strict=True):
        assert 0 <= min(drawn) < 0.1 * ceiling, "full jitter"
        assert 0.9 * ceiling < max(drawn) <= ceiling


@given(st.floats(0, 10), st.floats(0, 30))
async def test_no_wait_ends_after_the_deadline(lasting: float, cap: float) -> None:
    service = _Service(1000, lasting=lasting)
    began = _now()
    policy = RetryPolicy(attempts=1000, base_seconds=0.5, cap_seconds=cap, deadline_seconds=20.0)
    with pytest.raises(_Away):
        await policy.run(service.call, _may_pass)
    assert all(called - began <= 20.0 for called in service.called_at)
    assert 1 < len(service.called_at) < 1000 or cap < 0.1


async def test_a_first_attempt_that_lasts_beyond_the_deadline_is_followed_by_another() -> None:
    service = _Service(10, lasting=60)
    with pytest.raises(_Away):
        await RetryPolicy(deadline_seconds=20.0).run(service.call, _may_pass)
    assert len(service.called_at) == 2


async def test_a_wait_that_the_server_asks_for_is_never_shortened() -> None:
    service = _Service(1)
    began = _now()
    await RetryPolicy(cap_seconds=1.0).run(service.call, _asking(30))
    assert 30 <= service.called_at[1] - began <= 31


async def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    service = _Service(10)
    began = _now()
    with pytest.raises(_Away):
        await RetryPolicy(deadline_seconds=60.0).run(service.call, _asking(3600))
    assert (_now(), len(service.called_at)) == (began, 1)


async def test_a_cause_may_allow_fewer_attempts_than_the_policy() -> None:
    causes = iter(["quota", "away", "away", "quota", "away"])

    def judge(_error: BaseException) -> Again:
        cause = next(causes)
        return Again(cause, attempts=2 if cause == "quota" else None)

    service = _Service(10)
    with pytest.raises(_Away):
        await RetryPolicy(attempts=9).run(service.call, judge)
    assert len(service.called_at) == 4


async def _failed_until_raised(attempts: Attempts) -> int:
    for count in range(1, 100):
        try:
            await attempts.failed(_Away())
        except _Away:
            return count
    raise AssertionError


async def test_progress_begins_the_count_and_the_deadline_again() -> None:
    attempts = RetryPolicy(attempts=4, deadline_seconds=20.0).begin(_may_pass)
    await attempts.failed(_Away())
    await attempts.failed(_Away())
    await asyncio.sleep(19)
    attempts.progressed()
    assert await _failed_until_raised(attempts) == 4

    attempts = RetryPolicy(attempts=4, deadline_seconds=20.0).begin(_may_pass)
    await attempts.failed(_Away())
    await asyncio.sleep(21)
    assert await _failed_until_raised(attempts) == 1


async def test_rounds_that_do_not_fail_count_as_attempts() -> None:
    attempts = RetryPolicy(attempts=3).begin(_may_pass)
    numbers = iter(attempts)
    assert next(numbers) == 1
    await attempts.failed(_Away())
    assert [next(numbers), next(numbers)] == [2, 3]
    with pytest.raises(_Away):
        await attempts.failed(_Away())
    assert list(numbers) == []


async def test_the_log_names_cause_attempt_and_wait(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="runops.retrying")
    await RetryPolicy().run(_Service(1).call, _may_pass)
    (record,) = caplog.records
    assert (record.__dict__["cause"], record.__dict__["attempt"]) == ("away", 1)
    assert 0 <= record.__dict__["wait_seconds"] <= 0.5
