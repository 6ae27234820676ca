"""Projects that keep several SOPs of a job, one for each `prompt_type`: only our own is replaced."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo
from runops.failures import Failed, Reason
from runops.supabase.connection import Supabase
from tests.schema_cache import read_anew

Claimed = Callable[..., Awaitable[tuple[UUID, str]]]
Connection = psycopg.Connection[Any]

SHAPES = {
    "nullable": "add column prompt_type text",
    "not null": "add column prompt_type varchar(20) not null",
    "checked": "add column prompt_type text not null check (prompt_type in ('atomic', 'stagehand'))",
    "enum": "add column prompt_type kind_of_sop not null",
}
ONE_OF_EACH = "alter table public.sops add constraint sops_job_id_prompt_type_key unique (job_id, prompt_type)"
ONE_OF_A_JOB = "alter table public.sops add constraint sops_job_id_key unique (job_id)"


@pytest.fixture(params=list(SHAPES))
def typed(request: pytest.FixtureRequest, database: Connection, stack: StackInfo) -> Iterator[str]:
    database.execute(b"create type kind_of_sop as enum ('atomic', 'stagehand')")
    database.execute(b"alter table public.sops drop constraint sops_job_id_key")
    database.execute(f"alter table public.sops {SHAPES[request.param]}; {ONE_OF_EACH}".encode())
    try:
        read_anew(database, stack)
        yield request.param
    finally:
        database.execute(b"truncate public.sops; alter table public.sops drop column prompt_type")
        database.execute(b"drop type kind_of_sop; alter table public.sops drop constraint if exists sops_job_id_key")
        database.execute(ONE_OF_A_JOB.encode())
        read_anew(database, stack)


def insert(database: Connection, job_id: UUID, data: str, kind: str | None) -> None:
    database.execute("insert into sops (job_id, data, prompt_type) values (%s, %s, %s)", [job_id, data, kind])


def sops(database: Connection) -> list[tuple[Any, ...]]:
    return database.execute("select prompt_type::text, data from sops order by id").fetchall()


async def test_a_retry_replaces_our_own_sop_and_leaves_the_others(
    typed: str, supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await claimed()
    await supabase.results.refuse_duplicates(job_id)
    insert(database, job_id, '{"for": "agents"}', "stagehand")
    assert await supabase.results.read_sop(job_id) == {"for": "agents"}
    for version in (1, 2):
        faults.set(Fault(method="POST", path="/sops", kind="drop_after"))
        await supabase.results.write_sop(job_id, token, {"version": version}, user_id=None)
        assert await supabase.results.read_sop(job_id) == {"version": version}
    assert sops(database) == [("stagehand", {"for": "agents"}), ("atomic", {"version": 2})], typed
    assert await supabase.results.sop_count(job_id) == 2
    insert(database, (await claimed())[0], '{"of": "another job"}', "atomic")
    await supabase.results.refuse_duplicates(job_id)


async def test_the_former_workers_plain_sop_is_replaced(
    typed: str, supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    insert(database, job_id, '{"by": "the former worker"}', "atomic")
    insert(database, job_id, '{"for": "agents"}', "stagehand")
    await supabase.results.write_sop(job_id, token, {"version": 1}, user_id=None)
    assert sorted(sops(database), key=str) == [("atomic", {"version": 1}), ("stagehand", {"for": "agents"})], typed


async def test_where_a_job_has_one_sop_of_any_type_it_is_replaced(
    typed: str, supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    database.execute(ONE_OF_A_JOB.encode())
    job_id, token = await claimed()
    insert(database, job_id, '{"for": "agents"}', "stagehand")
    await supabase.results.write_sop(job_id, token, {"version": 1}, user_id=None)
    assert sops(database) == [("atomic", {"version": 1})], typed


@pytest.mark.parametrize("typed", ["nullable"], indirect=True)
@pytest.mark.usefixtures("typed")
async def test_a_sop_from_before_the_column_is_ours_and_two_are_duplicates(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    insert(database, job_id, '{"version": 1}', None)
    assert await supabase.results.read_sop(job_id) == {"version": 1}
    await supabase.results.write_sop(job_id, token, {"version": 2}, user_id=None)
    assert sops(database) == [("atomic", {"version": 2})]
    other, token = await claimed()
    insert(database, other, '{"n": 1}', None)
    insert(database, other, '{"n": 2}', None)
    with pytest.raises(Failed) as caught:
        await supabase.results.write_sop(other, token, {"version": 1}, user_id=None)
    assert caught.value.reason is Reason.DUPLICATE_RESULTS
    with pytest.raises(Failed, match="sops holds 2 rows"):
        await supabase.results.refuse_duplicates(other)
    assert await supabase.results.read_sop(other) == {"n": 2}


async def test_without_the_column_two_sops_of_a_job_are_duplicates(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, _ = await claimed()
    database.execute("insert into transcripts (job_id, transcript) values (%s, '[]'), (%s, '[]')", [job_id, job_id])
    with pytest.raises(Failed, match="transcripts holds 2 rows"):
        await supabase.results.refuse_duplicates(job_id)
    assert await supabase.results.has_prompt_types() is False
    await supabase.results.refuse_duplicates(uuid4())
