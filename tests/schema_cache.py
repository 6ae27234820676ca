"""Waiting until PostgREST has read a changed schema."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import psycopg

from devstack.stack import StackInfo
from tests.eventually import eventually

__all__ = ["read_anew"]


def read_anew(database: psycopg.Connection[Any], stack: StackInfo) -> None:
    """Have PostgREST read the schema, and wait until it knows of a relation that was made just before.

    It answers 503 meanwhile, and by the old schema before that: no test is to meet either.
    """
    mark = f"mark_{uuid4().hex}"
    database.execute(f"create table public.{mark} (job_id uuid references public.jobs (job_id))".encode())
    database.execute(f"grant select on public.{mark} to service_role".encode())
    try:
        database.execute(b"notify pgrst, 'reload schema'")
        url = f"{stack.url}/rest/v1/{mark}?select=jobs(job_id)"
        headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
        with httpx.Client(headers=headers, timeout=30) as client:
            eventually(lambda: client.get(url).status_code == 200, "PostgREST has read the schema")
    finally:
        database.execute(f"drop table public.{mark}".encode())
