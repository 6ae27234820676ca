"""A project with real PostgreSQL and PostgREST and the Storage stand-in, and adapters whose pauses take no time."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.faults import FaultControl
from devstack.stack import StackInfo, running_stack
from runops.job_row import Claim, JobRow
from runops.supabase.connection import Supabase
from runops.supabase.retry import Retries

TABLES = "public.sops, public.transcripts, public.jobs"


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


QUICK = Retries(sleep=at_once)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    with running_stack(tmp_path_factory.mktemp("adapters") / "stack") as info:
        yield info


@pytest.fixture
def database(stack: StackInfo) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield connection
        connection.execute(f"truncate {TABLES} restart identity cascade")


@pytest.fixture
def faults(stack: StackInfo) -> Iterator[FaultControl]:
    control = FaultControl(stack.url)
    yield control
    control.clear()
    control.close()


@pytest.fixture
async def connect(stack: StackInfo) -> AsyncIterator[Callable[..., Supabase]]:
    """Make adapters that are closed after the test."""
    made: list[Supabase] = []

    def new(*, key: str | None = None, url: str | None = None, timeout: float = 5.0) -> Supabase:
        one = Supabase(url or stack.url, key or stack.secret_key, timeout_seconds=timeout, retries=QUICK)
        made.append(one)
        return one

    yield new
    for one in made:
        await one.aclose()


@pytest.fixture
def supabase(connect: Callable[..., Supabase]) -> Supabase:
    return connect()


@pytest.fixture
def queue(database: psycopg.Connection[Any]) -> Callable[..., UUID]:
    """Insert a job as the app does."""

    def insert(metadata: Any = None, status: str = "queued") -> UUID:
        job_id = uuid4()
        database.execute(
            "insert into public.jobs (job_id, status, metadata) values (%s, %s, %s)",
            [job_id, status, json.dumps(metadata)],
        )
        return job_id

    return insert


@pytest.fixture
def claimed(
    supabase: Supabase, queue: Callable[..., UUID]
) -> Callable[..., "asyncio.Future[tuple[UUID, str]]"]:
    """Insert a job and claim it; gives its id and the token."""

    async def take(metadata: Any = None) -> tuple[UUID, str]:
        job_id = queue(metadata)
        row = await supabase.jobs.get(job_id)
        assert row is not None
        won = await supabase.jobs.claim(row, new_claim())
        assert won is not None
        assert won.claim is not None
        return job_id, won.claim.claim

    return take  # type: ignore[return-value]  # a coroutine function is awaited the same way


def new_claim(by: str = "here") -> Claim:
    return Claim(claim=str(uuid4()), by=by)


def row_of(database: psycopg.Connection[Any], job_id: UUID) -> dict[str, Any]:
    cursor = database.execute("select to_jsonb(j) from public.jobs j where job_id = %s", [job_id])
    found = cursor.fetchone()
    assert found is not None
    row: dict[str, Any] = found[0]
    return row


def as_row(row: dict[str, Any]) -> JobRow:
    return JobRow.model_validate(row)
