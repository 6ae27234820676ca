"""The loop of `runops work` with a stand-in for the pipeline, against a real table."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.stack import StackInfo
from runops.failures import Failed, FailureClass, Reason
from runops.job_row import Claim, JobRow
from runops.progress import Stage
from runops.retry_policy import Pace
from runops.supabase.connection import Supabase
from runops_cli.work.loop import Loop, LoopSettings
from runops_cli.work.stop_signal import StopSignal


@dataclass
class Scripted:
    """Does to each video what the test says."""

    does: Callable[[JobRow, Claim], Awaitable[None]]
    worked_on: list[UUID] = field(default_factory=list)
    stage: Stage | None = None

    async def ready(self) -> None:
        """Always."""

    async def run(self, row: JobRow, claim: Claim) -> None:
        self.worked_on.append(row.job_id)
        await self.does(row, claim)


@pytest.fixture
async def supabase(stack: StackInfo, database: psycopg.Connection) -> AsyncIterator[Supabase]:
    assert not database.closed
    async with Supabase(stack.url, stack.secret_key) as one:
        yield one


@pytest.fixture(autouse=True)
def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runops.retry_policy._PACES", dict.fromkeys(FailureClass, Pace(0.05, 0.05)))


def queue(database: psycopg.Connection, *, metadata: str = "{}") -> UUID:
    job_id = uuid4()
    database.execute("insert into jobs (job_id, metadata) values (%s, %s)", [job_id, metadata])
    return job_id


def status_of(database: psycopg.Connection, job_id: UUID) -> tuple[str, str | None]:
    row = database.execute("select status, error from jobs where job_id = %s", [job_id]).fetchone()
    assert row is not None
    return row[0], row[1]


def loop(
    supabase: Supabase,
    runner: Scripted,
    *,
    stop: StopSignal | None = None,
    most: int | None = None,
    once: bool = True,
) -> Loop:
    settings = LoopSettings(by="work/test", retries=2, once=once, most=most)
    return Loop(supabase, runner, settings, stop or StopSignal(), jitter=lambda: 0.5)


async def test_a_row_that_is_cancelled_during_an_attempt_is_skipped(
    supabase: Supabase, database: psycopg.Connection
) -> None:
    job_id = queue(database)

    async def cancelled(_row: JobRow, _claim: Claim) -> None:
        database.execute("update jobs set status = 'error', error = 'Cancelled by the user.'")
        raise Failed(Reason.CLAIM_LOST)

    assert await loop(supabase, Scripted(cancelled)).run() == 0
    assert status_of(database, job_id) == ("error", "Cancelled by the user.")


async def test_a_row_that_is_cancelled_between_two_attempts_gets_no_second_one(
    supabase: Supabase, database: psycopg.Connection
) -> None:
    job_id = queue(database)

    async def cancelled(_row: JobRow, _claim: Claim) -> None:
        database.execute("update jobs set status = 'error', error = 'Cancelled by the user.'")
        raise Failed(Reason.UPLOAD_INCOMPLETE)

    runner = Scripted(cancelled)
    await loop(supabase, runner).run()
    assert runner.worked_on == [job_id]
    assert status_of(database, job_id) == ("error", "Cancelled by the user.")


async def test_a_video_that_keeps_failing_ends_in_error_after_the_last_attempt(
    supabase: Supabase, database: psycopg.Connection
) -> None:
    job_id = queue(database)

    async def failing(_row: JobRow, _claim: Claim) -> None:
        raise Failed(Reason.UPLOAD_INCOMPLETE, "No answer.")

    runner = Scripted(failing)
    assert await loop(supabase, runner).run() == 1
    assert runner.worked_on == [job_id] * 3
    assert status_of(database, job_id) == ("error", "No answer. Given up after 3 attempts.")


async def test_attempts_before_a_row_was_queued_again_do_not_count(
    supabase: Supabase, database: psycopg.Connection
) -> None:
    job_id = queue(database, metadata='{"runops": {"claim": "0a1b", "by": "runops/cluster", "attempt": 4}}')
    claimed: list[int] = []

    async def completing(row: JobRow, claim: Claim) -> None:
        claimed.append(claim.attempt)
        await supabase.jobs.complete(row.job_id, claim.claim)

    assert await loop(supabase, Scripted(completing)).run() == 0
    assert status_of(database, job_id) == ("completed", None)
    assert claimed == [1]


async def test_every_other_row_comes_before_the_backfills_that_were_queued_earlier(
    supabase: Supabase, database: psycopg.Connection
) -> None:
    for _ in range(15):
        queue(database, metadata='{"backfill": true}')
    abandoned = queue(database, metadata='{"backfill": true, "runops": {"claim": "0a1b", "by": "work/gone"}}')
    database.execute(
        "update jobs set status = 'processing', updated_at = now() - interval '1 hour' where job_id = %s", [abandoned]
    )
    fresh = [queue(database), queue(database)]

    async def completing(row: JobRow, claim: Claim) -> None:
        await supabase.jobs.complete(row.job_id, claim.claim)

    runner = Scripted(completing)
    assert await loop(supabase, runner).run() == 0
    assert runner.worked_on[:3] == [*fresh, abandoned]
    assert len(runner.worked_on) == 18


async def test_an_unexpected_error_does_not_stop_the_queue(supabase: Supabase, database: psycopg.Connection) -> None:
    first, second = queue(database), queue(database)

    async def faulty(row: JobRow, claim: Claim) -> None:
        if row.job_id == first:
            raise ZeroDivisionError
        await supabase.jobs.complete(row.job_id, claim.claim)

    assert await loop(supabase, Scripted(faulty)).run() == 1
    assert status_of(database, first)[0] == "error"
    assert status_of(database, second) == ("completed", None)


async def test_a_signal_during_a_claim_puts_the_row_back(
    supabase: Supabase, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = queue(database, metadata='{"user_id": "kept"}')
    stop = StopSignal()
    claim = supabase.jobs.claim

    async def claim_and_stop(row: JobRow, token: Claim, *, from_status: str = "queued") -> JobRow | None:
        won = await claim(row, token, from_status=from_status)
        stop.arrive(signal.SIGTERM)
        return won

    async def never(_row: JobRow, _claim: Claim) -> None:
        raise AssertionError("it was worked on")

    monkeypatch.setattr(supabase.jobs, "claim", claim_and_stop)
    assert await loop(supabase, Scripted(never), stop=stop).run() == 143
    assert status_of(database, job_id) == ("queued", None)
    assert database.execute("select metadata from jobs").fetchone() == ({"user_id": "kept"},)


async def test_max_limits_the_number_of_videos(supabase: Supabase, database: psycopg.Connection) -> None:
    first, second = queue(database), queue(database)

    async def completing(row: JobRow, claim: Claim) -> None:
        await supabase.jobs.complete(row.job_id, claim.claim)

    assert await loop(supabase, Scripted(completing), most=1).run() == 0
    assert [status_of(database, one)[0] for one in (first, second)] == ["completed", "queued"]


async def test_an_exhausted_quota_uses_up_no_attempt(supabase: Supabase, database: psycopg.Connection) -> None:
    job_id = queue(database)
    refused = 0

    async def refused_at_first(row: JobRow, claim: Claim) -> None:
        nonlocal refused
        refused += 1
        if refused <= 6:
            raise Failed(Reason.QUOTA_EXCEEDED)
        await supabase.jobs.complete(row.job_id, claim.claim)

    assert await loop(supabase, Scripted(refused_at_first)).run() == 0
    assert status_of(database, job_id) == ("completed", None)


async def test_with_once_a_missing_setting_puts_the_video_back_and_stops(
    supabase: Supabase, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So long that the pause is not over on a busy machine either. Nothing waits for its end.
    monkeypatch.setattr("runops.retry_policy._PACES", dict.fromkeys(FailureClass, Pace(900.0, 900.0)))
    job_id = queue(database)

    async def misconfigured(_row: JobRow, _claim: Claim) -> None:
        raise Failed(Reason.MISCONFIGURED, "There is no bucket.")

    runner = Scripted(misconfigured)
    assert await loop(supabase, runner).run() == 5
    assert runner.worked_on == [job_id]
    assert status_of(database, job_id) == ("queued", None)


async def test_a_setting_that_stays_wrong_is_told_and_tried_again(
    supabase: Supabase, database: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = queue(database)
    refused = 0

    async def misconfigured_at_first(row: JobRow, claim: Claim) -> None:
        nonlocal refused
        refused += 1
        if refused <= 2:
            raise Failed(Reason.MISCONFIGURED, "There is no bucket.")
        await supabase.jobs.complete(row.job_id, claim.claim)

    assert await loop(supabase, Scripted(misconfigured_at_first), most=1, once=False).run() == 0
    assert status_of(database, job_id) == ("completed", None)
    said = capsys.readouterr().err
    told = "There is no bucket. Run `runops check`: it names the missing setting."
    assert said.count(told) >= 2, "each time"
    # Once for each wait, but for one that is over when it is to be told: a wait is short here, and a machine may stop.
    waits = said.count(f"{told} Waiting since")
    assert waits <= 2
    # Nothing is told to be over that was not told. When it must be told: test_cli_loop_state, with a clock of its own.
    assert said.count("It works again.") <= min(waits, 1)
    assert said.find("It works again.") not in range(said.rindex("There is no bucket."))
