import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, create_user
from runops.failures import Failed, Reason
from runops.supabase.connection import Supabase

Claimed = Callable[..., Awaitable[tuple[UUID, str]]]
Connection = psycopg.Connection[Any]


@pytest.fixture(params=["unique", "not unique"])
def index(request: pytest.FixtureRequest, database: Connection) -> Iterator[str]:
    for table in ("sops", "transcripts"):
        database.execute(f"alter table public.{table} drop constraint if exists {table}_job_id_key".encode())
        if request.param == "unique":
            database.execute(f"alter table public.{table} add constraint {table}_job_id_key unique (job_id)".encode())
    yield request.param
    database.execute(
        b"truncate public.sops, public.transcripts;"
        b"alter table public.transcripts drop constraint if exists transcripts_job_id_key;"
        b"alter table public.sops drop constraint if exists sops_job_id_key;"
        b"alter table public.sops add constraint sops_job_id_key unique (job_id)"
    )


@pytest.mark.parametrize("kind", [None, "drop_after", "drop_before", "reset"])
async def test_one_transcript_and_one_sop_however_often_written(
    *, kind: Any, index: str, supabase: Supabase, claimed: Claimed, faults: FaultControl, stack: StackInfo
) -> None:
    job_id, token = await claimed()
    user = uuid4()
    create_user(stack, str(user))
    if kind is not None:
        faults.set(*(Fault(method="POST", path=f"/{table}", kind=kind) for table in ("transcripts", "sops")))
    for version in (1, 2):
        await supabase.results.write_transcript(job_id, token, [{"version": version, "nul": "a\x00b"}])
        await supabase.results.write_sop(job_id, token, {"version": version}, user_id=user)
    assert await supabase.results.transcript_count(job_id) == 1, index
    assert await supabase.results.sop_count(job_id) == 1, index
    assert await supabase.results.read_transcript(job_id) == [{"version": 2, "nul": "ab"}]
    assert await supabase.results.read_sop(job_id) == {"version": 2}


