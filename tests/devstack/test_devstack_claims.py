"""Claiming rows over the REST interface as a hosted project would let us."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import psycopg
import pytest

from devstack.stack import StackInfo
from devstack.supabase.gateway import dialect

CLIENTS = 20
JOBS = 15


def add_jobs(database: psycopg.Connection, count: int) -> list[str]:
    jobs = [str(uuid.uuid4()) for _ in range(count)]
    for job in jobs:
        database.execute("insert into jobs (job_id) values (%s)", [job])
    return jobs


async def claim_all(stack: StackInfo, jobs: list[str]) -> list[str]:
    headers = {"apikey": stack.secret_key, "Prefer": "return=representation"}
    won: list[str] = []
    async with httpx.AsyncClient(base_url=stack.url, headers=headers, timeout=60) as client:
        for job in jobs:
            answer = await client.patch(
                f"/rest/v1/jobs?job_id=eq.{job}&status=eq.queued", json={"status": "processing"}
            )
            answer.raise_for_status()
            won += [row["job_id"] for row in answer.json()]
    return won


async def test_twenty_clients_claim_each_row_exactly_once(stack: StackInfo, database: psycopg.Connection) -> None:
    jobs = add_jobs(database, JOBS)
    claims = await asyncio.gather(*(claim_all(stack, jobs) for _ in range(CLIENTS)))
    assert sorted(job for won in claims for job in won) == sorted(jobs)


def test_a_limit_on_patch_is_ignored_and_claims_every_row(http: httpx.Client, database: psycopg.Connection) -> None:
    add_jobs(database, 3)
    answer = http.patch(
        "/rest/v1/jobs?status=eq.queued&order=created_at.asc&limit=1",
        json={"status": "processing"},
        headers={"Prefer": "return=representation"},
    )
    assert (answer.status_code, len(answer.json())) == (200, 3)


@pytest.mark.parametrize("query", ["", "?limit=1", "?select=id&order=id&limit=1"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_to_every_row_is_refused(
    http: httpx.Client, database: psycopg.Connection, method: str, query: str
) -> None:
    add_jobs(database, 1)
    answer = http.request(method, f"/rest/v1/jobs{query}", json={"status": "error"})
    assert (answer.status_code, answer.json()["code"]) == (400, "21000")
    assert database.execute("select status from jobs").fetchall() == [("queued",)]


def test_a_filter_on_a_json_path_works_in_a_patch(http: httpx.Client, database: psycopg.Connection) -> None:
    job = add_jobs(database, 1)[0]
    metadata = {"runops": {"claim": "mine"}}
    http.patch(f"/rest/v1/jobs?job_id=eq.{job}", json={"metadata": metadata})
    answers = [
        http.patch(
            f"/rest/v1/jobs?job_id=eq.{job}&metadata->runops->>claim=eq.{claim}",
            json={"updated_at": "now"},
            headers={"Prefer": "return=representation"},
        ).json()
        for claim in ("other", "mine")
    ]
    assert [len(rows) for rows in answers] == [0, 1]


def test_a_missing_table_is_reported_as_newer_versions_do(http: httpx.Client) -> None:
    answer = http.get("/rest/v1/nothing_here")
    assert (answer.status_code, answer.json()["code"]) == (404, "PGRST205")


def test_reading_keeps_its_limit() -> None:
    assert dialect.query_as_hosted("GET", "status=eq.queued&limit=1") == "status=eq.queued&limit=1"
    assert dialect.query_as_hosted("PATCH", "status=eq.queued&limit=1&offset=2&order=id") == "status=eq.queued"


def test_a_missing_relation_inside_a_function_keeps_its_code() -> None:
    error = {"code": "42P01", "message": 'relation "public.inner" does not exist'}
    assert dialect.error_as_hosted(error, table="rpc/outer") == error
