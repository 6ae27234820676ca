"""The stage a video is in, how far it is, and how long each stage took."""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from runops.progress import Stage, percent
from runops.report import StageTime
from runops_worker.reporting.progress_sink import ProgressSink

__all__ = ["StageProgress"]


class StageProgress:
    """Keeps the stage and the share of it that is done, and reports both.

    Parameters
    ----------
    sink
        Receives each change of stage at once, and the percentage with each heartbeat.
    clock
        A monotonic clock, in seconds.
    """

    def __init__(self, sink: ProgressSink, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sink = sink
        self._clock = clock
        self._begun: list[tuple[Stage, datetime, float]] = []
        self._lock = asyncio.Lock()
        self._stopped = False
        self._resumed: frozenset[Stage] = frozenset()
        self.stage = Stage.PREPARING_VIDEO
        self._shares: dict[Stage, float] = {}

    @property
    def percent(self) -> int:
        """Percentage of the whole."""
        return percent(self.stage, self._shares.get(self.stage, 0.0))

    async def enter(self, stage: Stage) -> None:
        """Begin a stage and report it at once.

        Raises
        ------
        Failed
            `ClaimLost`, from the sink.
        """
        self.stage = stage
        self._begun.append((stage, datetime.now(UTC), self._clock()))
        await self.report()

    def stage_times(self) -> tuple[StageTime, ...]:
        """Return the stages so far and how long each took; the last one until now. A run may end before the first."""
        if not self._begun:
            return ()
        ends = [at for _, _, at in self._begun[1:]] + [self._clock()]
        return tuple(
            StageTime(
                stage=stage,
                start_time=began.strftime("%Y-%m-%dT%H:%M:%SZ"),
                seconds=round(end - at, 3),
                resumed=True if stage in self._resumed else None,
            )
            for (stage, began, at), end in zip(self._begun, ends, strict=True)
        )

    def resumes(self, stages: Iterable[Stage]) -> None:
        """Note the stages of which an earlier attempt did some of the work, or all: how long they take says little."""
        self._resumed = frozenset(stages)

    def advance(self, stage: Stage, share: float) -> None:
        """Record the share of a stage that is done, 0 to 1. It never decreases; it shows once the stage has begun."""
        self._shares[stage] = max(self._shares.get(stage, 0.0), share)

    async def report(self) -> None:
        """Report the stage and the percentage.

        Raises
        ------
        Failed
            `ClaimLost`, from the sink.
        """
        async with self._lock:
            if not self._stopped:
                await self._sink.report(self.stage, self.percent)

    async def stop_reporting(self) -> None:
        """Report nothing any more, once a report under way has ended.

        For a heartbeat that crosses the completion of the row would find the claim gone.
        """
        async with self._lock:
            self._stopped = True
