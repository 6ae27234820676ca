"""An app writes `metadata` between our read and our write and leaves `updated_at` as it is: nothing of it is lost."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.faults import FaultControl
from devstack.stack import StackInfo
from runops.job_row import Claim, JobRow, RowStatus
from runops.progress import Stage
from runops.supabase.cancel_many import cancel_many
from runops.supabase.connection import Supabase
from runops.supabase.many_result import ManyResult
from runops.supabase.probe import inspect
from runops.supabase.row_commands import Outcome, cancel, run_again
from runops.supabase.row_summaries import summaries_of
from runops.supabase.run_again_many import run_many_again
from runops.supabase.shown_row import ShownRow
from tests.eventually import eventually

Connection = psycopg.Connection[Any]
Queue = Callable[..., UUID]
Act = Callable[[Supabase, JobRow, str], Awaitable[Any]]
APP = (
    b"update public.jobs "
    b"set metadata = metadata || jsonb_build_object('title', coalesce(metadata->>'title', '') || 'x')"
)
"""What an app writes. No trigger touches `updated_at`."""

WAITING = b"select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%jobs%'"


class App:
    """Writes to all rows right before the next writes of ours.

    Parameters
    ----------
    database
        Where it writes.
    rest
        Whose writes it comes before.
    """

    def __init__(self, database: Connection, supabase: Supabase, monkeypatch: pytest.MonkeyPatch) -> None:
        self._database, self._send, self.times = database, supabase.rest.send, 0
        monkeypatch.setattr(supabase.rest, "send", self._before)

    async def _before(self, build: Callable[[Any], Any], *, table: str, doing: str) -> Any:
        if self.times and build(_Kind()).writes:
            self.times -= 1
            self._database.execute(APP)
        return await self._send(build, table=table, doing=doing)


class _Kind:
    """Takes every call of the request builder and tells whether the request writes."""

    writes = False

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> "_Kind":
            self.writes = self.writes or name == "update"
            return self

        return self if name == "not_" else call


@pytest.fixture
def app(database: Connection, supabase: Supabase, monkeypatch: pytest.MonkeyPatch) -> App:
    return App(database, supabase, monkeypatch)


def stored(database: Connection, job_id: UUID) -> tuple[str, dict[str, Any]]:
    found = database.execute("select status, metadata from public.jobs where job_id = %s", [job_id]).fetchone()
    assert found is not None
    status, metadata = found
    return status, metadata


async def read(supabase: Supabase, job_id: UUID) -> JobRow:
    row = await supabase.jobs.get(job_id)
    assert row is not None
    return row


def a_claim() -> Claim:
    return Claim(claim=str(uuid4()), by="here")


async def test_a_claim_of_a_row_that_an_app_wrote_to_changes_nothing(
    supabase: Supabase, queue: Queue, database: Connection
) -> None:
    job_id = queue({"user_id": "u"})
    row, claim = await read(supabase, job_id), a_claim()
    database.execute(APP)
    assert await supabase.jobs.claim(row, claim) is None
    assert stored(database, job_id) == ("queued", {"user_id": "u", "title": "x"})
    (again,) = await supabase.jobs.queued(limit=5)
    assert await supabase.jobs.claim(again, claim) is not None
    assert stored(database, job_id) == ("processing", {"user_id": "u", "title": "x", "runops": claim.stamp()})


async def test_a_claim_of_several_rows_leaves_out_those_that_an_app_wrote_to(
    supabase: Supabase, queue: Queue, database: Connection
) -> None:
    written, left, moved = queue({}), queue({}), queue({})
    rows, claim = await supabase.jobs.queued(limit=5), a_claim()
    assert [row.job_id for row in rows] == [written, left, moved]
    database.execute('update public.jobs set metadata = \'{"title": "x"}\' where job_id = %s', [written])
    # Nothing but the row's place in the file changes: it is another version all the same.
    database.execute("update public.jobs set metadata = metadata where job_id = %s", [moved])
    batch = await supabase.jobs.claim_batch(rows, claim, from_status=RowStatus.QUEUED)
    # PostgREST 12 filters what it answers by the same alternatives.
    assert [row.job_id for row in batch.won] == [left]
    assert stored(database, written) == ("queued", {"title": "x"})
    assert stored(database, left) == ("processing", {"runops": claim.stamp()})
    assert batch.won == [await read(supabase, left)]


async def test_a_write_waits_for_the_apps_transaction_and_then_sees_it(
    supabase: Supabase, queue: Queue, database: Connection, stack: StackInfo
) -> None:
    """PostgreSQL compares again, by the row as the transaction that held its lock left it."""
    job_id = queue({"user_id": "u"})
    row = await read(supabase, job_id)
    with psycopg.connect(stack.database_url) as app:
        app.execute(APP)
        claiming = asyncio.ensure_future(supabase.jobs.claim(row, a_claim()))
        waits = "the claim waits for the app's transaction"
        await asyncio.to_thread(eventually, lambda: database.execute(WAITING).fetchone() == (1,), waits)
        app.commit()
    assert await claiming is None
    assert stored(database, job_id) == ("queued", {"user_id": "u", "title": "x"})


async def _complete(supabase: Supabase, row: JobRow, token: str) -> bool:
    return await supabase.jobs.complete(row.job_id, token, said={"seconds": 3})


async def _say(supabase: Supabase, row: JobRow, token: str) -> bool:
    return await supabase.jobs.say(row.job_id, token, {"seconds": 3})


async def _bind(supabase: Supabase, row: JobRow, token: str) -> bool:
    return await supabase.jobs.bind_pod(row.job_id, token, "pod") is not None


async def _succeed(supabase: Supabase, row: JobRow, token: str) -> bool:
    assert row.claim is not None
    return await supabase.jobs.succeed(row, row.claim.model_copy(update={"claim": f"{token[:-1]}z"}))


async def _restamp(supabase: Supabase, row: JobRow, token: str) -> bool:
    assert row.claim is not None
    assert token
    return await supabase.jobs.restamp(row, row.claim.model_copy(update={"by": "a new name"}))


async def _release(supabase: Supabase, row: JobRow, token: str) -> bool:
    return await supabase.jobs.release(row.job_id, token)


async def _retry(supabase: Supabase, row: JobRow, _token: str) -> bool:
    ended = await run_again(supabase, row.job_id, from_statuses=[RowStatus.PROCESSING], only_sop=True)
    return ended.outcome is Outcome.DONE


async def _heartbeat(supabase: Supabase, row: JobRow, token: str) -> bool:
    return await supabase.jobs.heartbeat(row.job_id, token, stage=Stage.TRANSCRIBING, percent=50)


async def _fail(supabase: Supabase, row: JobRow, token: str) -> bool:
    return await supabase.jobs.fail(row.job_id, token, "It failed.")


async def _cancel(supabase: Supabase, row: JobRow, _token: str) -> bool:
    return (await cancel(supabase, row.job_id, "Cancelled.")).outcome is Outcome.DONE


WRITES = (_complete, _say, _bind, _succeed, _restamp, _release, _retry, _heartbeat, _fail, _cancel)


@pytest.mark.parametrize("act", WRITES, ids=lambda act: act.__name__.strip("_"))
async def test_a_write_to_a_row_at_work_keeps_what_the_app_wrote(
    act: Act, supabase: Supabase, app: App, claimed: Callable[..., Awaitable[tuple[UUID, str]]], database: Connection
) -> None:
    job_id, token = await claimed({"user_id": "u"})
    row = await read(supabase, job_id)
    app.times = 2
    assert await act(supabase, row, token)
    status, metadata = stored(database, job_id)
    # Each write that carries metadata was made again on what the app had written.
    assert metadata["title"] == "x" * (2 - app.times)
    assert app.times < 2
    assert metadata["user_id"] == "u"
    assert status != "processing" or metadata["runops"]["by"]


async def test_what_is_put_beside_a_row_is_put_there_in_the_next_round(
    supabase: Supabase, queue: Queue, database: Connection
) -> None:
    job_id = queue({"user_id": "u"})
    row = await read(supabase, job_id)
    database.execute(APP)
    assert await supabase.jobs.put_beside(row, "time_left", {"position": 1}) is None
    assert stored(database, job_id)[1] == {"user_id": "u", "title": "x"}
    assert await supabase.jobs.put_beside(await read(supabase, job_id), "time_left", {"position": 1}) is not None
    assert stored(database, job_id)[1] == {"user_id": "u", "title": "x", "time_left": {"position": 1}}


async def test_a_row_that_an_app_corrected_is_not_refused(
    supabase: Supabase, queue: Queue, database: Connection
) -> None:
    job_id = queue({"user_id": 7})
    row = await read(supabase, job_id)
    database.execute("update public.jobs set metadata = '{}' where job_id = %s", [job_id])
    assert not await supabase.jobs.refuse(row, "metadata.user_id is no UUID.")
    assert stored(database, job_id) == ("queued", {})


async def test_an_unreadable_row_that_an_app_writes_to_is_looked_at_again_before_it_ends(
    supabase: Supabase, app: App, queue: Queue, database: Connection
) -> None:
    job_id = queue({})
    database.execute(b"update public.jobs set metadata = ('{\"n\": ' || repeat('9', 5000) || '}')::jsonb")
    status = "select status from public.jobs where job_id = %s"
    app.times = 1
    assert await supabase.jobs.queued(limit=5) == []
    assert (app.times, database.execute(status, [job_id]).fetchone()) == (0, ("queued",))
    assert await supabase.jobs.queued(limit=5) == []
    assert database.execute(status, [job_id]).fetchone() == ("error",)


async def test_many_rows_that_are_queued_again_keep_what_the_app_wrote(
    supabase: Supabase, app: App, queue: Queue, database: Connection
) -> None:
    attempt = {"claim": str(uuid4()), "by": "here", "attempt": 1}
    ended = [queue({"user_id": "u", "runops": attempt}, status) for status in ("error", "error", "completed")]
    shown = [ShownRow.of(row) for row in (await summaries_of(supabase, ended)).values()]
    app.times, result = 3, ManyResult()
    await run_many_again(supabase, shown, result)
    assert (result.changed, result.left, result.refused) == (3, 0, [])
    assert app.times == 0
    for job_id in ended:
        status, metadata = stored(database, job_id)
        assert (status, set(metadata["title"]), metadata["user_id"]) == ("queued", {"x"}, "u")
        assert "runops" not in metadata


async def test_many_rows_that_are_cancelled_keep_what_the_app_wrote(
    supabase: Supabase, app: App, queue: Queue, database: Connection
) -> None:
    waiting = [queue({"user_id": "u"}) for _ in range(3)]
    shown = [ShownRow.of(row) for row in (await summaries_of(supabase, waiting)).values()]
    app.times, result = 1, ManyResult()
    await cancel_many(supabase, shown, result, "Cancelled.")
    assert (result.changed, app.times) == (3, 0)
    assert {json.dumps(stored(database, job_id)) for job_id in waiting} == {
        json.dumps(("error", {"title": "x", "user_id": "u"}))
    }


async def test_versions_cost_no_request(supabase: Supabase, queue: Queue, faults: FaultControl) -> None:
    job_id, claim = queue({"user_id": "u"}), a_claim()
    await supabase.jobs.columns()
    before = len(faults.requests())
    rows = await supabase.jobs.queued(limit=5)
    assert (await supabase.jobs.claim_batch(rows, claim, from_status=RowStatus.QUEUED)).won
    bound = await supabase.jobs.bind_pod(job_id, claim.claim, "pod")
    assert bound is not None
    assert await supabase.jobs.heartbeat(job_id, bound, stage=Stage.TRANSCRIBING, percent=50)
    assert await supabase.jobs.complete(job_id, bound, said={"seconds": 3})
    # To bind and to complete is a read and a write each.
    assert [request.method for request in faults.requests()[before:]] == [
        *("GET", "PATCH"),
        *("GET", "PATCH", "PATCH"),
        *("GET", "PATCH"),
    ]


VIEW = b"alter table public.jobs rename to kept_jobs; create view public.jobs as select *%s from public.kept_jobs;"
TABLE_AGAIN = b"drop view public.jobs; alter table public.kept_jobs rename to jobs"
ALL = b"grant all on public.jobs to service_role"
COLUMNS = (
    b"revoke all on public.jobs from service_role;"
    b"grant select (id, job_id, status, created_at, updated_at, completed_at, error, metadata, progress_stage, "
    b"progress_percent%s), update, insert, delete on public.jobs to service_role"
)
TELLS_VERSIONS = {"a view": False, "a view with xmin": True, "rights by column": False, "rights with xmin": True}


@pytest.fixture(params=TELLS_VERSIONS)
def shape(request: pytest.FixtureRequest, database: Connection) -> Iterator[str]:
    """`jobs` as a view, with `xmin` or without, or as a table of which only columns may be read."""
    there, back = COLUMNS % (b", xmin" if TELLS_VERSIONS[request.param] else b""), ALL
    if "view" in request.param:
        there = VIEW % (b", xmin" if TELLS_VERSIONS[request.param] else b"") + ALL
        back = TABLE_AGAIN
    database.execute(there)
    try:
        # PostgREST need not notice: it finds the same name and the same columns.
        yield request.param
    finally:
        database.execute(back)


async def test_a_table_that_does_not_tell_versions_is_compared_by_its_time_and_the_check_says_so(
    shape: str, supabase: Supabase, queue: Queue, database: Connection
) -> None:
    first, second, third = queue({"user_id": "u"}), queue({"user_id": "u"}), queue({"user_id": "u"})
    columns = await supabase.jobs.columns()
    assert (columns.version, columns.progress, columns.error) == (TELLS_VERSIONS[shape], True, True)
    rows, claim = await supabase.jobs.queued(limit=5), a_claim()
    assert [row.version is not None for row in rows] == [TELLS_VERSIONS[shape]] * 3
    database.execute("update public.jobs set updated_at = now(), metadata = '{}' where job_id = %s", [first])
    batch = await supabase.jobs.claim_batch(rows, claim, from_status=RowStatus.QUEUED)
    assert {row.job_id for row in batch.won} == {second, third}
    assert await supabase.jobs.bind_pod(second, claim.claim, "pod") is not None
    assert await supabase.jobs.complete(second, claim.claim, said={"seconds": 3})
    assert (await run_again(supabase, third, from_statuses=[RowStatus.PROCESSING])).outcome is Outcome.DONE
    row = await read(supabase, first)
    database.execute('update public.jobs set metadata = \'{"title": "x"}\' where job_id = %s', [first])
    assert (await supabase.jobs.claim(row, a_claim()) is None) is TELLS_VERSIONS[shape]
    (found,) = [one for one in await inspect(supabase) if one.name == "table jobs"]
    assert found.ok
    assert ("xmin" in f"{found.detail} {found.remedy}") is not TELLS_VERSIONS[shape]


async def test_rows_of_a_restored_table_are_told_apart(supabase: Supabase, queue: Queue, database: Connection) -> None:
    """One transaction brings all rows back, so all have one version, and a freeze keeps it."""
    first, second = queue({}), queue({})
    before = await read(supabase, first)
    database.execute(
        b"begin; create temp table kept on commit drop as select * from public.jobs; truncate public.jobs cascade;"
        b"insert into public.jobs select * from kept order by id; commit"
    )
    assert await supabase.jobs.claim(before, a_claim()) is None
    rows = await supabase.jobs.queued(limit=5)
    assert len({row.version for row in rows}) == 1
    database.execute(b"vacuum (freeze) public.jobs")
    assert await supabase.jobs.queued(limit=5) == rows
    database.execute('update public.jobs set metadata = \'{"title": "x"}\' where job_id = %s', [second])
    batch = await supabase.jobs.claim_batch(rows, a_claim(), from_status=RowStatus.QUEUED)
    assert [row.job_id for row in batch.won] == [first]
