"""A PostgREST that gives few rows at once, as a project may set it (`max-rows`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from devstack.stack import StackInfo
from tests.eventually import eventually
from tests.schema_cache import read_anew

__all__ = ["most_rows"]

_OF_A_HOSTED_PROJECT = 1000


@contextmanager
def most_rows(database: psycopg.Connection[Any], stack: StackInfo, most: int) -> Iterator[None]:
    """Have the stack's PostgREST give at most so many rows at once; afterwards as many as a hosted one."""
    rows = f"rows_{uuid4().hex}"
    database.execute(f"create function public.{rows}() returns setof int language sql as {_MANY}".encode())
    read_anew(database, stack)
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
    with httpx.Client(headers=headers, timeout=60) as client:

        def set_to(number: int) -> None:
            database.execute(f"alter role authenticator set pgrst.db_max_rows = '{number}'".encode())
            database.execute(b"notify pgrst, 'reload config'")

            def given() -> bool:
                answer = client.post(f"{stack.url}/rest/v1/rpc/{rows}", json={})
                return answer.status_code == 200 and len(answer.json()) == number

            eventually(given, f"PostgREST gives {number} rows at once")

        try:
            set_to(most)
            yield
        finally:
            set_to(_OF_A_HOSTED_PROJECT)
            database.execute(b"alter role authenticator reset pgrst.db_max_rows")
            database.execute(f"drop function public.{rows}()".encode())


_MANY = "'select generate_series(1, 1001)'"
