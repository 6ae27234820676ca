"""The first task to end ends the others, and what it raised is raised."""

import asyncio

import pytest

from runops_operator.task_set import TaskSet

pytestmark = pytest.mark.virtual_time


class Work:
    """Tasks that note how they ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def lasting(self, name: str, seconds: float = 1e6) -> None:
        try:
            await asyncio.sleep(seconds)
            self.ended.append(f"{name} returned")
        except asyncio.CancelledError:
            self.ended.append(f"{name} cancelled")
            raise

    async def failing(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        raise ValueError("broken")


@pytest.fixture
def work() -> Work:
    return Work()


async def test_the_first_task_to_return_ends_the_others(work: Work) -> None:
    tasks = TaskSet()
    tasks.start("short", work.lasting("short", 1))
    tasks.start("long", work.lasting("long"))
    await tasks.until_one_ends()
    assert work.ended == ["short returned"]
    await tasks.end()
    assert work.ended == ["short returned", "long cancelled"]


async def test_what_the_first_task_raised_is_raised_after_all_have_ended(work: Work) -> None:
    tasks = TaskSet()
    tasks.start("failing", work.failing(1))
    tasks.start("long", work.lasting("long"))
    await tasks.until_one_ends()
    with pytest.raises(ValueError, match="broken"):
        await tasks.end()
    assert work.ended == ["long cancelled"]


async def test_a_task_that_is_cancelled_or_fails_while_the_set_ends_raises_nothing(work: Work) -> None:
    tasks = TaskSet()
    tasks.start("short", work.lasting("short", 1))
    tasks.start("long", work.lasting("long"))
    tasks.start("failing", work.failing(2))
    await tasks.until_one_ends()
    tasks.cancel("long")
    await asyncio.sleep(5)
    assert work.ended == ["short returned", "long cancelled"]
    await tasks.end()


async def test_work_is_done_while_the_tasks_go_on(work: Work) -> None:
    tasks = TaskSet()
    tasks.start("long", work.lasting("long", 10))
    assert await tasks.run_meanwhile(work.lasting("work", 1))
    assert work.ended == ["work returned"]
    await tasks.until_one_ends()
    assert work.ended == ["work returned", "long returned"]


async def test_work_needs_no_task() -> None:
    assert await TaskSet().run_meanwhile(asyncio.sleep(1))


async def test_a_task_that_ends_first_ends_the_work(work: Work) -> None:
    tasks = TaskSet()
    tasks.start("failing", work.failing(1))
    assert not await tasks.run_meanwhile(work.lasting("work"))
    assert work.ended == ["work cancelled"]
    with pytest.raises(ValueError, match="broken"):
        await tasks.end()


async def test_what_the_work_raises_is_raised(work: Work) -> None:
    tasks = TaskSet()
    tasks.start("long", work.lasting("long"))
    with pytest.raises(ValueError, match="broken"):
        await tasks.run_meanwhile(work.failing(1))
    assert work.ended == []


async def test_a_task_that_does_not_end_is_named(caplog: pytest.LogCaptureFixture) -> None:
    stays = True

    async def stubborn() -> None:
        while stays:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                continue

    async def fails_at_its_end() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            raise RuntimeError("kopf does not end.")

    tasks = TaskSet()
    tasks.start("stubborn", stubborn())
    tasks.start("failing", fails_at_its_end())
    await asyncio.sleep(1)
    with pytest.raises(RuntimeError, match="These tasks do not end: stubborn"):
        await tasks.end()
    assert caplog.messages == ["a task failed"]
    stays = False


async def test_a_task_that_was_never_started_is_not_cancelled(work: Work) -> None:
    tasks = TaskSet()
    tasks.cancel("intake")
    tasks.start("short", work.lasting("short", 1))
    await tasks.until_one_ends()
    assert tasks.has_ended("short")
    assert not tasks.has_ended("intake")


async def test_work_ends_with_whoever_waits_for_it(work: Work) -> None:
    waiting = asyncio.create_task(TaskSet().run_meanwhile(work.lasting("work")))
    await asyncio.sleep(1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert work.ended == ["work cancelled"]
