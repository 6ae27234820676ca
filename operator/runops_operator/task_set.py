"""Background tasks that end together: the first one to end ends them all."""

import asyncio
from collections.abc import Coroutine
from typing import Any

__all__ = ["TaskSet"]


class TaskSet:
    """The tasks, by name."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._ended: set[asyncio.Task[Any]] = set()
        """Those that ended without being cancelled by this set."""

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Start a task."""
        self._tasks[name] = asyncio.create_task(work, name=name)

    async def run_meanwhile(self, work: Coroutine[Any, Any, None]) -> bool:
        """Run something while the tasks go on; False, and it is cancelled, where a task ends before it.

        Raises
        ------
        Exception
            What the work raises.
        """
        running = asyncio.create_task(work)
        try:
            done, _ = await asyncio.wait({*self._tasks.values(), running}, return_when=asyncio.FIRST_COMPLETED)
            if running in done:
                running.result()
                return True
            self._ended |= done
            return False
        finally:
            await _cancelled({running})

    async def until_one_ends(self) -> None:
        """Wait until the first task ends, however it ends."""
        done, _ = await asyncio.wait(self._tasks.values(), return_when=asyncio.FIRST_COMPLETED)
        self._ended |= done

    def cancel(self, name: str) -> None:
        """Cancel one task without waiting for its end."""
        self._tasks[name].cancel()

    async def end(self) -> None:
        """Cancel all tasks and wait for their end.

        Raises
        ------
        Exception
            What ended the first task.
        """
        await _cancelled(set(self._tasks.values()))
        for task in self._ended:
            task.result()


async def _cancelled(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
