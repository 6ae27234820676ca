"""Nobody's row is hidden behind somebody's queue, however long, on real PostgREST."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.faults import FaultControl
from runops.claim_order import choose, user_key
from runops.job_row import JobRow, Lane
from runops.supabase.connection import Supabase
from runops_operator.intake.candidates import Candidates, Wanted
from tests.operator.world import CONFIG

Connection = psycopg.Connection[Any]
FLOOD = 3000


@pytest.fixture
def flood(database: Connection) -> str:
    """Queue thousands of rows of one user, whose id sorts after all others; gives that user."""
    user = f"ffffffff{str(uuid4())[8:]}"
    database.execute(
        "insert into public.jobs (job_id, metadata) select gen_random_uuid(), jsonb_build_object('user_id', %s::text) "
        "from generate_series(1, %s)",
        [user, FLOOD],
    )
    return user


async def _next(supabase: Supabase, *, slots: int, active: dict[str, int] | None = None) -> list[JobRow]:
    now = datetime.now(UTC)
    candidates = Candidates(supabase.jobs, CONFIG)
    rows = await candidates.read({Lane.FRESH: Wanted(slots, active or {})}, server_time=now)
    return choose(rows[Lane.FRESH], slots=slots, active=active or {}, now=now, ageing_seconds=600)


@pytest.mark.parametrize("metadata", [{"user_id": str(uuid4())}, None, {"title": "nobody's"}])
async def test_a_flood_delays_another_users_first_row_by_no_more_than_one_slot(
    supabase: Supabase, flood: str, queue: Callable[..., UUID], metadata: Any
) -> None:
    job_id = queue(metadata)
    assert job_id in {row.job_id for row in await _next(supabase, slots=2)}
    assert job_id in {row.job_id for row in await _next(supabase, slots=1, active={flood: 1})}


async def test_many_users_behind_a_flood_all_come_to_their_turn(
    supabase: Supabase, flood: str, database: Connection
) -> None:
    users = [str(uuid4()) for _ in range(130)]
    for user in users:
        database.execute(
            "insert into public.jobs (job_id, metadata) values (gen_random_uuid(), %s)", [json.dumps({"user_id": user})]
        )
    active = {flood: 5}
    served: set[str] = set()
    for _ in range(20):
        for row in await _next(supabase, slots=10, active=active):
            served.add(user_key(row))
            active[user_key(row)] = active.get(user_key(row), 0) + 1
            database.execute("update public.jobs set status = 'processing' where job_id = %s", [row.job_id])
        if served >= set(users):
            break
    assert served >= set(users)


async def test_a_priority_is_seen_behind_a_users_own_flood(supabase: Supabase, flood: str, queue: Any) -> None:
    urgent = queue({"user_id": flood, "priority": 9})
    for odd in (True, [1], {"a": 1}, "9", -3):
        queue({"user_id": flood, "priority": odd})
    assert [row.job_id for row in await _next(supabase, slots=1)] == [urgent]


async def test_a_short_queue_costs_one_read(supabase: Supabase, queue: Any, faults: FaultControl) -> None:
    for _ in range(5):
        queue()
    await supabase.jobs.columns()
    faults.forget()
    await _next(supabase, slots=3)
    reads = [request for request in faults.requests() if "status=eq.queued" in request.path]
    assert len(reads) == 1


async def test_backfills_at_the_head_of_the_queue_hide_no_fresh_row_nor_the_other_way_round(
    supabase: Supabase, flood: str, queue: Any, database: Connection
) -> None:
    database.execute(
        "insert into public.jobs (job_id, created_at, metadata) select gen_random_uuid(), '2020-01-01', "
        """jsonb_build_object('backfill', true, 'user_id', %s::text) from generate_series(1, 3000)""",
        [flood],
    )
    fresh = {queue({"user_id": str(uuid4())}), queue(None), queue({"backfill": False})}
    wanted = {lane: Wanted(2, {}) for lane in Lane}
    found = await Candidates(supabase.jobs, CONFIG).read(wanted, server_time=datetime.now(UTC))
    assert all(row.lane is lane for lane, rows in found.items() for row in rows)
    assert fresh <= {row.job_id for row in found[Lane.FRESH]}
    assert len(found[Lane.BACKFILL]) == 50
    database.execute("update public.jobs set status = 'completed' where metadata->>'backfill' = 'true'")
    late = queue({"backfill": "true", "user_id": flood})
    found = await Candidates(supabase.jobs, CONFIG).read(wanted, server_time=datetime.now(UTC))
    assert [row.job_id for row in found[Lane.BACKFILL]] == [late]


async def test_a_stale_row_is_found_in_its_lane(supabase: Supabase, database: Connection) -> None:
    for metadata in ('{"backfill": true}', "{}"):
        database.execute(
            "insert into public.jobs (job_id, status, updated_at, metadata) "
            "values (gen_random_uuid(), 'processing', '2020-01-01', %s)",
            [metadata],
        )
    for lane in Lane:
        rows = await supabase.jobs.stale(before=datetime.now(UTC).isoformat(), installation="ours", limit=5, lane=lane)
        assert [row.lane for row in rows] == [lane]
