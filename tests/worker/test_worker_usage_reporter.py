"""The cost of a video is written while it grows, seldom, and at the end whatever happens."""

import asyncio

import pytest

from runops.report import Usage
from runops_worker.reporting.usage_reporter import UsageReporter

pytestmark = pytest.mark.virtual_time


def usage(tokens: int) -> Usage:
    return Usage(total_tokens=tokens)


class Status:
    """Keeps what is written, and when."""

    def __init__(self) -> None:
        self.written: list[tuple[float, int]] = []

    async def write(self, usage: Usage) -> None:
        self.written.append((round(asyncio.get_running_loop().time() - self.began, 3), usage.total_tokens))

    began = 0.0


async def test_the_newest_figures_are_written_once_a_second() -> None:
    status = Status()
    status.began = asyncio.get_running_loop().time()
    reporter = UsageReporter(status.write)
    async with reporter.running():
        for tokens in range(1, 26):
            reporter.note(usage(tokens))
            await asyncio.sleep(0.1)
    assert [at for at, _ in status.written] == [0.0, 1.0, 2.0, 2.5]
    assert status.written[-1] == (2.5, 25)


async def test_nothing_is_written_twice_and_nothing_without_a_call() -> None:
    status = Status()
    async with UsageReporter(status.write).running():
        await asyncio.sleep(5)
    reporter = UsageReporter(status.write)
    async with reporter.running():
        reporter.note(usage(1))
        await asyncio.sleep(5)
        reporter.note(usage(1))
    assert [tokens for _, tokens in status.written] == [1]


async def test_what_is_left_is_written_when_the_work_is_cancelled() -> None:
    status = Status()
    reporter = UsageReporter(status.write)

    async def work() -> None:
        async with reporter.running():
            reporter.note(usage(1))
            await asyncio.sleep(0.5)
            reporter.note(usage(2))
            await asyncio.sleep(99)

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0.7)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [tokens for _, tokens in status.written] == [1, 2]


async def test_an_api_server_that_hangs_delays_the_end_by_a_second_and_a_half() -> None:
    async def hang(_usage: Usage) -> None:
        await asyncio.sleep(60)

    reporter = UsageReporter(hang)
    began = asyncio.get_running_loop().time()
    async with reporter.running():
        reporter.note(usage(1))
        await asyncio.sleep(0.1)
    assert asyncio.get_running_loop().time() - began == pytest.approx(1.6)


async def test_what_is_noted_is_written_before_a_call_and_once() -> None:
    status = Status()
    status.began = asyncio.get_running_loop().time()
    reporter = UsageReporter(status.write)
    async with reporter.running():
        reporter.note(usage(1))
        await asyncio.sleep(0.1)
        reporter.note(usage(2))
        await reporter.written()
        assert status.written == [(0.0, 1), (0.1, 2)]
        await reporter.written()
    assert len(status.written) == 2


async def test_no_call_waits_for_an_api_server_that_hangs_and_older_figures_never_follow_newer_ones() -> None:
    written: list[int] = []

    async def slow(usage: Usage) -> None:
        await asyncio.sleep(60 if usage.total_tokens == 1 else 0.1)
        written.append(usage.total_tokens)

    reporter = UsageReporter(slow)
    began = asyncio.get_running_loop().time()
    reporter.note(usage(1))
    await reporter.written()
    assert asyncio.get_running_loop().time() - began == 5.0
    reporter.note(usage(2))
    both = asyncio.gather(reporter.written(), reporter.written())
    reporter.note(usage(3))
    await both
    assert written == [3]
