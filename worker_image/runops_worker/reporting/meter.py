"""Keeps where the pipeline is, and tells the sink of it at every change of stage and on every beat."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from runops.progress import Stage, percent
from runops.report import StageTime
from runops_worker.reporting.progress import ProgressSink

__all__ = ["Meter", "under_pulse"]

T = TypeVar("T")


class Meter:
    """The stage and its share.

    Parameters
    ----------
    sink
        Told of it; it decides what is worth a write.
    clock
        Seconds that only go forward.
    """

    def __init__(self, sink: ProgressSink, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sink = sink
        self._clock = clock
        self._begun: list[tuple[Stage, datetime, float]] = []
        self._lock = asyncio.Lock()
        self._closed = False
        self.stage = Stage.PREPARING_VIDEO
        self._shares: dict[Stage, float] = {}

    @property
    def percent(self) -> int:
        """Percentage of the whole."""
        return percent(self.stage, self._shares.get(self.stage, 0.0))

    async def enter(self, stage: Stage) -> None:
        """Begin a stage and tell the sink at once.

        Raises
        ------
        Failed
            `ClaimLost`, from the sink.
        """
        self.stage = stage
        self._begun.append((stage, datetime.now(UTC), self._clock()))
        await self.beat()

    def stages(self) -> tuple[StageTime, ...]:
        """Return the stages so far and how long each took; the last one until now."""
        ends = [at for _, _, at in self._begun[1:]] + [self._clock()]
        return tuple(
            StageTime(stage=stage, start_time=began.strftime("%Y-%m-%dT%H:%M:%SZ"), seconds=round(end - at, 3))
            for (stage, began, at), end in zip(self._begun, ends, strict=True)
        )

    def at(self, stage: Stage, fraction: float) -> None:
        """Note the share of a stage that is done, 0 to 1; it never goes back. Told once the stage has begun."""
        self._shares[stage] = max(self._shares.get(stage, 0.0), fraction)

    async def beat(self) -> None:
        """Tell the sink where the pipeline is.

        Raises
        ------
        Failed
            `ClaimLost`, from the sink.
        """
        async with self._lock:
            if not self._closed:
                await self._sink.report(self.stage, self.percent)

    @asynccontextmanager
    async def silent(self) -> AsyncIterator[None]:
        """Report nothing from here on: a heartbeat that crosses the row's completion would take it for a lost claim."""
        async with self._lock:
            self._closed = True
        yield


async def under_pulse(work: Coroutine[Any, Any, T], meter: Meter, *, seconds: float) -> T:
    """Do the work while the meter beats; whichever fails first ends both.

    Parameters
    ----------
    work
        What is to be done.
    meter
        Beats every so many `seconds`; where a beat finds the claim lost, the work is cancelled.
    seconds
        Between two beats.
    """

    async def beat() -> None:
        while True:
            await asyncio.sleep(seconds)
            await meter.beat()

    worker, pulse = asyncio.ensure_future(work), asyncio.ensure_future(beat())
    try:
        await asyncio.wait({worker, pulse}, return_when=asyncio.FIRST_COMPLETED)
        if not worker.done():
            pulse.result()
        return await worker
    finally:
        for task in (pulse, worker):
            task.cancel()
        await asyncio.gather(pulse, worker, return_exceptions=True)
