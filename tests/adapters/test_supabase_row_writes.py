from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from runops.job_row import Claim
from runops.progress import Stage
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError

Claimed = Callable[..., Awaitable[tuple[UUID, str]]]
Connection = psycopg.Connection[Any]
NOTES = [{"kind": "gaps", "sentence": "A part is missing.", "gaps": [{"start": 1.5, "end": 2.0, "reason": "empty"}]}]
SAID = {"notes": NOTES, "took": {"recording": 61.5, "stages": {"transcribing": 20.0}, "models": "a-model"}}


def row_of(database: Connection, job_id: UUID) -> dict[str, Any]:
    found = database.execute("select to_jsonb(j) from public.jobs j where job_id = %s", [job_id]).fetchone()
    assert found is not None
    row: dict[str, Any] = found[0]
    return row


async def test_heartbeat_shows_progress_and_refreshes_by_the_databases_clock(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    database.execute("update public.jobs set updated_at = '2020-01-01'")
    assert await supabase.jobs.heartbeat(job_id, token, stage=Stage.TRANSCRIBING, percent=55)
    row = row_of(database, job_id)
    assert (row["progress_stage"], row["progress_percent"]) == ("transcribing", 55)
    assert row["updated_at"] > "2026"


@pytest.mark.parametrize(
    "change",
    [
        "update public.jobs set metadata = jsonb_set(metadata, '{runops,claim}', '\"other\"')",
        "update public.jobs set metadata = null",
        "update public.jobs set status = 'queued'",
        "delete from public.jobs",
    ],
    ids=["replaced", "wiped", "requeued", "deleted"],
)
async def test_every_write_is_refused_once_the_claim_is_gone(
    change: str, supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    database.execute(change.encode())
    before = database.execute("select to_jsonb(j) from public.jobs j").fetchall()
    assert not await supabase.jobs.held(job_id, token)
    assert not await supabase.jobs.heartbeat(job_id, token, percent=60)
    assert not await supabase.jobs.complete(job_id, token, said=SAID)
    assert not await supabase.jobs.complete(job_id, token)
    assert not await supabase.jobs.fail(job_id, token, "no")
    assert not await supabase.jobs.release(job_id, token)
    assert database.execute("select to_jsonb(j) from public.jobs j").fetchall() == before


@pytest.mark.parametrize("kind", [None, "drop_after", "drop_before"])
async def test_what_is_said_of_a_completed_row_is_beside_its_claim(
    kind: Any, supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    own = {"user_id": str(uuid4()), "title": "Täglicher Abgleich", "notes": ["mine"], "deep": [{"x": 1.5}, None]}
    job_id, token = await claimed(own)
    bound = await supabase.jobs.bind_pod(job_id, token, "pod-1")
    assert bound is not None
    before = row_of(database, job_id)["metadata"]
    if kind is not None:
        faults.set(Fault(method="PATCH", path="/jobs", kind=kind))
    assert await supabase.jobs.complete(job_id, bound, said=SAID)
    ended = row_of(database, job_id)
    assert ended["status"] == "completed"
    assert ended["completed_at"] is not None
    assert ended["metadata"] == {**before, "runops": {**before["runops"], **SAID}}
    assert {key: value for key, value in ended["metadata"].items() if key != "runops"} == own
    assert await supabase.jobs.complete(job_id, bound, said=SAID)
    assert row_of(database, job_id) == ended


async def test_another_pods_worker_completes_nothing(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    first = await supabase.jobs.bind_pod(job_id, token, "pod-1")
    assert first is not None
    await supabase.jobs.bind_pod(job_id, token, "pod-2")
    before = row_of(database, job_id)
    assert not await supabase.jobs.complete(job_id, first, said=SAID)
    assert row_of(database, job_id) == before


async def test_the_next_claim_of_a_row_removes_its_notes(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed({"title": "t"})
    assert await supabase.jobs.complete(job_id, token, said=SAID)
    database.execute("update public.jobs set status = 'queued'")
    row = await supabase.jobs.get(job_id)
    assert row is not None
    claim = Claim(claim=str(uuid4()), by="here")
    assert await supabase.jobs.claim(row, claim) is not None
    assert row_of(database, job_id)["metadata"] == {"title": "t", "runops": claim.stamp()}


@pytest.mark.parametrize("kind", [None, "drop_after", "drop_before"])
async def test_complete_holds_and_can_be_said_twice(
    kind: Any, supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await claimed()
    if kind is not None:
        faults.set(Fault(method="PATCH", path="/jobs", kind=kind))
    assert await supabase.jobs.complete(job_id, token)
    first = row_of(database, job_id)
    assert (first["status"], first["error"], first["progress_stage"], first["progress_percent"]) == (
        "completed",
        None,
        "completed",
        100,
    )
    assert first["completed_at"] is not None
    assert await supabase.jobs.complete(job_id, token)
    assert not await supabase.jobs.fail(job_id, token, "too late")
    assert row_of(database, job_id) == first


async def test_fail_keeps_the_sentence_and_can_be_said_twice(
    supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await claimed()
    faults.set(Fault(method="PATCH", path="/jobs", kind="drop_after"))
    assert await supabase.jobs.fail(job_id, token, "The recording\x00 is an empty file \ud800.")
    row = row_of(database, job_id)
    assert (row["status"], row["error"]) == ("error", "The recording is an empty file ?.")
    assert await supabase.jobs.fail(job_id, token, "again")
    assert not await supabase.jobs.complete(job_id, token)


@pytest.mark.parametrize("kind", [None, "drop_after", "drop_before"])
async def test_release_puts_the_row_back_without_the_claim(
    kind: Any, supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await claimed({"user_id": "u", "title": "t"})
    if kind is not None:
        faults.set(Fault(method="PATCH", path="/jobs", kind=kind))
    assert await supabase.jobs.release(job_id, token)
    row = row_of(database, job_id)
    assert (row["status"], row["metadata"]) == ("queued", {"user_id": "u", "title": "t"})


@pytest.mark.parametrize("kind", [None, "drop_after", "drop_before"])
async def test_insert_queues_a_job_once(
    kind: Any, supabase: Supabase, database: Connection, faults: FaultControl
) -> None:
    job_id, user = uuid4(), uuid4()
    if kind is not None:
        faults.set(Fault(method="POST", path="/jobs", kind=kind))
    await supabase.jobs.insert(job_id, user_id=user, metadata={"title": "t"})
    row = row_of(database, job_id)
    assert (row["status"], row["metadata"]) == ("queued", {"title": "t", "user_id": str(user)})
    with pytest.raises(SupabaseError) as caught:
        await supabase.jobs.insert(job_id, user_id=None)
    assert caught.value.kind is ErrorKind.CONFLICT
