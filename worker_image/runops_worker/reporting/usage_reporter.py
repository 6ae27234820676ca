"""Writes the cost of a video while it grows, so that a killed worker's spending is known."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from runops.report import Usage

__all__ = ["UsageReporter"]

_LEAST_SECONDS = 1.0
_FLUSH_SECONDS = 1.5
"""Shorter than the time that is left after a SIGTERM once the checkpoint is written."""
_BEFORE_A_CALL_SECONDS = 5.0


class UsageReporter:
    """Writes the newest figures: at most once a second, and before each call to the model.

    Parameters
    ----------
    write
        Writes them. It raises nothing.
    """

    def __init__(self, write: Callable[[Usage], Awaitable[None]]) -> None:
        self._write = write
        self._newest: Usage | None = None
        self._written: Usage | None = None
        self._some = asyncio.Event()
        # Older figures must never overwrite newer ones.
        self._one_write = asyncio.Lock()

    def note(self, usage: Usage) -> None:
        """Take newer figures; they are written soon."""
        self._newest = usage
        self._some.set()

    async def written(self) -> None:
        """Return once the newest figures are written; after some seconds without that, since no call waits for them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_BEFORE_A_CALL_SECONDS):
                await self._write_newest()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write during the block, and what is left when it ends, however it ends."""
        writing = asyncio.ensure_future(self._run())
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FLUSH_SECONDS):
                    await self._write_newest()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            await self._write_newest()
            await asyncio.sleep(_LEAST_SECONDS)

    async def _write_newest(self) -> None:
        async with self._one_write:
            newest = self._newest
            if newest is not None and newest != self._written:
                await self._write(newest)
                self._written = newest
