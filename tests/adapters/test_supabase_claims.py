import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from devstack.faults import Fault, FaultControl
from runops.job_row import Claim, JobRow
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError

Queue = Callable[..., UUID]
Connection = psycopg.Connection[Any]
PATCH_JOBS = {"method": "PATCH", "path": r"/rest/v1/jobs"}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")).filter(
                lambda n: n != "runops"
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def new_claim(by: str = "here") -> Claim:
    return Claim(claim=str(uuid4()), by=by)


def column(database: Connection, job_id: UUID, expression: LiteralString) -> Any:
    query = sql.SQL("select {} from public.jobs where job_id = %s").format(sql.SQL(expression))
    found = database.execute(query, [job_id]).fetchone()
    assert found is not None
    return found[0]


async def test_each_row_is_claimed_once_by_twenty_clients(connect: Callable[..., Supabase], queue: Queue) -> None:
    queued = {queue() for _ in range(15)}
    won: Counter[UUID] = Counter()

    async def compete(number: int) -> None:
        supabase = connect()
        while rows := await supabase.jobs.queued(limit=5):
            for row in rows:
                if await supabase.jobs.claim(row, new_claim(str(number))) is not None:
                    won[row.job_id] += 1

    await asyncio.gather(*(compete(number) for number in range(20)))
    assert won == Counter(queued)


async def test_queue_is_read_oldest_first_and_only_as_far_as_asked(supabase: Supabase, queue: Queue) -> None:
    first, second, _third = queue(), queue(), queue()
    queue(status="completed")
    assert [row.job_id for row in await supabase.jobs.queued(limit=2)] == [first, second]


async def test_users_are_passed_over_as_they_are_spelled(supabase: Supabase, queue: Queue) -> None:
    user, other = str(uuid4()).upper(), str(uuid4())
    queue({"user_id": user})
    theirs, nobodys = queue({"user_id": other}), queue()
    found = await supabase.jobs.queued(limit=5, without_users=[user, 'of"no\\one'])
    assert [row.job_id for row in found] == [theirs, nobodys]
    found = await supabase.jobs.queued(limit=5, without_users=[user], without_nobody=True)
    assert [row.job_id for row in found] == [theirs]


async def test_claim_touches_no_other_row(supabase: Supabase, queue: Queue, database: Connection) -> None:
    mine, other = queue(), queue()
    row = await supabase.jobs.get(mine)
    assert row is not None
    assert await supabase.jobs.claim(row, new_claim()) is not None
    assert column(database, other, "status") == "queued"


async def test_claim_clears_what_an_earlier_run_left(supabase: Supabase, queue: Queue, database: Connection) -> None:
    job_id = queue()
    database.execute(
        "update public.jobs set error = 'old', completed_at = now(), progress_stage = 'completed', "
        "progress_percent = 100"
    )
    row = await supabase.jobs.get(job_id)
    assert row is not None
    won = await supabase.jobs.claim(row, new_claim())
    assert won is not None
    assert (won.status, won.error) == ("processing", None)
    assert column(database, job_id, "(completed_at, progress_stage, progress_percent)::text") == "(,,0)"


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "reset", "truncate"])
async def test_claim_whose_answer_is_lost_is_won(
    kind: Any, supabase: Supabase, queue: Queue, faults: FaultControl, database: Connection
) -> None:
    job_id, claim = queue(), new_claim()
    row = await supabase.jobs.get(job_id)
    assert row is not None
    faults.set(Fault(**PATCH_JOBS, kind=kind))
    won = await supabase.jobs.claim(row, claim)
    assert won is not None
    assert won.is_held_by(claim.claim)
    assert column(database, job_id, "metadata->'runops'->>'claim'") == claim.claim


async def test_claim_that_never_gets_an_answer_fails_in_bounded_time(
    supabase: Supabase, queue: Queue, faults: FaultControl
) -> None:
    row = await supabase.jobs.get(queue())
    assert row is not None
    faults.set(Fault(**PATCH_JOBS, kind="drop_before", times=None))
    with pytest.raises(SupabaseError) as caught:
        await supabase.jobs.claim(row, new_claim())
    assert caught.value.kind is ErrorKind.UNAVAILABLE


async def test_claim_is_lost_to_a_consumer_that_leaves_no_token(
    supabase: Supabase, queue: Queue, faults: FaultControl, database: Connection
) -> None:
    job_id = queue()
    row = await supabase.jobs.get(job_id)
    assert row is not None
    database.execute("update public.jobs set status = 'processing', updated_at = now()")
    assert await supabase.jobs.claim(row, new_claim()) is None
    faults.set(Fault(**PATCH_JOBS, kind="drop_before"))
    assert await supabase.jobs.claim(row, new_claim()) is None


