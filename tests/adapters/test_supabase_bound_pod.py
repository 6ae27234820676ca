"""Of two pods of one attempt only the one bound last can write."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from devstack.faults import Fault, FaultControl
from runops.failures import Failed, Reason
from runops.supabase.connection import Supabase

Claimed = Callable[..., Awaitable[tuple[UUID, str]]]
Connection = psycopg.Connection[Any]


def metadata(database: Connection) -> Any:
    found = database.execute("select metadata from public.jobs").fetchone()
    assert found is not None
    return found[0]


async def test_a_pod_is_bound_and_everything_else_is_kept(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed({"user_id": "u", "notes": [1, {"a": None}]})
    before = metadata(database)
    before["runops"] |= {"failures": 2, "of_a_newer_version": {"x": [1.5]}}
    database.execute("update public.jobs set metadata = %s", [Jsonb(before)])
    assert await supabase.jobs.bind_pod(job_id, token, "pod-1") == f"{token}/pod-1"
    assert metadata(database) == {**before, "runops": {**before["runops"], "claim": f"{token}/pod-1"}}


async def test_the_former_pod_loses_the_claim_and_the_operator_keeps_it(supabase: Supabase, claimed: Claimed) -> None:
    job_id, token = await claimed()
    first = await supabase.jobs.bind_pod(job_id, token, "pod-1")
    second = await supabase.jobs.bind_pod(job_id, token, "pod-2")
    assert first is not None
    assert second is not None
    assert await supabase.jobs.bind_pod(job_id, token, "pod-2") == second
    assert not await supabase.jobs.heartbeat(job_id, first)
    assert not await supabase.jobs.held(job_id, first)
    assert not await supabase.jobs.complete(job_id, first)
    with pytest.raises(Failed) as caught:
        await supabase.results.write_transcript(job_id, first, [])
    assert caught.value.reason is Reason.CLAIM_LOST
    assert await supabase.jobs.heartbeat(job_id, token)
    assert await supabase.jobs.heartbeat(job_id, second)
    assert await supabase.jobs.complete(job_id, second)


async def test_of_many_pods_exactly_the_last_is_bound(connect: Callable[..., Supabase], claimed: Claimed) -> None:
    job_id, token = await claimed()
    pods = [f"pod-{number}" for number in range(4)]
    taken = await asyncio.gather(*(connect().jobs.bind_pod(job_id, token, pod) for pod in pods))
    assert set(taken) == {f"{token}/{pod}" for pod in pods}
    assert [await connect().jobs.held(job_id, str(bound)) for bound in taken].count(True) == 1


@pytest.mark.parametrize(
    "change",
    [
        "update public.jobs set status = 'queued'",
        "update public.jobs set metadata = '{}'",
        "update public.jobs set metadata = null",
        "delete from public.jobs",
        "update public.jobs set metadata = jsonb_set(metadata, '{runops,claim}', to_jsonb(gen_random_uuid()::text))",
    ],
)
async def test_no_pod_is_bound_to_an_attempt_that_is_over(
    change: str, supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    database.execute(change.encode())
    assert await supabase.jobs.bind_pod(job_id, token, "pod-1") is None


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "reset", "truncate"])
@pytest.mark.parametrize("times", [1, 3])
async def test_an_answer_that_does_not_arrive_is_resolved_by_reading(
    *, kind: Any, times: int, supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await claimed()
    faults.set(Fault(method="PATCH", path="/rest/v1/jobs", kind=kind, times=times))
    assert await supabase.jobs.bind_pod(job_id, token, "pod-1") == f"{token}/pod-1"
    assert metadata(database)["runops"]["claim"] == f"{token}/pod-1"


async def test_a_heartbeat_of_the_pod_before_comes_in_between(
    supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await claimed()
    faults.set(Fault(method="PATCH", path="/rest/v1/jobs", kind="drop_before"))
    taking = asyncio.ensure_future(supabase.jobs.bind_pod(job_id, token, str(uuid4())))
    for _ in range(5):
        database.execute(b"update public.jobs set updated_at = clock_timestamp()")
        await asyncio.sleep(0.01)
    bound = await taking
    assert bound is not None
    assert await supabase.jobs.held(job_id, bound)
