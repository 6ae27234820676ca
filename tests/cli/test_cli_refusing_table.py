"""`runops work` on a table that refuses to let some rows end, or be claimed: the other rows go on."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from runops.failures import Failed, Reason
from runops.job_row import Claim, JobRow
from runops.supabase.connection import Supabase
from runops_cli.work import claiming
from runops_cli.work.stop_signal import StopSignal
from tests.cli.test_cli_loop import Scripted, loop, queue, status_of, supabase

__all__ = ["supabase"]

Connection = psycopg.Connection[Any]
ALLOWED = "status in ('queued', 'processing', 'completed', 'failed')"


@pytest.fixture
def no_error(database: Connection) -> Iterator[None]:
    """Have a table that calls it `failed`."""
    database.execute(f"alter table jobs add constraint jobs_status_check check ({ALLOWED})".encode())
    yield
    database.execute(b"truncate jobs cascade; alter table jobs drop constraint if exists jobs_status_check")


@pytest.fixture
def guarded(database: Connection) -> Iterator[None]:
    """Have a trigger that lets nobody change rows of which the metadata says so."""
    database.execute(
        b"create function guard() returns trigger language plpgsql as $$ begin"
        b" if old.metadata ? 'frozen' then raise exception 'this row is frozen'; end if; return new; end $$;"
        b"create trigger guard before update on jobs for each row execute function guard()"
    )
    yield
    database.execute(b"drop trigger guard on jobs; drop function guard()")


def age(database: Connection) -> None:
    database.execute(b"update jobs set updated_at = now() - interval '6 minutes' where status = 'processing'")


@pytest.mark.usefixtures("no_error")
async def test_the_next_rows_go_on_where_the_table_does_not_take_an_error(
    supabase: Supabase, database: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(claiming, "_ABANDONED_EVERY_SECONDS", 0.0)
    bad, good = queue(database), queue(database)

    async def one_fails(row: JobRow, claim: Claim) -> None:
        if row.job_id == bad:
            raise Failed(Reason.UNSUPPORTED_MEDIA, "It is a text.")
        age(database)
        later.append(queue(database)) if len(later) < 2 else None
        await supabase.jobs.complete(row.job_id, claim.claim)

    later: list[UUID] = []
    runner = Scripted(one_fails)
    assert await loop(supabase, runner).run() == 1
    # The row that failed is not worked on again, however old its last refresh is.
    assert runner.worked_on == [bad, good, *later]
    assert status_of(database, bad) == ("processing", None)
    said = capsys.readouterr().err
    assert "violates check constraint" in said
    assert f"{bad}  failed: It is a text. The table refuses this end" in said
    # What the database says of the row would show its content.
    assert "Failing row" not in said


@pytest.mark.usefixtures("no_error")
async def test_a_refused_end_is_written_once_the_table_takes_it(
    supabase: Supabase, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "_ABANDONED_EVERY_SECONDS", 0.0)
    bad, good = queue(database), queue(database)

    async def one_fails(row: JobRow, claim: Claim) -> None:
        if row.job_id == bad:
            raise Failed(Reason.UNSUPPORTED_MEDIA, "It is a text.")
        database.execute(b"alter table jobs drop constraint jobs_status_check")
        await supabase.jobs.complete(row.job_id, claim.claim)

    await loop(supabase, Scripted(one_fails)).run()
    assert status_of(database, good) == ("completed", None)
    assert status_of(database, bad) == ("error", "It is a text.")


@pytest.mark.usefixtures("no_error")
async def test_a_row_that_crashed_its_process_too_often_stops_no_other(
    supabase: Supabase, database: Connection
) -> None:
    crashed, good = queue(database), queue(database)
    database.execute(
        "update jobs set status = 'processing', updated_at = now() - interval '1 hour', metadata = "
        """'{"runops": {"claim": "0a1b", "by": "work/test", "attempt": 3}}' where job_id = %s""",
        [crashed],
    )

    async def completing(row: JobRow, claim: Claim) -> None:
        await supabase.jobs.complete(row.job_id, claim.claim)

    runner = Scripted(completing)
    assert await loop(supabase, runner).run() == 0
    assert runner.worked_on == [good]
    assert status_of(database, crashed) == ("processing", None)


@pytest.mark.usefixtures("guarded")
async def test_rows_that_cannot_be_claimed_do_not_hide_those_behind_them(
    supabase: Supabase, database: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    frozen = [queue(database, metadata='{"frozen": true}') for _ in range(15)]
    good = queue(database)

    async def completing(row: JobRow, claim: Claim) -> None:
        await supabase.jobs.complete(row.job_id, claim.claim)

    runner = Scripted(completing)
    async with asyncio.timeout(120):
        assert await loop(supabase, runner).run() == 5
    assert runner.worked_on == [good]
    assert {status_of(database, one) for one in frozen} == {("queued", None)}
    assert capsys.readouterr().err.count("this row is frozen") == 1


@pytest.mark.usefixtures("guarded")
async def test_a_table_that_refuses_every_claim_is_no_success(supabase: Supabase, database: Connection) -> None:
    queue(database, metadata='{"frozen": true}')
    assert await loop(supabase, Scripted(None), stop=StopSignal()).run() == 5  # type: ignore[arg-type]  # never called