async def test_claim_is_lost_where_the_row_changed_since_it_was_read(
    supabase: Supabase, queue: Queue, database: Connection
) -> None:
    job_id = queue({"a": 1})
    row = await supabase.jobs.get(job_id)
    assert row is not None
    database.execute("update public.jobs set metadata = '{\"a\": 2}', updated_at = now()")
    assert await supabase.jobs.claim(row, new_claim()) is None
    assert column(database, job_id, "metadata") == {"a": 2}


async def test_row_without_updated_at_can_be_claimed(supabase: Supabase, queue: Queue, database: Connection) -> None:
    job_id = queue()
    database.execute("update public.jobs set updated_at = null")
    row = await supabase.jobs.get(job_id)
    assert row is not None
    assert await supabase.jobs.claim(row, new_claim()) is not None


async def test_stale_claim_is_taken_over_from_processing(supabase: Supabase, queue: Queue) -> None:
    row = await supabase.jobs.get(queue())
    assert row is not None
    first = await supabase.jobs.claim(row, new_claim())
    assert first is not None
    second = await supabase.jobs.claim(first, new_claim("there"), from_status="processing")
    assert second is not None
    assert second.claim is not None
    assert second.claim.by == "there"
    assert await supabase.jobs.claim(first, new_claim(), from_status="processing") is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=json_values)
async def test_metadata_of_any_kind_survives_the_claim(
    metadata: Any, supabase: Supabase, queue: Queue, database: Connection
) -> None:
    job_id = queue(metadata)
    before = await supabase.jobs.get(job_id)
    assert before is not None
    assert await supabase.jobs.claim(before, new_claim()) is not None
    after = column(database, job_id, "metadata")
    after.pop("runops")
    expected = metadata if isinstance(metadata, dict) else {} if metadata is None else {"not_an_object": metadata}
    assert after == expected


async def test_rows_are_found_by_who_claimed_them(supabase: Supabase, queue: Queue) -> None:
    for by in ("work/my host, 1", "work/3f2a9c", "a work/", "workshop"):
        row = await supabase.jobs.get(queue())
        assert row is not None
        assert await supabase.jobs.claim(row, new_claim(by)) is not None
    found = await supabase.jobs.claimed_by_names("work/")
    assert [row.claim.by for row in found if row.claim] == ["work/my host, 1", "work/3f2a9c"]
    assert len(await supabase.jobs.claimed_by_names("work/", limit=1)) == 1
    assert len(await supabase.jobs.claimed_by_names("work/my host, 1")) == 1
    assert await supabase.jobs.claimed_by_names("w.rk") == []


async def test_more_ids_than_one_address_holds_are_read(supabase: Supabase, queue: Queue) -> None:
    ids = [queue() for _ in range(120)]
    assert set(await supabase.jobs.get_many([*ids, uuid4()])) == set(ids)


@pytest.mark.parametrize(
    "metadata",
    ['{"n": 1e5000}', '{"n": ' + "[" * 2000 + "]" * 2000 + "}", '{"n": ' + "[" * 900 + "]" * 900 + "}"],
    ids=["number too long", "nested too deeply", "readable and not writable"],
)
async def test_row_that_cannot_be_read_ends_and_does_not_stop_the_queue(
    metadata: str, supabase: Supabase, queue: Queue, database: Connection
) -> None:
    bad = uuid4()
    database.execute("insert into public.jobs (job_id, metadata) values (%s, %s)", [bad, metadata])
    good = queue()
    won = []
    for row in await supabase.jobs.queued(limit=10):
        claimed = await supabase.jobs.claim(row, new_claim())
        won += [claimed.job_id] if claimed is not None else []
    assert good in won
    assert column(database, bad, "status") == ("processing" if bad in won else "error")


async def test_claim_is_lost_to_a_consumer_that_leaves_updated_at_as_it_was(
    supabase: Supabase, queue: Queue, database: Connection
) -> None:
    row = await supabase.jobs.get(queue())
    assert row is not None
    database.execute("update public.jobs set status = 'processing'")
    assert await supabase.jobs.claim(row, new_claim()) is None


async def read(supabase: Supabase, ids: list[UUID]) -> list[JobRow]:
    there = await supabase.jobs.get_many(ids)
    return [there[job_id] for job_id in ids]


async def test_rows_alike_are_claimed_by_one_request(
    supabase: Supabase, queue: Queue, faults: FaultControl, database: Connection
) -> None:
    ids, bystander, claim = [queue({"a": 1}) for _ in range(7)], queue({"a": 1}), new_claim()
    rows = await read(supabase, ids)
    # Any second write would be answered so.
    faults.set(Fault(**PATCH_JOBS, kind="status", status=400, skip=1, times=None))
    won = (await supabase.jobs.claim_batch(rows, claim, from_status="queued")).won
    assert {row.job_id for row in won} == set(ids)
    assert all(row.is_held_by(claim.claim) and row.metadata["a"] == 1 for row in won)
    assert column(database, bystander, "status") == "queued"


