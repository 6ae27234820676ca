"""Adapters to the stack whose pauses take no time, and jobs to work on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from devstack.stack import StackInfo
from runops.job_row import Claim
from runops.retrying import RetryPolicy
from runops.supabase.connection import Supabase


@pytest.fixture
async def connect(stack: StackInfo) -> AsyncIterator[Callable[..., Supabase]]:
    """Make adapters that are closed after the test."""
    made: list[Supabase] = []

    async def briefly(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))

    def new(*, key: str | None = None, url: str | None = None, timeout: float = 60.0) -> Supabase:
        one = Supabase(
            url or stack.url, key or stack.secret_key, timeout_seconds=timeout, retries=RetryPolicy(sleep=briefly)
        )
        made.append(one)
        return one

    yield new
    for one in made:
        await one.aclose()


@pytest.fixture
def supabase(connect: Callable[..., Supabase]) -> Supabase:
    return connect()


@pytest.fixture
def outside(stack: StackInfo) -> Iterator[httpx.Client]:
    """The uploader's browser: writes objects without our adapters."""
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}", "x-upsert": "true"}
    with httpx.Client(base_url=f"{stack.url}/storage/v1", headers=headers, trust_env=False) as client:
        yield client


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
def claimed(supabase: Supabase, queue: Callable[..., UUID]) -> Callable[..., Awaitable[tuple[UUID, str]]]:
    """Insert a job and claim it; gives its id and the token."""

    async def take(metadata: Any = None) -> tuple[UUID, str]:
        job_id = queue(metadata)
        row = await supabase.jobs.get(job_id)
        assert row is not None
        claim = Claim(claim=str(uuid4()), by="here")
        assert await supabase.jobs.claim(row, claim) is not None
        return job_id, claim.claim

    return take
