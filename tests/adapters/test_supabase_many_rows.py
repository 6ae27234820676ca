"""Changes of many rows by a person: a row that got another state meanwhile is left alone."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from runops.supabase.cancel_many import cancel_many
from runops.supabase.connection import Supabase
from runops.supabase.many_result import ManyResult
from runops.supabase.run_again_many import run_many_again


def statuses(database: psycopg.Connection[Any]) -> dict[UUID, str]:
    return dict(database.execute("select job_id, status from jobs").fetchall())


async def test_only_rows_that_have_not_ended_are_cancelled(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    waiting, at_work, done, failed = (queue({}, status) for status in ("queued", "processing", "completed", "error"))
    result = ManyResult()
    await cancel_many(supabase, [waiting, at_work, done, failed], result, "Cancelled.")
    assert (result.changed, result.left, result.refused) == (2, 2, [])
    assert statuses(database) == {waiting: "error", at_work: "error", done: "completed", failed: "error"}
    errors = database.execute("select job_id from jobs where error = 'Cancelled.'").fetchall()
    assert {job_id for (job_id,) in errors} == {waiting, at_work}


async def test_only_rows_that_have_ended_are_queued_again(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    waiting, at_work, done, failed = (queue({}, status) for status in ("queued", "processing", "completed", "error"))
    result = ManyResult()
    await run_many_again(supabase, [waiting, at_work, done, failed], result)
    assert (result.changed, result.left, result.refused) == (2, 2, [])
    assert statuses(database) == {waiting: "queued", at_work: "processing", done: "queued", failed: "queued"}
