"""A SOP that an app edits while it is written: nothing that was not read is replaced."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo
from runops.failures import Failed, Reason
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from tests.schema_cache import read_anew

Claimed = Callable[..., Awaitable[tuple[UUID, str]]]
Connection = psycopg.Connection[Any]
EDIT = b"update public.sops set data = data || jsonb_build_object('edits', coalesce((data->>'edits')::int, 0) + 1)"
"""As an app may write it: `updated_at` stays."""


@pytest.fixture(params=["a table", "a view"])
def shape(request: pytest.FixtureRequest, database: Connection, stack: StackInfo) -> Iterator[str]:
    """`sops` as it is, or as a view of another table, which has no `xmin`."""
    if request.param == "a view":
        database.execute(
            b"alter table public.sops rename to kept_sops;"
            b"create view public.sops as select * from public.kept_sops;"
            b"grant all on public.sops to service_role"
        )
        read_anew(database, stack)
    yield request.param
    if request.param == "a view":
        database.execute(b"drop view public.sops; alter table public.kept_sops rename to sops; truncate public.sops")
        read_anew(database, stack)


class Editor:
    """Keeps what is in the table beside the new SOP; an app edits it after the first looks."""

    def __init__(self, edit: Callable[[], Any], *, times: int) -> None:
        self.edit, self.times = edit, times
        self.seen: list[Any] = []

    async def keep(self, there: Any) -> dict[str, Any]:
        self.seen.append(there)
        if len(self.seen) <= self.times:
            self.edit()
        return {"kept": there}


def only_sop(database: Connection) -> Any:
    ((data,),) = database.execute(b"select data from public.sops").fetchall()
    return data


async def test_an_edit_between_the_look_and_the_write_is_looked_at_again(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    await supabase.results.write_sop(job_id, token, {"n": 1}, user_id=None)
    editor = Editor(lambda: database.execute(EDIT), times=2)
    await supabase.results.write_sop(job_id, token, {"n": 2}, user_id=None, keep=editor.keep)
    assert editor.seen == [{"n": 1}, {"n": 1, "edits": 1}, {"n": 1, "edits": 2}]
    assert only_sop(database) == {"kept": {"n": 1, "edits": 2}}


async def test_a_sop_in_a_view_is_compared_by_its_time(
    shape: str, supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    await supabase.results.write_sop(job_id, token, {"n": 1}, user_id=None)
    editor = Editor(
        lambda: database.execute(EDIT + b", updated_at = clock_timestamp()"),
        times=1,
    )
    await supabase.results.write_sop(job_id, token, {"n": 2}, user_id=None, keep=editor.keep)
    assert editor.seen == [{"n": 1}, {"n": 1, "edits": 1}], shape
    found = await supabase.results.sop_in_table(job_id)
    assert found is not None
    assert found.version_column == ("xmin" if shape == "a table" else "updated_at")


async def test_an_app_that_never_stops_editing_is_never_written_over(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    await supabase.results.write_sop(job_id, token, {"n": 1}, user_id=None)
    editor = Editor(lambda: database.execute(EDIT), times=100)
    with pytest.raises(SupabaseError) as caught:
        await supabase.results.write_sop(job_id, token, {"n": 2}, user_id=None, keep=editor.keep)
    assert caught.value.kind is ErrorKind.CONFLICT
    assert only_sop(database) == {"n": 1, "edits": len(editor.seen)}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_an_answer_that_is_lost_is_no_edit(
    *, kind: Any, supabase: Supabase, claimed: Claimed, database: Connection, faults: FaultControl
) -> None:
    job_id, token = await claimed()
    await supabase.results.write_sop(job_id, token, {"n": 1}, user_id=None)
    seen = []

    async def keep(there: Any) -> dict[str, Any]:
        seen.append(there)
        return {"n": 2}

    faults.set(Fault(method="PATCH", path="/sops", kind=kind))
    await supabase.results.write_sop(job_id, token, {"n": 2}, user_id=None, keep=keep)
    assert only_sop(database) == {"n": 2}
    assert seen == [{"n": 1}, {"n": 2 if kind == "drop_after" else 1}]


async def test_what_is_to_stay_is_not_written(supabase: Supabase, claimed: Claimed, database: Connection) -> None:
    job_id, token = await claimed()
    await supabase.results.write_sop(job_id, token, {"n": 1}, user_id=None)
    before = database.execute(b"select xmin::text, updated_at from public.sops").fetchall()

    async def keep(_there: Any) -> None:
        return None

    await supabase.results.write_sop(job_id, token, {"n": 2}, user_id=None, keep=keep)
    assert database.execute(b"select xmin::text, updated_at from public.sops").fetchall() == before


async def test_without_the_claim_an_edited_sop_stays_too(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    await supabase.results.write_sop(job_id, token, {"n": 1}, user_id=None)
    editor = Editor(lambda: database.execute(b"update public.jobs set status = 'queued'"), times=1)
    with pytest.raises(Failed) as caught:
        await supabase.results.write_sop(job_id, token, {"n": 2}, user_id=None, keep=editor.keep)
    assert caught.value.reason is Reason.CLAIM_LOST
    assert only_sop(database) == {"n": 1}


async def test_a_sop_that_is_deleted_meanwhile_is_written_anew(
    supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    await supabase.results.write_sop(job_id, token, {"n": 1}, user_id=None)
    editor = Editor(lambda: database.execute(b"delete from public.sops"), times=1)
    await supabase.results.write_sop(job_id, token, {"n": 2}, user_id=None, keep=editor.keep)
    assert only_sop(database) == {"n": 2}


@pytest.mark.parametrize(
    ("status", "edited", "written"),
    [("completed", False, True), ("error", False, True), ("completed", True, False), ("processing", False, False)],
)
async def test_a_person_replaces_the_sop_they_have_seen_of_a_job_that_has_ended(
    *, status: str, edited: bool, written: bool, supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id, token = await claimed()
    assert await supabase.results.sop_in_table(job_id) is None
    await supabase.results.write_sop(job_id, token, {"n": 1}, user_id=None)
    there = await supabase.results.sop_in_table(job_id)
    assert there is not None
    assert there.data == {"n": 1}
    database.execute("update public.jobs set status = %s", [status])
    if edited:
        database.execute(EDIT)
    assert await supabase.results.replace_sop(job_id, there, {"n": 2}) is written
    assert only_sop(database) == ({"n": 2} if written else {"n": 1, "edits": 1} if edited else {"n": 1})


async def test_two_editors_at_once_lose_nothing(supabase: Supabase, claimed: Claimed, database: Connection) -> None:
    job_id, token = await claimed()
    await supabase.results.write_sop(job_id, token, {"writes": []}, user_id=None)

    async def add(number: int) -> None:
        async def keep(there: Any) -> dict[str, Any]:
            return {"writes": [*there["writes"], number]}

        await supabase.results.write_sop(job_id, token, {}, user_id=None, keep=keep)

    await asyncio.gather(add(1), add(2))
    assert sorted(only_sop(database)["writes"]) == [1, 2]
