import asyncio
from collections import Counter

import pytest

from runops_operator.informer.workqueue import WorkQueue

pytestmark = pytest.mark.virtual_time


async def test_a_key_waits_once_however_often_it_is_added() -> None:
    queue = WorkQueue()
    for _ in range(3):
        await queue.add("a")
    assert await queue.get() == "a"
    assert len(queue) == 0


async def test_a_key_added_while_held_comes_again_after_it_is_done() -> None:
    queue = WorkQueue()
    await queue.add("a")
    held = await queue.get()
    await queue.add("a")
    assert len(queue) == 0
    await queue.done(held)
    assert await queue.get() == "a"


async def test_an_urgent_key_comes_before_the_others_and_once_only() -> None:
    queue = WorkQueue()
    for key in ("a", "b", "c"):
        await queue.add(key)
    await queue.add("c", urgent=True)
    await queue.add("d", urgent=True)
    assert len(queue) == 4
    assert [await queue.get() for _ in range(4)] == ["c", "d", "a", "b"]
    assert len(queue) == 0


async def test_urgent_keys_leave_every_tenth_turn_to_the_others() -> None:
    queue = WorkQueue()
    for number in range(20):
        await queue.add(f"urgent-{number}", urgent=True)
    for key in ("a", "b"):
        await queue.add(key)
    order = [await queue.get() for _ in range(22)]
    assert [place for place, key in enumerate(order) if key in {"a", "b"}] == [9, 19]


async def test_a_key_that_was_urgent_is_handed_out_once_for_each_time_it_changed() -> None:
    queue = WorkQueue()
    await queue.add("a")
    await queue.add("a", urgent=True)
    await queue.done(await queue.get())
    await queue.add("b")
    await queue.add("a")
    assert sorted([await queue.get() for _ in range(2)]) == ["a", "b"]
    assert len(queue) == 0


async def test_a_delayed_key_comes_after_its_time_and_the_earlier_of_two_wins() -> None:
    queue = WorkQueue()
    await queue.add_after("late", 30)
    await queue.add_after("late", 0.02)
    await queue.add_after("late", 20)
    async with asyncio.timeout(2):
        assert await queue.get() == "late"


async def test_an_immediate_key_is_not_held_up_by_a_delayed_one() -> None:
    queue = WorkQueue()
    getter = asyncio.create_task(queue.get())
    await queue.add_after("slow", 30)
    await asyncio.sleep(0)
    await queue.add("fast")
    async with asyncio.timeout(2):
        assert await getter == "fast"


async def test_a_failed_key_comes_back_after_growing_pauses() -> None:
    queue = WorkQueue(lambda: 0.0)
    pauses = []
    for _ in range(3):
        await queue.add("a")
        pauses.append(await queue.failed(await queue.get()))
    assert pauses == [0.25, 0.5, 1.0]


async def test_many_workers_never_hold_the_same_key_and_lose_none() -> None:
    queue = WorkQueue()
    holding: Counter[str] = Counter()
    seen: Counter[str] = Counter()

    async def work() -> None:
        while True:
            key = await queue.get()
            holding[key] += 1
            assert holding[key] == 1
            await asyncio.sleep(0)
            seen[key] += 1
            holding[key] -= 1
            await queue.done(key)

    workers = [asyncio.create_task(work()) for _ in range(5)]
    for turn in range(200):
        await queue.add(f"k{turn % 7}")
        if turn % 3 == 0:
            await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while len(queue) or holding.total():  # noqa: ASYNC110 - there is no event for "nothing left"
            await asyncio.sleep(0.01)
    for worker in workers:
        worker.cancel()
    results = await asyncio.gather(*workers, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results), results
    assert set(seen) == {f"k{number}" for number in range(7)}
