"""Runs work while heartbeats report its progress."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from runops_worker.reporting.stage_progress import StageProgress

__all__ = ["with_heartbeat"]

T = TypeVar("T")


async def with_heartbeat(work: Coroutine[Any, Any, T], progress: StageProgress, *, seconds: float) -> T:
    """Run the work and report its progress meanwhile. The first of the two that fails ends both.

    Parameters
    ----------
    work
        The work.
    progress
        Is reported; where the sink finds the claim lost, the work is cancelled.
    seconds
        Between two heartbeats.
    """

    async def beat() -> None:
        while True:
            await asyncio.sleep(seconds)
            await progress.report()

    working, beating = asyncio.ensure_future(work), asyncio.ensure_future(beat())
    try:
        await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            beating.result()
        return await working
    finally:
        for task in (beating, working):
            task.cancel()
        await asyncio.gather(beating, working, return_exceptions=True)
