"""Work that runs beside the stages of one video: chunks that are transcribed, the upload of the slim video."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from runops.failures import Failed, Reason

__all__ = ["OverlappingWork", "overlapping_work"]

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


class OverlappingWork:
    """Starts tasks and returns their results. Made by `overlapping_work`.

    The first failure stops new work. Tasks under way are paid for, so they finish, and then `result` raises that
    failure. A lost claim is different: it cancels all tasks and the block at once.

    Parameters
    ----------
    group
        Owns the tasks.
    """

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[Any]] = set()
        self._first_failure: Exception | None = None

    @property
    def has_failed(self) -> bool:
        """Whether a task failed, so that nothing new may begin."""
        return self._first_failure is not None

    def start(self, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T | None]:
        """Call a coroutine function beside the block. The result is None where it failed."""
        task = self._group.create_task(self._run(work))
        self._tasks.add(task)
        return task

    async def result(self, task: asyncio.Task[T | None]) -> T:
        """Return the result of a task.

        Raises
        ------
        Exception
            The first failure of any task, once all tasks under way have ended.
        """
        value = await task
        if self._first_failure is not None:
            await asyncio.wait(self._tasks)
            raise self._first_failure
        return cast("T", value)

    async def _run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        try:
            return await work()
        except Exception as error:
            if isinstance(error, Failed) and error.reason is Reason.CLAIM_LOST:
                raise
            _LOG.warning(
                "a part of the work failed; parts under way will finish", extra={"error": type(error).__name__}
            )
            self._first_failure = self._first_failure or error
            return None


@asynccontextmanager
async def overlapping_work() -> AsyncIterator[OverlappingWork]:
    """Give a place to start tasks in. No task outlives the block; a failure of the block cancels them.

    Raises
    ------
    Exception
        The failure of the block, or `ClaimLost` of a task.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield OverlappingWork(group)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
