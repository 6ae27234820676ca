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
    """Have PostgREST read the schema, and wait until it has read it as it is now.

    A change of a table does not tell: PostgreSQL refuses a table that is gone whatever PostgREST believes, and the
    gateway words that as newer versions word their own belief. A function it has not read it does not call at all. It
    answers 503 while it reads, and by the old schema before that: no test is to meet either.
    """
    mark = f"mark_{uuid4().hex}"
    database.execute(f"create function public.{mark}() returns int language sql as 'select 1'".encode())
    try:
        database.execute(b"notify pgrst, 'reload schema'")
        headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
        with httpx.Client(headers=headers, timeout=60) as client:
            url = f"{stack.url}/rest/v1/rpc/{mark}"
            eventually(lambda: client.post(url, json={}).status_code == 200, "PostgREST has read the schema")
    finally:
        database.execute(f"drop function public.{mark}()".encode())
