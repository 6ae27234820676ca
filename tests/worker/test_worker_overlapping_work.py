"""What a failure of one task means for the others."""

import asyncio
from functools import partial
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops_worker.overlapping_work import overlapping_work


async def test_a_result_is_returned() -> None:
    async def work() -> int:
        return 7

    async with overlapping_work() as overlap:
        assert await overlap.result(overlap.start(work)) == 7
        assert not overlap.has_failed


async def test_the_first_failure_is_raised_once_all_tasks_under_way_have_ended() -> None:
    ended: list[str] = []
    may_end = asyncio.Event()

    async def slow() -> None:
        await may_end.wait()
        ended.append("slow")

    async def fail(name: str) -> None:
        raise ValueError(name)

    async def block() -> None:
        async with overlapping_work() as overlap:
            tasks: list[asyncio.Task[Any]] = [
                overlap.start(work) for work in (slow, partial(fail, "first"), partial(fail, "second"))
            ]
            waiting = asyncio.ensure_future(overlap.result(tasks[1]))
            await asyncio.sleep(0.01)
            assert overlap.has_failed
            assert not waiting.done()
            may_end.set()
            await waiting

    with pytest.raises(ValueError, match="first"):
        await block()
    assert ended == ["slow"]


async def test_a_lost_claim_cancels_all_tasks_and_the_block_at_once() -> None:
    ended: list[str] = []

    async def forever(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def lose() -> None:
        await asyncio.sleep(0)
        raise Failed(Reason.CLAIM_LOST)

    async def block() -> None:
        async with overlapping_work() as overlap:
            tasks = [overlap.start(work) for work in (partial(forever, "task"), lose)]
            assert len(tasks) == 2
            await forever("block")

    with pytest.raises(Failed) as failed:
        await block()
    assert failed.value.reason is Reason.CLAIM_LOST
    assert sorted(ended) == ["block", "task"]


async def test_a_failure_of_the_block_cancels_all_tasks() -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def block() -> None:
        async with overlapping_work() as overlap:
            tasks.append(overlap.start(asyncio.Event().wait))
            raise ValueError("of the block")

    with pytest.raises(ValueError, match="of the block"):
        await block()
    assert tasks[0].cancelled()
