"""Hours of an outage in front of `runops work`, in virtual time: no row ends, no attempt is used up, and it says so."""

import asyncio
import signal
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from runops.failures import Failed, Reason
from runops.job_row import Claim, JobRow, RowStatus
from runops.progress import Stage
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_cli.work.loop import Loop, LoopSettings
from runops_cli.work.stop_signal import StopSignal
from tests.simulation.cluster import START
from tests.simulation.table import MemoryTables

pytestmark = pytest.mark.virtual_time

_ATTEMPT_SECONDS = 30.0
_WORDS = "The model could not be reached. (HTTP 503, gemini-3.8-flash: The model is overloaded.)"


class Desk:
    """One machine, its table, and a worker whose attempts last half a minute and meet the fault that there is."""

    def __init__(self, rows: int, *, retries: int = 3, once: bool = False) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self.jobs = MemoryTables(self.now)
        self.rows = [self.jobs.add() for _ in range(rows)]
        self.fault: Reason | None = None
        self.words: str | None = _WORDS
        self.faulty: dict[UUID, Reason] = {}
        self.attempts: list[tuple[UUID, float]] = []
        self.stop = StopSignal()
        self.stage: Stage | None = None
        self.met_in = Stage.TRANSCRIBING
        supabase: Any = SimpleNamespace(jobs=self.jobs, clock_skew_seconds=0.0)
        settings = LoopSettings(by="work/desk", retries=retries, once=once)
        self.loop = Loop(supabase, self, settings, self.stop, now=self.now, jitter=lambda: 0.0)
        self.running = asyncio.ensure_future(self.loop.run())

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time() - self._begun)

    @property
    def seconds(self) -> float:
        return self._loop.time() - self._begun

    async def ready(self) -> None:
        """Always."""

    async def run(self, row: JobRow, claim: Claim) -> None:
        self.attempts.append((row.job_id, self.seconds))
        self.stage = Stage.PREPARING_VIDEO
        await asyncio.sleep(_ATTEMPT_SECONDS)
        reason = self.faulty.get(row.job_id, self.fault)
        if reason is not None:
            self.stage = self.met_in
            raise Failed(reason, self.words)
        self.stage = Stage.COMPLETED
        assert await self.jobs.complete(row.job_id, claim.claim)

    def count(self, status: RowStatus) -> int:
        return sum(row.status == status for row in self.jobs.rows.values())

    async def end(self) -> int:
        self.stop.arrive(signal.SIGINT)
        return await self.running


@pytest.mark.parametrize(
    "reason",
    [
        Reason.MODEL_UNAVAILABLE,
        Reason.MODEL_TIMEOUT,
        Reason.MODEL_NOT_FOUND,
        Reason.MODEL_KEY_REJECTED,
        Reason.MODEL_NOT_IN_PLAN,
        Reason.STORAGE_UNAVAILABLE,
        Reason.KEY_REJECTED,
        Reason.QUOTA_EXCEEDED,
    ],
)
@pytest.mark.parametrize("rows", [1, 60])
async def test_an_hour_of_a_fault_ends_no_row_and_the_backlog_is_worked_off_after_it(reason: Reason, rows: int) -> None:
    desk = Desk(rows, retries=1)
    desk.fault = reason
    await asyncio.sleep(3600)
    assert desk.count(RowStatus.ERROR) == desk.count(RowStatus.COMPLETED) == 0
    assert len(desk.attempts) < 45, "one video at a time tries, with pauses"
    desk.fault = None
    await asyncio.sleep(rows * _ATTEMPT_SECONDS + 1200)
    assert desk.count(RowStatus.COMPLETED) == rows
    assert await desk.end() == 130


async def test_while_it_waits_no_row_is_held_and_others_may_take_it() -> None:
    desk = Desk(3)
    desk.fault = Reason.MODEL_UNAVAILABLE
    await asyncio.sleep(600)
    waiting_since = desk.attempts[-1][1] + _ATTEMPT_SECONDS
    assert desk.seconds > waiting_since
    assert desk.count(RowStatus.QUEUED) == 3
    assert all(row.claim is None for row in desk.jobs.rows.values())
    taken = desk.jobs.rows[desk.rows[0]]
    assert await desk.jobs.claim(taken, Claim(claim="theirs", by="runops/cluster"), from_status="queued")
    desk.fault = None
    await asyncio.sleep(1800)
    assert desk.count(RowStatus.COMPLETED) == 2
    assert desk.jobs.rows[desk.rows[0]].is_held_by("theirs")
    await desk.end()


