"""Columns of the table `jobs` that go, come or are named wrongly while a program runs. Real servers: tests/adapters."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from postgrest import AsyncPostgrestClient

from runops.job_row import Claim, JobRow
from runops.progress import Stage
from runops.retrying import RetryPolicy
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs import JobsTable
from runops.supabase.jobs_columns import JobsColumns
from runops.supabase.rest import Rest

ID = UUID(int=1)
CLAIM = Claim(claim="6b1f8a0e-0000-4000-8000-000000000001", by="ours")
QUEUED = JobRow(job_id=ID, status="queued", updated_at="2026-01-01T00:00:00+00:00")
OPTIONAL = ("progress_stage", "progress_percent", "completed_at", "error")
VERSION = "version:xmin"
NEEDED = ("id", "job_id", "status", "created_at", "updated_at", "metadata")


@cache
def _client() -> AsyncPostgrestClient:
    return AsyncPostgrestClient("http://supabase.test")


class Table:
    """A table, and what PostgREST believes of it: it reads what there is, and writes only what it knows of.

    Parameters
    ----------
    names_columns
        Whether errors name the column; PostgreSQL's own sentences may be in any language.
    """

    read_first, read_among = Rest.read_first, Rest.read_among

    def __init__(self, *, names_columns: bool = True) -> None:
        self.retries = RetryPolicy(attempts=1)
        self.columns = {*NEEDED, *OPTIONAL, "xmin"}
        self.forbidden: set[str] = set()
        self.unknown: set[str] = set()
        self.looks = 0
        self.bodies: list[dict[str, Any]] = []
        self._names_columns = names_columns

    def may_be_cut(self, rows: int) -> bool:
        """Tell that all answers are whole."""
        assert rows >= 0
        return False

    def _refuse(self, wanted: set[str], code: str) -> None:
        if wanted:
            column = min(wanted) if self._names_columns else None
            raise SupabaseError(ErrorKind.COLUMN_MISSING, "A column is missing.", code=code, column=column)

    async def read(self, build: Callable[[Any], Any], **_: str) -> list[dict[str, Any]]:
        params = dict(build(_client().from_("jobs")).request.params.multi_items())
        self.looks += params.get("limit") == "0"
        wanted = {_column(name) for name in params["select"].split(",")}
        if wanted & self.forbidden:
            raise SupabaseError(ErrorKind.FORBIDDEN, "The rights are missing.", code="42501")
        self._refuse(wanted - self.columns, "42703")
        return []

    async def send(self, build: Callable[[Any], Any], **_: str) -> list[dict[str, Any]]:
        request = build(_client().from_("jobs")).request
        wanted = {_column(name) for name in request.params["select"].split(",")}
        self._refuse({*request.json, *wanted} - self.columns, "42703")
        self._refuse(set(request.json) & self.unknown, "PGRST204")
        self.bodies.append(request.json)
        return [{"job_id": str(ID)}]


def _column(selected: str) -> str:
    """Return the column of what is selected, without its other name and without a cast."""
    return selected.partition("::")[0].rpartition(":")[2]


def _jobs(table: Table) -> JobsTable:
    rest: Any = table
    return JobsTable(rest)


@pytest.mark.parametrize("names_columns", [True, False])
@pytest.mark.parametrize("gone", [("progress_stage", "progress_percent"), ("error",), ("completed_at",), OPTIONAL])
async def test_a_claim_does_without_columns_that_went(gone: tuple[str, ...], names_columns: bool) -> None:
    table = Table(names_columns=names_columns)
    jobs = _jobs(table)
    assert await jobs.claim(QUEUED, CLAIM) is not None
    table.columns -= set(gone)
    assert await jobs.claim(QUEUED, CLAIM) is not None
    assert await jobs.fail(ID, CLAIM.claim, "A sentence.")
    assert await jobs.queued(limit=1) == []
    assert set(table.bodies[1]) == set(table.bodies[0]) - set(gone)
    assert set(table.bodies[2]) == {"status", "updated_at", "error"} - set(gone)


async def test_columns_that_went_are_looked_for_once_and_not_before_each_write() -> None:
    table = Table()
    jobs = _jobs(table)
    await jobs.claim(QUEUED, CLAIM)
    table.columns.remove("completed_at")
    await jobs.claim(QUEUED, CLAIM)
    looks = table.looks
    for _ in range(5):
        await jobs.heartbeat(ID, CLAIM.claim, stage=Stage.TRANSCRIBING)
    assert table.looks == looks


async def test_a_column_is_not_written_while_postgrest_has_not_seen_it() -> None:
    table = Table()
    table.unknown = {"error", "completed_at"}
    jobs = _jobs(table)
    assert await jobs.complete(ID, CLAIM.claim)
    assert {"error", "completed_at"} & set(table.bodies[0]) == set()
    assert table.bodies[0]["progress_percent"] == 100


async def test_a_missing_column_that_must_be_there_is_an_error() -> None:
    table = Table()
    jobs = _jobs(table)
    await jobs.claim(QUEUED, CLAIM)
    table.columns.remove("metadata")
    with pytest.raises(SupabaseError) as caught:
        await jobs.claim(QUEUED, CLAIM)
    assert caught.value.kind is ErrorKind.COLUMN_MISSING


@pytest.mark.parametrize("names_columns", [True, False])
async def test_a_server_that_always_says_a_column_is_missing_is_believed_in_the_end(names_columns: bool) -> None:
    table = Table(names_columns=names_columns)
    table.unknown = {"status"}
    with pytest.raises(SupabaseError, match="A column is missing"):
        await _jobs(table).claim(QUEUED, CLAIM)
    assert table.bodies == []


@pytest.mark.virtual_time
async def test_columns_that_come_are_noticed_after_a_while() -> None:
    table = Table()
    table.columns -= set(OPTIONAL)
    jobs = _jobs(table)
    await jobs.complete(ID, CLAIM.claim)
    table.columns |= set(OPTIONAL)
    await asyncio.sleep(599)
    await jobs.complete(ID, CLAIM.claim)
    await asyncio.sleep(2)
    await jobs.complete(ID, CLAIM.claim)
    assert [len(body) for body in table.bodies] == [2, 2, 6]
    looks = table.looks
    await asyncio.sleep(86_400)
    await jobs.complete(ID, CLAIM.claim)
    assert table.looks == looks


@given(st.builds(JobsColumns, **dict.fromkeys(("progress", "completed_at", "error", "version"), st.booleans())))
def test_only_values_with_a_column_are_kept(columns: JobsColumns) -> None:
    kept = columns.kept(dict.fromkeys((*NEEDED, *OPTIONAL), 1))
    assert set(NEEDED) <= set(kept)
    assert ("progress_stage" in kept) == ("progress_percent" in kept) == columns.progress
    assert ("completed_at" in kept, "error" in kept) == (columns.completed_at, columns.error)
    assert columns.complete == (columns.version and len(kept) == len(NEEDED) + len(OPTIONAL))
    assert ("error" in columns.read) == columns.error
    for name in OPTIONAL:
        assert name not in columns.without(name).kept({name: 1})
    assert (VERSION in columns.read) == (columns.read_version == (VERSION,)) == columns.version
    without = columns.without("xmin")
    assert not without.version
    assert without.kept(dict.fromkeys(OPTIONAL, 1)) == columns.kept(dict.fromkeys(OPTIONAL, 1))
    assert columns.without("metadata") == columns


@pytest.mark.parametrize("missing", NEEDED)
async def test_a_table_without_a_needed_column_is_no_table_of_jobs(missing: str) -> None:
    table = Table()
    table.columns.remove(missing)
    with pytest.raises(SupabaseError) as caught:
        await _jobs(table).columns()
    assert caught.value.kind is ErrorKind.COLUMN_MISSING


async def test_a_table_with_every_column_is_looked_at_once() -> None:
    table = Table()
    assert (await _jobs(table).columns()).complete
    assert table.looks == 1


@pytest.mark.parametrize("why", ["a view", "rights by column"])
async def test_a_table_that_does_not_tell_versions_works_without(why: str) -> None:
    table = Table()
    if why == "a view":
        table.columns.remove("xmin")
    else:
        table.forbidden = {"xmin"}
    jobs = _jobs(table)
    assert await jobs.columns() == JobsColumns(progress=True, completed_at=True, error=True, version=False)
    assert await jobs.claim(QUEUED, CLAIM) is not None


async def test_a_table_of_which_a_needed_column_may_not_be_read_is_an_error() -> None:
    table = Table()
    table.forbidden = {"metadata"}
    with pytest.raises(SupabaseError) as caught:
        await _jobs(table).columns()
    assert caught.value.kind is ErrorKind.FORBIDDEN


@pytest.mark.parametrize("names_columns", [True, False])
async def test_a_table_that_became_a_view_is_claimed_from_without_versions(names_columns: bool) -> None:
    table = Table(names_columns=names_columns)
    jobs = _jobs(table)
    await jobs.claim(QUEUED, CLAIM)
    table.columns.remove("xmin")
    assert await jobs.claim(QUEUED, CLAIM) is not None
    assert not (await jobs.columns()).version
