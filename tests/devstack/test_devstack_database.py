"""What the seeded database lets each role do, asked through PostgREST with the keys of that role."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb
from supabase import Client

from devstack.stack import SeedOptions, StackInfo, create_user, mint_jwt, running_stack

JOB = "4ef85fd3-7edb-47e4-9ecd-f72be6303013"


def as_role(stack: StackInfo, path: str, *, token: str) -> httpx.Response:
    headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {token}"}
    return httpx.get(f"{stack.url}/rest/v1/{path}", headers=headers)


def add_job(database: psycopg.Connection, job: str = JOB) -> None:
    database.execute("insert into jobs (job_id) values (%s)", [job])


def add_sop(database: psycopg.Connection, *, owner: str | None) -> None:
    job = str(uuid.uuid4())
    add_job(database, job)
    statement = "insert into sops (job_id, data, user_id) values (%s, %s, %s)"
    database.execute(statement, [job, Jsonb({"owner": owner or "nobody"}), owner])


def test_anon_sees_no_job(stack: StackInfo, database: psycopg.Connection) -> None:
    add_job(database)
    assert as_role(stack, "jobs", token=stack.anon_key).json() == []


def test_service_role_sees_every_job(stack: StackInfo, database: psycopg.Connection) -> None:
    add_job(database)
    assert [row["job_id"] for row in as_role(stack, "jobs", token=stack.service_role_jwt).json()] == [JOB]


def test_a_user_sees_own_and_ownerless_sops_only(stack: StackInfo, database: psycopg.Connection) -> None:
    me, other = str(uuid.uuid4()), str(uuid.uuid4())
    create_user(stack, me)
    create_user(stack, other)
    for owner in (me, other, None):
        add_sop(database, owner=owner)
    token = mint_jwt(stack, role="authenticated", subject=me)
    rows = as_role(stack, "sops?select=user_id", token=token).json()
    assert {row["user_id"] for row in rows} == {me, None}


def test_a_sop_of_an_unknown_user_is_refused(http: httpx.Client, database: psycopg.Connection) -> None:
    add_job(database)
    sop = {"job_id": JOB, "data": {}, "user_id": str(uuid.uuid4())}
    answer = http.post("/rest/v1/sops", json=sop)
    assert (answer.status_code, answer.json()["code"]) == (409, "23503")


def test_now_in_a_patch_is_the_database_clock(http: httpx.Client, database: psycopg.Connection) -> None:
    add_job(database)
    changed = http.patch(
        f"/rest/v1/jobs?job_id=eq.{JOB}",
        json={"updated_at": "now", "created_at": "2020-01-01T00:00:00Z"},
        headers={"Prefer": "return=representation"},
    ).json()[0]
    recent = database.execute("select now() - %s::timestamptz < '10 s'", [changed["updated_at"]]).fetchone()
    assert recent == (True,)
    assert http.get("/rest/v1/jobs?select=id&created_at=lt.now").json() == [{"id": 1}]


def test_a_table_made_later_is_closed_until_granted(http: httpx.Client, database: psycopg.Connection) -> None:
    database.execute("create table public.later (id int)")
    try:
        answer = http.get("/rest/v1/later")
        assert (answer.status_code, answer.json()["code"]) == (403, "42501")
    finally:
        database.execute("drop table public.later")


@pytest.mark.parametrize("modern", [True, False])
def test_seed_options_decide_progress_columns_and_unique_sops(tmp_path: Path, *, modern: bool) -> None:
    options = SeedOptions(progress_columns=modern, unique_sops=modern)
    with running_stack(tmp_path / "seeded", seed=options) as info:
        headers = {"apikey": info.secret_key, "Prefer": "resolution=merge-duplicates"}
        progress = httpx.get(f"{info.url}/rest/v1/jobs?select=progress_stage&limit=0", headers=headers)
        upsert = httpx.post(f"{info.url}/rest/v1/sops?on_conflict=job_id&columns=job_id,data", json=[], headers=headers)
    assert progress.status_code == (200 if modern else 400)
    assert progress.json() == [] if modern else progress.json()["code"] == "42703"
    assert upsert.status_code < 300 if modern else upsert.json()["code"] == "42P10"


def test_the_client_library_reads_counts_and_upserts(supabase_client: Client, database: psycopg.Connection) -> None:
    add_job(database)
    jobs = supabase_client.table("jobs")
    first: Any = jobs.select("job_id,status").eq("status", "queued").execute().data[0]
    assert first == {"job_id": JOB, "status": "queued"}
    assert supabase_client.table("jobs").select("*", count="exact", head=True).execute().count == 1  # type: ignore[arg-type]
    for title in ("one", "two"):
        supabase_client.table("sops").upsert({"job_id": JOB, "data": {"title": title}}, on_conflict="job_id").execute()
    assert database.execute("select data->>'title' from sops").fetchall() == [("two",)]
