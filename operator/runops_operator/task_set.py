"""Background tasks that end together: the first one to end ends them all."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from runops.logs import error_text

__all__ = ["TaskSet"]
_log = logging.getLogger(__name__)
_END_SECONDS = 90.0
"""For so long a task may go on after it was cancelled. Then only a new process gets rid of it."""


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

    def has_ended(self, name: str) -> bool:
        """Return whether a task ended without being cancelled by this set."""
        return self._tasks.get(name) in self._ended

    def cancel(self, name: str) -> None:
        """Cancel one task, if it was started, without waiting for its end."""
        if name in self._tasks:
            self._tasks[name].cancel()

    async def end(self) -> None:
        """Cancel all tasks and wait for their end.

        Raises
        ------
        Exception
            What ended the first task.
        RuntimeError
            A task does not end.
        """
        await _cancelled(set(self._tasks.values()))
        for task in self._ended:
            task.result()


async def _cancelled(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    done, lasting = await asyncio.wait(tasks, timeout=_END_SECONDS)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a task failed", extra={"task": task.get_name(), "error": error_text(error)})
    if lasting:
        raise RuntimeError(f"These tasks do not end: {', '.join(sorted(task.get_name() for task in lasting))}.")
