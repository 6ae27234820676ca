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
    job_id, _token = await claimed()
    user = uuid4()
    create_user(stack, str(user))
    if kind is not None:
        faults.set(*(Fault(method="POST", path=f"/{table}", kind=kind) for table in ("transcripts", "sops")))
    for version in (1, 2):
        await supabase.results.write_transcript(job_id, [{"version": version, "nul": "a\x00b"}])
        await supabase.results.write_sop(job_id, {"version": version}, user_id=user)
    assert await supabase.results.transcript_count(job_id) == 1, index
    assert await supabase.results.sop_count(job_id) == 1, index
    assert await supabase.results.read_transcript(job_id) == [{"version": 2, "nul": "ab"}]
    assert await supabase.results.read_sop(job_id) == {"version": 2}


async def test_insert_that_lands_after_it_was_given_up_leaves_one_row(
    supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, _token = await claimed()
    # The second try's insert meets what the first, given up as lost, commits only now.
    database.execute(
        b"create function public.twin() returns trigger language plpgsql as $$ begin"
        b" if pg_trigger_depth() = 1 then insert into public.transcripts (job_id, transcript)"
        b" values (new.job_id, new.transcript); end if; return new; end $$;"
        b"create trigger twin before insert on public.transcripts for each row execute function public.twin()"
    )
    try:
        faults.set(Fault(method="POST", path="/transcripts", kind="drop_before"))
        await supabase.results.write_transcript(job_id, [{"n": 1}])
    finally:
        database.execute(b"drop trigger twin on public.transcripts; drop function public.twin()")
    assert await supabase.results.transcript_count(job_id) == 1


async def test_two_rows_already_there_are_left_alone_and_named(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, _token = await claimed()
    for number in (1, 2):
        database.execute("insert into public.transcripts (job_id, transcript) values (%s, %s)", [job_id, f"[{number}]"])
    with pytest.raises(Failed) as caught:
        await supabase.results.write_transcript(job_id, [{"n": 3}])
    assert caught.value.reason is Reason.DUPLICATE_RESULTS
    assert "transcripts holds 2 rows" in caught.value.detail
    kept = database.execute("select transcript from public.transcripts order by id").fetchall()
    assert kept == [([1],), ([2],)]


async def test_unknown_user_is_no_silent_null(supabase: Supabase, claimed: Claimed) -> None:
    job_id, _token = await claimed()
    stranger = uuid4()
    with pytest.raises(Failed) as caught:
        await supabase.results.write_sop(job_id, {"a": 1}, user_id=stranger)
    assert caught.value.reason is Reason.INVALID_USER
    assert str(stranger) in caught.value.detail
    assert await supabase.results.sop_count(job_id) == 0


async def test_job_deleted_meanwhile_is_a_lost_claim(supabase: Supabase) -> None:
    with pytest.raises(Failed) as caught:
        await supabase.results.write_transcript(uuid4(), [])
    assert caught.value.reason is Reason.CLAIM_LOST


async def test_sop_of_a_job_without_user_belongs_to_nobody(supabase: Supabase, claimed: Claimed) -> None:
    job_id, _token = await claimed()
    assert await supabase.results.read_sop(job_id) is None
    await supabase.results.write_sop(job_id, {"a": 1}, user_id=None)
    assert await supabase.results.read_sop(job_id) == {"a": 1}
    assert await supabase.results.read_transcript(job_id) is None