async def test_it_says_what_it_waits_for_since_when_and_until_when(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(2)
    desk.fault = Reason.MODEL_UNAVAILABLE
    await asyncio.sleep(6 * 3600)
    said = [line for line in capsys.readouterr().err.splitlines() if "Waiting since" in line]
    assert said[0] == (
        f"{_WORDS} Queue the job again (`runops retry`) once the service is back. Waiting since 2026-11-24T12:01:00Z: "
        "nothing is claimed; one video tries at 2026-11-24T12:01:20Z."
    )
    assert all("Waiting since 2026-11-24T12:01:00Z" in line for line in said)
    assert 10 < len(said) < 50, "each longer pause, then every ten minutes"
    desk.fault = None
    await asyncio.sleep(900)
    assert "It works again." in capsys.readouterr().err
    await desk.end()


async def test_ctrl_c_ends_a_wait_at_once_and_a_row_in_hand_goes_back() -> None:
    desk = Desk(1)
    desk.fault = Reason.MODEL_KEY_REJECTED
    await asyncio.sleep(1000)
    before = desk.seconds
    assert await desk.end() == 130
    assert desk.seconds == before
    assert desk.count(RowStatus.QUEUED) == 1


async def test_a_video_that_the_model_never_answers_ends_and_holds_nobody_up() -> None:
    desk = Desk(20, retries=2)
    poison = desk.rows[0]
    desk.faulty[poison] = Reason.MODEL_TIMEOUT
    await asyncio.sleep(3600)
    assert desk.count(RowStatus.COMPLETED) == 19
    assert desk.jobs.rows[poison].status == RowStatus.ERROR
    assert sum(job == poison for job, _ in desk.attempts) == 4, "the first one might have been an outage"


async def test_two_such_videos_do_not_keep_the_others_from_trying() -> None:
    desk = Desk(8, retries=1)
    for job_id in desk.rows[:2]:
        desk.faulty[job_id] = Reason.MODEL_UNAVAILABLE
    await asyncio.sleep(3600)
    assert (desk.count(RowStatus.COMPLETED), desk.count(RowStatus.ERROR)) == (6, 2)


async def test_a_program_that_fails_for_every_video_stops_at_the_third() -> None:
    desk = Desk(30, retries=0)
    desk.fault = Reason.MEDIA_TOOL_FAILED
    await asyncio.sleep(3600)
    assert desk.count(RowStatus.ERROR) == 2
    assert desk.count(RowStatus.QUEUED) + desk.count(RowStatus.PROCESSING) == 28
    desk.fault = None
    await asyncio.sleep(3600)
    assert desk.count(RowStatus.COMPLETED) == 28


async def test_a_fault_of_a_recording_stops_nothing() -> None:
    desk = Desk(5)
    desk.fault = Reason.NOT_A_VIDEO
    await asyncio.sleep(300)
    assert desk.count(RowStatus.ERROR) == 5


async def test_a_row_that_cannot_be_put_back_is_put_back_later_and_uses_up_no_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(1)
    desk.fault = Reason.DATABASE_UNAVAILABLE
    release, queued = desk.jobs.release, desk.jobs.queued

    async def away(*_: Any, **__: Any) -> Any:
        raise SupabaseError(ErrorKind.UNAVAILABLE, "Away.")

    await asyncio.sleep(10)
    monkeypatch.setattr(desk.jobs, "release", away)
    monkeypatch.setattr(desk.jobs, "queued", away)
    await asyncio.sleep(3600)
    assert desk.jobs.rows[desk.rows[0]].claim is not None
    attempts = len(desk.attempts)
    assert attempts == 1
    monkeypatch.setattr(desk.jobs, "release", release)
    monkeypatch.setattr(desk.jobs, "queued", queued)
    desk.fault = None
    await asyncio.sleep(300)
    assert desk.count(RowStatus.COMPLETED) == 1
    claim = desk.jobs.rows[desk.rows[0]].claim
    assert claim is not None
    assert claim.attempt == 1, "it was queued again, and not found abandoned"


async def test_with_once_an_outage_is_waited_for_as_often_as_a_video_is_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk = Desk(1, retries=2, once=True)
    desk.fault = Reason.MODEL_UNAVAILABLE
    assert await desk.running == 5
    assert len(desk.attempts) == 3
    assert desk.count(RowStatus.QUEUED) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(_WORDS)


async def test_with_once_a_key_that_is_rejected_stops_at_once() -> None:
    desk = Desk(3, once=True)
    desk.fault = Reason.MODEL_KEY_REJECTED
    assert await desk.running == 5
    assert len(desk.attempts) == 1
    assert desk.count(RowStatus.QUEUED) == 3


async def test_rows_that_come_while_one_waits_alone_are_taken_at_once() -> None:
    desk = Desk(1)
    desk.faulty[desk.rows[0]] = Reason.MODEL_UNAVAILABLE
    await asyncio.sleep(600)
    fresh = desk.jobs.add()
    await asyncio.sleep(10)
    assert desk.attempts[-1][0] == fresh or desk.seconds - desk.attempts[-1][1] < 10
    await asyncio.sleep(120)
    assert desk.jobs.rows[fresh].status == RowStatus.COMPLETED
    await desk.end()


async def test_what_got_past_the_fault_and_failed_otherwise_closes_the_breaker() -> None:
    desk = Desk(4)
    desk.fault = Reason.STORAGE_UNAVAILABLE
    desk.met_in = Stage.PREPARING_VIDEO
    await asyncio.sleep(70)
    assert len(desk.attempts) == 2
    desk.fault, desk.met_in = Reason.BLOCKED, Stage.TRANSCRIBING
    await asyncio.sleep(180)
    assert desk.count(RowStatus.ERROR) >= 3, "the first that got its recording shows that storage is back"
