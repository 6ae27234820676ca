"""How progress is kept and reported while a video is worked on."""

import asyncio
from collections.abc import Iterator

import pytest

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops_worker.reporting.heartbeat import with_heartbeat
from runops_worker.reporting.progress_sink import FanOut
from runops_worker.reporting.stage_progress import StageProgress
from tests.worker.fakes import RecordingSink


class LostClaim:
    """A sink that finds the claim lost after some reports."""

    def __init__(self, after: int) -> None:
        self._left = after

    async def report(self, stage: Stage, percent: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise Failed(Reason.CLAIM_LOST, f"At {stage} {percent}.")


async def test_a_share_never_decreases() -> None:
    sink = RecordingSink()
    progress = StageProgress(sink)
    await progress.enter(Stage.TRANSCRIBING)
    for share in (0.5, 0.25, 0.75):
        progress.advance(Stage.TRANSCRIBING, share)
        await progress.report()
    assert [percent for _, percent in sink.reports] == [50, 60, 60, 65]


async def test_each_stage_lasts_until_the_next_and_the_last_until_now() -> None:
    times: Iterator[float] = iter([100.0, 103.5, 110.25])
    progress = StageProgress(RecordingSink(), clock=lambda: next(times))
    await progress.enter(Stage.PREPARING_VIDEO)
    await progress.enter(Stage.TRANSCRIBING)
    assert [(time.stage, time.seconds) for time in progress.stage_times()] == [
        (Stage.PREPARING_VIDEO, 3.5),
        (Stage.TRANSCRIBING, 6.75),
    ]


async def test_a_run_that_ends_before_its_first_stage_has_no_times() -> None:
    assert StageProgress(RecordingSink()).stage_times() == ()


async def test_every_sink_receives_a_report_until_one_raises() -> None:
    first, last = RecordingSink(), RecordingSink()
    with pytest.raises(Failed):
        await FanOut(first, LostClaim(after=0), last).report(Stage.TRANSCRIBING, 50)
    assert (len(first.reports), len(last.reports)) == (1, 0)


async def test_heartbeats_report_while_the_work_goes_on_and_its_result_is_returned() -> None:
    three_reports = asyncio.Event()

    class Counting(RecordingSink):
        async def report(self, stage: Stage, percent: int) -> None:
            await super().report(stage, percent)
            if len(self.reports) == 3:
                three_reports.set()

    async def work() -> str:
        await three_reports.wait()
        return "done"

    async with asyncio.timeout(60):
        assert await with_heartbeat(work(), StageProgress(Counting()), seconds=0.001) == "done"


async def test_a_claim_that_a_heartbeat_finds_lost_cancels_the_work() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(Failed) as failed:
        async with asyncio.timeout(60):
            await with_heartbeat(work(), StageProgress(LostClaim(after=2)), seconds=0.001)
    assert failed.value.reason is Reason.CLAIM_LOST
    assert cancelled.is_set()


async def test_work_that_fails_ends_the_heartbeats() -> None:
    async def work() -> None:
        raise ValueError("of the work")

    sink = RecordingSink()
    with pytest.raises(ValueError, match="of the work"):
        await with_heartbeat(work(), StageProgress(sink), seconds=0.001)
    await asyncio.sleep(0.01)
    assert sink.reports == []
