"""Position and time left as read from real tables."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from psycopg import Connection

from runops.job_row import TIME_LEFT_KEY, Claim
from runops.progress import Stage
from runops.report import StageTime
from runops.supabase.connection import Supabase
from runops.supabase.row_times import read_row_times
from runops.time_left import ENOUGH
from runops.time_left.took import Took

_SECONDS = {Stage.PREPARING_VIDEO: 40.0, Stage.TRANSCRIBING: 60.0, Stage.PARSING_SOP: 30.0, Stage.FINALIZING: 1.0}


async def _claimed(supabase: Supabase, job_id: UUID) -> str:
    row = await supabase.jobs.get(job_id)
    assert row is not None
    claim = Claim(claim=str(uuid4()), by="here")
    assert await supabase.jobs.claim(row, claim) is not None
    bound = await supabase.jobs.bind_pod(job_id, claim.claim, "pod", started=datetime.now(UTC))
    assert bound is not None
    return bound


async def test_rows_at_work_and_in_the_queue_have_their_times(
    supabase: Supabase, queue: Callable[..., UUID], database: Connection
) -> None:
    del database
    assert await read_row_times(supabase) == {}
    stages = [StageTime(stage=stage, start_time="", seconds=seconds) for stage, seconds in _SECONDS.items()]
    took = Took.of(300, stages, models="a-model").dump()
    for _ in range(ENOUGH):
        job_id = queue()
        assert await supabase.jobs.complete(job_id, await _claimed(supabase, job_id), said={"took": took})
    running, first, second = queue(), queue({"user_id": str(uuid4())}), queue({"backfill": True})
    token = await _claimed(supabase, running)
    assert await supabase.jobs.heartbeat(running, token, stage=Stage.TRANSCRIBING, percent=50)
    times = await read_row_times(supabase)
    assert {job_id: time.position for job_id, time in times.items()} == {running: None, first: 1, second: 1}
    ends = [times[job_id].time_left for job_id in (running, first)]
    now = datetime.now(UTC)
    left = [(end.likely - now).total_seconds() for end in ends if end is not None]
    assert 80 < left[0] < 100
    assert left[0] + 90 < left[1] < left[0] + 160
    paused = await read_row_times(supabase, paused=True)
    assert paused[running].time_left is not None
    assert paused[first].time_left is None


async def test_a_row_is_told_its_time_and_keeps_its_place(
    supabase: Supabase, queue: Callable[..., UUID], database: Connection
) -> None:
    waiting, at_work = queue({"user_id": str(uuid4()), "title": "t"}), queue()
    await _claimed(supabase, at_work)
    for job_id in (waiting, at_work):
        before = database.execute("select to_jsonb(j) from public.jobs j where job_id = %s", [job_id]).fetchone()
        row = await supabase.jobs.get(job_id)
        assert row is not None
        after = await supabase.jobs.put_beside(row, TIME_LEFT_KEY, {"position": 3})
        assert after is not None
        assert after.updated_at == row.updated_at
        now = database.execute("select to_jsonb(j) from public.jobs j where job_id = %s", [job_id]).fetchone()
        assert before is not None
        assert now is not None
        metadata = {**(before[0]["metadata"] or {}), TIME_LEFT_KEY: {"position": 3}}
        assert now[0] == {**before[0], "metadata": metadata}
    row = await supabase.jobs.get(waiting)
    assert row is not None
    database.execute("update public.jobs set updated_at = now() where job_id = %s", [waiting])
    assert await supabase.jobs.put_beside(row, TIME_LEFT_KEY, {"position": 4}) is None


async def test_a_claim_that_cannot_be_read_takes_no_place_from_the_others(
    supabase: Supabase, queue: Callable[..., UUID], database: Connection
) -> None:
    unreadable = '{"runops": {"a": ' + "9" * 5000 + "}}"
    done, hostile, waiting = queue(), queue(), queue()
    assert await supabase.jobs.complete(done, await _claimed(supabase, done), said={"took": {}})
    for job_id in (done, hostile):
        database.execute("update jobs set metadata = %s::jsonb where job_id = %s", [unreadable, job_id])
    times = await read_row_times(supabase)
    assert {job_id: time.position for job_id, time in times.items()} == {hostile: 1, waiting: 2}
