"""The length of the queue, as PostgREST counts it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from runops.job_row import Lane, RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.errors import SupabaseError

Connection = psycopg.Connection[Any]


@pytest.mark.usefixtures("database")
async def test_an_empty_queue_has_no_oldest_row(supabase: Supabase) -> None:
    backlog = await supabase.jobs.backlog(Lane.FRESH)
    assert (backlog.rows, backlog.oldest) == (0, None)


async def test_only_queued_rows_count_and_the_oldest_of_them_is_told(
    supabase: Supabase, queue: Callable[..., UUID], database: Connection
) -> None:
    ids = [queue() for _ in range(3)]
    queue(status="processing")
    old = queue(status="completed")
    for job_id, day in ((ids[1], "2026-01-02"), (ids[0], "2026-01-03"), (old, "2020-01-01")):
        database.execute("update public.jobs set created_at = %s where job_id = %s", (f"{day}T10:00:00Z", job_id))
    backlog = await supabase.jobs.backlog(Lane.FRESH)
    assert backlog.rows == 3
    assert backlog.oldest is not None
    assert datetime.fromisoformat(backlog.oldest).date().isoformat() == "2026-01-02"


async def test_each_lane_is_counted_by_itself(supabase: Supabase, queue: Callable[..., UUID]) -> None:
    marked: list[Any] = [{"backfill": True}, {"backfill": "true"}, {"backfill": False}, {"user_id": "a"}, None, []]
    for metadata in marked:
        queue(metadata)
    counts = [(await supabase.jobs.backlog(lane)).rows for lane in (Lane.FRESH, Lane.BACKFILL)]
    assert counts == [4, 2]


async def test_counting_many_rows_moves_one(supabase: Supabase, database: Connection) -> None:
    database.execute("insert into public.jobs (job_id) select gen_random_uuid() from generate_series(1, 700)")
    assert (await supabase.jobs.backlog(Lane.FRESH)).rows == 700


async def test_rows_of_each_status_are_counted(supabase: Supabase, queue: Callable[..., UUID]) -> None:
    for status in ("error", "error", "completed", "queued"):
        queue(status=status)
    counts = {status.value: await supabase.jobs.count(status) for status in RowStatus}
    assert counts == {"queued": 1, "processing": 0, "error": 2, "completed": 1}


async def test_many_rows_in_error_are_estimated_without_reading_them(supabase: Supabase, database: Connection) -> None:
    database.execute(
        "insert into public.jobs (job_id, status) select gen_random_uuid(), 'error' from generate_series(1, 100000)"
    )
    database.execute("analyze public.jobs")
    assert 80_000 < await supabase.jobs.count(RowStatus.ERROR) < 120_000


async def test_what_cannot_be_counted_is_an_error(supabase: Supabase, faults: FaultControl) -> None:
    faults.set(Fault(path=r"/rest/v1/jobs", kind="status", status=503, times=None))
    with pytest.raises(SupabaseError, match="counting the queued rows"):
        await supabase.jobs.backlog(Lane.FRESH)
