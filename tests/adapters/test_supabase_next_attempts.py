"""What an operator writes into rows that it holds, and how it sees them: on real PostgREST, with answers lost."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from runops.failures import Reason
from runops.job_row import Claim, JobRow, Lane
from runops.retry_policy import History
from runops.supabase.connection import Supabase

Queue = Callable[..., UUID]
Claimed = Callable[..., Awaitable[tuple[UUID, str]]]
Connection = psycopg.Connection[Any]
PATCH_JOBS = {"method": "PATCH", "path": r"/rest/v1/jobs"}
NOT_BEFORE = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


async def _held(supabase: Supabase, job_id: UUID) -> tuple[JobRow, Claim]:
    row = await supabase.jobs.get(job_id)
    assert row is not None
    assert row.claim is not None
    return row, row.claim


def _next(claim: Claim) -> Claim:
    return claim.after("job-1", History(failures=1), not_before=NOT_BEFORE, reason=Reason.MODEL_UNAVAILABLE)


async def test_the_next_attempts_claim_fences_the_one_before_off_and_keeps_what_the_app_wrote(
    supabase: Supabase, claimed: Claimed
) -> None:
    job_id, token = await claimed({"user_id": str(uuid4()), "title": "Ünïcode"})
    row, claim = await _held(supabase, job_id)
    assert await supabase.jobs.succeed(row, _next(claim))
    after, stamp = await _held(supabase, job_id)
    assert (stamp.failures, stamp.not_before, stamp.reason) == (1, NOT_BEFORE, Reason.MODEL_UNAVAILABLE)
    assert after.metadata["title"] == "Ünïcode"
    assert after.status == "processing"
    assert not await supabase.jobs.heartbeat(job_id, token), "the attempt that ended writes nothing any more"
    assert not await supabase.jobs.complete(job_id, token)
    assert await supabase.jobs.complete(job_id, stamp.claim)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
async def test_the_next_attempts_claim_is_there_once_though_an_answer_is_lost(
    supabase: Supabase, claimed: Claimed, faults: FaultControl, kind: Any
) -> None:
    job_id, _ = await claimed()
    row, claim = await _held(supabase, job_id)
    faults.set(Fault(**PATCH_JOBS, kind=kind))
    assert await supabase.jobs.succeed(row, _next(claim))
    assert (await _held(supabase, job_id))[1] == _next(claim)
    assert await supabase.jobs.succeed(row, _next(claim)), "noting the same end twice is no failure"


async def test_a_worker_that_still_beats_does_not_keep_the_next_attempt_out(
    supabase: Supabase, claimed: Claimed
) -> None:
    job_id, token = await claimed()
    row, claim = await _held(supabase, job_id)
    assert await supabase.jobs.heartbeat(job_id, token)
    assert await supabase.jobs.succeed(row, _next(claim)), "though the row is no longer as it was read"


async def test_the_next_attempt_is_not_prepared_in_a_row_that_is_somebody_elses(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, _ = await claimed()
    row, claim = await _held(supabase, job_id)
    database.execute("update public.jobs set status = 'cancelled' where job_id = %s", [job_id])
    assert not await supabase.jobs.succeed(row, _next(claim))
    there = await supabase.jobs.get(job_id)
    assert there is not None
    assert there.metadata == row.metadata


async def test_two_replicas_that_prepare_the_next_attempt_prepare_the_same(
    connect: Callable[..., Supabase], claimed: Claimed
) -> None:
    job_id, _ = await claimed()
    supabase = connect()
    row, claim = await _held(supabase, job_id)
    done = await asyncio.gather(*(connect().jobs.succeed(row, _next(claim)) for _ in range(8)))
    assert done == [True] * 8
    assert (await _held(supabase, job_id))[1] == _next(claim)


async def test_giving_way_takes_out_our_claim_and_nothing_else(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed({"title": "kept"})
    database.execute("update public.jobs set updated_at = now(), error = 'theirs' where job_id = %s", [job_id])
    before = await supabase.jobs.get(job_id)
    await supabase.jobs.give_way(job_id, token)
    after = await supabase.jobs.get(job_id)
    assert before is not None
    assert after is not None
    assert after == before.model_copy(update={"metadata": {"title": "kept"}, "version": after.version})
    await supabase.jobs.give_way(job_id, token)
    assert not await supabase.jobs.heartbeat(job_id, token)


async def test_rows_are_kept_alive_where_they_are_ours_and_nowhere_else(
    supabase: Supabase, claimed: Claimed, queue: Queue, database: Connection
) -> None:
    ours, _ = await claimed()
    theirs = queue({"runops": {"claim": str(uuid4()), "by": "there"}}, status="processing")
    ended = queue({"runops": {"claim": str(uuid4()), "by": "here"}}, status="error")
    database.execute("update public.jobs set updated_at = now() - interval '1 hour'")
    await supabase.jobs.keep_alive("here", [ours, theirs, ended, uuid4()])
    fresh = database.execute("select job_id from public.jobs where updated_at > now() - interval '1 minute'").fetchall()
    assert [row[0] for row in fresh] == [ours]


async def test_claims_are_listed_with_their_bound_pods(supabase: Supabase, claimed: Claimed, queue: Queue) -> None:
    job_id, token = await claimed()
    queue({"runops": {"claim": str(uuid4()), "by": "there"}}, status="processing")
    queue(status="processing")
    (seen,) = [row async for row in supabase.jobs.claims_of("here")]
    assert (seen.job_id, seen.token) == (job_id, token)
    exact = await supabase.jobs.bind_pod(job_id, token, "pod-1")
    (seen,) = [row async for row in supabase.jobs.claims_of("here")]
    assert (seen.claim, seen.token) == (exact, token)


async def test_more_claims_than_a_page_holds_are_listed(supabase: Supabase, database: Connection) -> None:
    database.execute(
        "insert into public.jobs (job_id, status, metadata) select gen_random_uuid(), 'processing', "
        "jsonb_build_object('runops', jsonb_build_object('claim', gen_random_uuid(), 'by', 'here')) "
        "from generate_series(1, 2345)"
    )
    assert len({row.job_id async for row in supabase.jobs.claims_of("here")}) == 2345


async def test_stale_rows_are_the_others_that_nobody_touched(
    supabase: Supabase, claimed: Claimed, queue: Queue, database: Connection
) -> None:
    await claimed()
    odd = 'there"), (\\'
    stale = {
        queue({"runops": {"claim": str(uuid4()), "by": odd}}, status="processing"),
        queue({"runops": "no claim"}, status="processing"),
        queue(None, status="processing"),
    }
    queue(None, status="queued")
    database.execute("update public.jobs set updated_at = now() - interval '2 hours'")
    fresh = queue(None, status="processing")
    before = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    found = await supabase.jobs.stale(before=before, installation="here", limit=10, lane=Lane.FRESH)
    assert {row.job_id for row in found} == stale
    found = await supabase.jobs.stale(before=before, installation=odd, limit=10, lane=Lane.FRESH)
    assert len(found) == 3, "a name with quotes and brackets is a name"
    assert fresh not in {row.job_id for row in found}