async def test_of_rows_alike_those_that_changed_are_left(
    supabase: Supabase, queue: Queue, database: Connection
) -> None:
    ids = [queue() for _ in range(4)]
    rows = await read(supabase, ids)
    database.execute("update public.jobs set updated_at = now() where job_id = %s", [ids[1]])
    database.execute("update public.jobs set status = 'processing' where job_id = %s", [ids[2]])
    won = (await supabase.jobs.claim_batch(rows, new_claim(), from_status="queued")).won
    assert {row.job_id for row in won} == {ids[0], ids[3]}
    assert column(database, ids[1], "metadata") is None


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "reset", "truncate"])
async def test_rows_alike_whose_answer_is_lost_are_all_won(
    kind: Any, supabase: Supabase, queue: Queue, faults: FaultControl
) -> None:
    ids, claim = [queue() for _ in range(5)], new_claim()
    rows = await read(supabase, ids)
    faults.set(Fault(**PATCH_JOBS, kind=kind))
    won = (await supabase.jobs.claim_batch(rows, claim, from_status="queued")).won
    assert sorted(row.job_id for row in won) == sorted(ids)
    assert all(row.is_held_by(claim.claim) for row in won)


async def test_rows_alike_are_not_won_from_whoever_had_them_while_the_answer_was_lost(
    supabase: Supabase, queue: Queue, faults: FaultControl, database: Connection
) -> None:
    ids = [queue() for _ in range(3)]
    rows = await read(supabase, ids)
    database.execute("update public.jobs set status = 'processing' where job_id = %s", [ids[0]])
    faults.set(Fault(**PATCH_JOBS, kind="drop_before"))
    won = (await supabase.jobs.claim_batch(rows, new_claim(), from_status="queued")).won
    assert {row.job_id for row in won} == set(ids[1:])


async def test_rows_alike_are_not_won_by_a_key_that_is_refused(
    supabase: Supabase, queue: Queue, faults: FaultControl
) -> None:
    rows = await read(supabase, [queue(), queue()])
    faults.set(Fault(**PATCH_JOBS, kind="status", status=401, times=None))
    with pytest.raises(SupabaseError) as caught:
        await supabase.jobs.claim_batch(rows, new_claim(), from_status="queued")
    assert caught.value.kind is ErrorKind.KEY_REJECTED


async def test_a_row_that_a_trigger_keeps_from_being_claimed_does_not_keep_the_others(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    first, frozen, last = (queue({"title": "the same"}) for _ in range(3))
    database.execute(
        b"create function keep_it() returns trigger language plpgsql as $$ begin if new.id = 2 then "
        b"raise exception 'this row is frozen'; end if; return new; end $$;"
        b"create trigger keep_it before update on public.jobs for each row execute function keep_it()"
    )
    try:
        rows = await supabase.jobs.queued(limit=5)
        batch = await supabase.jobs.claim_batch(rows, Claim(claim=str(uuid4()), by="here"), from_status="queued")
        assert [row.job_id for row in batch.won] == [first, last]
        assert [(row.job_id, "this row is frozen" in str(error)) for row, error in batch.refused] == [(frozen, True)]
        (left,) = await supabase.jobs.queued(limit=5)
        assert left.job_id == frozen
    finally:
        database.execute(b"drop trigger keep_it on public.jobs; drop function keep_it()")


async def test_a_row_that_a_check_keeps_from_being_claimed_says_why_and_keeps_its_place(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    job_id = queue({"plan": "free"})
    database.execute(
        "alter table public.jobs add constraint paid check (status <> 'processing' or metadata->>'plan' <> 'free')"
    )
    try:
        (row,) = await supabase.jobs.queued(limit=5)
        batch = await supabase.jobs.claim_batch([row], Claim(claim=str(uuid4()), by="here"), from_status="queued")
        ((_, error),) = batch.refused
        assert await supabase.jobs.explain(row, f"It waits: {error}")
        (there,) = await supabase.jobs.queued(limit=5)
        assert (there.job_id, there.updated_at, there.waiting_since) == (job_id, row.updated_at, row.waiting_since)
        assert "paid" in (there.error or "")
        assert not await supabase.jobs.explain(row.model_copy(update={"updated_at": "2020-01-01T00:00:00Z"}), "No.")
    finally:
        database.execute("alter table public.jobs drop constraint paid")
    claimed = await supabase.jobs.claim(there, Claim(claim=str(uuid4()), by="here"))
    assert claimed is not None
    assert claimed.error is None