async def test_insert_that_lands_after_it_was_given_up_leaves_one_row(
    supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await claimed()
    # The second try's insert meets what the first, given up as lost, commits only now.
    database.execute(
        b"create function public.twin() returns trigger language plpgsql as $$ begin"
        b" if pg_trigger_depth() = 1 then insert into public.transcripts (job_id, transcript)"
        b" values (new.job_id, new.transcript); end if; return new; end $$;"
        b"create trigger twin before insert on public.transcripts for each row execute function public.twin()"
    )
    try:
        faults.set(Fault(method="POST", path="/transcripts", kind="drop_before"))
        await supabase.results.write_transcript(job_id, token, [{"n": 1}])
    finally:
        database.execute(b"drop trigger twin on public.transcripts; drop function public.twin()")
    assert await supabase.results.transcript_count(job_id) == 1


async def test_two_rows_already_there_are_left_alone_and_named(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    for number in (1, 2):
        database.execute("insert into public.transcripts (job_id, transcript) values (%s, %s)", [job_id, f"[{number}]"])
    with pytest.raises(Failed) as caught:
        await supabase.results.write_transcript(job_id, token, [{"n": 3}])
    assert caught.value.reason is Reason.DUPLICATE_RESULTS
    assert "transcripts holds 2 rows" in caught.value.detail
    kept = database.execute("select transcript from public.transcripts order by id").fetchall()
    assert kept == [([1],), ([2],)]


async def test_unknown_user_is_no_silent_null(supabase: Supabase, claimed: Claimed) -> None:
    job_id, token = await claimed()
    stranger = uuid4()
    with pytest.raises(Failed) as caught:
        await supabase.results.write_sop(job_id, token, {"a": 1}, user_id=stranger)
    assert caught.value.reason is Reason.INVALID_USER
    assert str(stranger) in caught.value.detail
    assert await supabase.results.sop_count(job_id) == 0


async def test_job_deleted_meanwhile_is_a_lost_claim(supabase: Supabase) -> None:
    with pytest.raises(Failed) as caught:
        await supabase.results.write_transcript(uuid4(), str(uuid4()), [])
    assert caught.value.reason is Reason.CLAIM_LOST


async def test_sop_of_a_job_without_user_belongs_to_nobody(supabase: Supabase, claimed: Claimed) -> None:
    job_id, token = await claimed()
    assert await supabase.results.read_sop(job_id) is None
    await supabase.results.write_sop(job_id, token, {"a": 1}, user_id=None)
    assert await supabase.results.read_sop(job_id) == {"a": 1}
    assert await supabase.results.read_transcript(job_id) is None


WAYS_TO_LOSE_A_CLAIM = {
    "another token": "update public.jobs set metadata = jsonb_set(metadata, '{runops,claim}', to_jsonb('other'::text))",
    "another pod": "update public.jobs set metadata = jsonb_set(metadata, '{runops,claim}',"
    " to_jsonb(metadata->'runops'->>'claim' || '/other'))",
    "back in the queue": "update public.jobs set status = 'queued'",
    "cancelled": "update public.jobs set status = 'error'",
    "claim taken out": "update public.jobs set metadata = metadata - 'runops'",
}


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not holds():  # noqa: ASYNC110 - another process changes what is looked at
            await asyncio.sleep(0.02)


def stored(database: Connection) -> list[tuple[Any, ...]]:
    return [
        *database.execute("select id, job_id, transcript, updated_at from public.transcripts order by id").fetchall(),
        *database.execute("select id, job_id, data, user_id, updated_at from public.sops order by id").fetchall(),
    ]


async def bound(supabase: Supabase, claimed: Claimed) -> tuple[UUID, str]:
    job_id, token = await claimed()
    bound_token = await supabase.jobs.bind_pod(job_id, token, "pod")
    assert bound_token is not None
    return job_id, bound_token


@pytest.mark.parametrize("way", WAYS_TO_LOSE_A_CLAIM)
@pytest.mark.parametrize("written_before", [True, False])
async def test_without_the_claim_no_table_changes(
    *, way: str, written_before: bool, index: str, supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await bound(supabase, claimed)
    if written_before:
        await supabase.results.write_transcript(job_id, token, [{"n": 1}])
        await supabase.results.write_sop(job_id, token, {"n": 1}, user_id=None)
    before = stored(database)
    database.execute(WAYS_TO_LOSE_A_CLAIM[way].encode())
    writes = [
        supabase.results.write_transcript(job_id, token, [{"n": 2}]),
        supabase.results.write_sop(job_id, token, {"n": 2}, user_id=None),
    ]
    for write in writes:
        with pytest.raises(Failed) as caught:
            await write
        assert caught.value.reason is Reason.CLAIM_LOST, index
    assert stored(database) == before


async def test_a_claim_lost_between_the_look_and_the_write_is_noticed_by_the_write(
    *, index: str, supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await bound(supabase, claimed)
    faults.set(Fault(method="POST", path="/rest/v1/transcripts", kind="hang", seconds=1))
    writing = asyncio.ensure_future(supabase.results.write_transcript(job_id, token, []))
    await until(lambda: not faults.pending())
    database.execute(b"update public.jobs set status = 'queued'")
    with pytest.raises(Failed) as caught:
        await writing
    assert caught.value.reason is Reason.CLAIM_LOST, index
    assert stored(database) == []


async def test_a_result_that_somebody_deletes_meanwhile_is_written_anew(
    supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await claimed()
    await supabase.results.write_transcript(job_id, token, [{"n": 1}])
    with database.transaction():
        database.execute(b"delete from public.transcripts")
        # It still sees the row and waits for it.
        writing = asyncio.ensure_future(supabase.results.write_transcript(job_id, token, [{"n": 2}]))
        await until(lambda: any(one.method == "PATCH" and "/transcripts" in one.path for one in faults.requests()))
        await asyncio.sleep(0.3)
    await writing
    assert await supabase.results.read_transcript(job_id) == [{"n": 2}]


async def test_our_own_doubled_row_is_not_deleted_once_the_claim_is_gone(
    supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await bound(supabase, claimed)
    # The first try's insert and a second one both land, and the claim goes right after.
    database.execute(
        b"create function public.twin() returns trigger language plpgsql as $$ begin"
        b" if pg_trigger_depth() = 1 then insert into public.transcripts (job_id, transcript)"
        b" values (new.job_id, new.transcript); update public.jobs set status = 'queued'; end if; return new; end $$;"
        b"create trigger twin before insert on public.transcripts for each row execute function public.twin()"
    )
    try:
        faults.set(Fault(method="POST", path="/transcripts", kind="drop_after"))
        with pytest.raises(Failed) as caught:
            await supabase.results.write_transcript(job_id, token, [{"n": 1}])
    finally:
        database.execute(b"drop trigger twin on public.transcripts; drop function public.twin()")
    assert caught.value.reason is Reason.CLAIM_LOST
    assert await supabase.results.transcript_count(job_id) in {0, 2}
