"""Changes of many rows by a person: a row that got another state meanwhile is left alone."""

import json
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from runops.supabase.cancel_many import cancel_many
from runops.supabase.connection import Supabase
from runops.supabase.many_result import ManyResult
from runops.supabase.row_commands import Outcome, cancel
from runops.supabase.row_summaries import summaries_of
from runops.supabase.run_again_many import run_many_again
from runops.supabase.shown_row import ShownRow


def statuses(database: psycopg.Connection[Any]) -> dict[UUID, str]:
    return dict(database.execute("select job_id, status from jobs").fetchall())


async def shown(supabase: Supabase, job_ids: Iterable[UUID]) -> list[ShownRow]:
    return [ShownRow.of(row) for row in (await summaries_of(supabase, job_ids)).values()]


def claimed(token: str, **more: Any) -> dict[str, Any]:
    return {"runops": {"claim": token, "by": "here", "attempt": 1}, **more}


async def test_only_rows_that_have_not_ended_are_cancelled(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    waiting, at_work, done, failed = (queue({}, status) for status in ("queued", "processing", "completed", "error"))
    result = ManyResult()
    await cancel_many(supabase, await shown(supabase, statuses(database)), result, "Cancelled.")
    assert (result.changed, result.left, result.refused) == (2, 2, [])
    assert statuses(database) == {waiting: "error", at_work: "error", done: "completed", failed: "error"}
    errors = database.execute("select job_id from jobs where error = 'Cancelled.'").fetchall()
    assert {job_id for (job_id,) in errors} == {waiting, at_work}


async def test_only_rows_that_have_ended_are_queued_again(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    waiting, at_work, done, failed = (queue({}, status) for status in ("queued", "processing", "completed", "error"))
    result = ManyResult()
    await run_many_again(supabase, await shown(supabase, statuses(database)), result)
    assert (result.changed, result.left, result.refused) == (2, 2, [])
    assert statuses(database) == {waiting: "queued", at_work: "processing", done: "queued", failed: "queued"}


def write(database: psycopg.Connection[Any], job_id: UUID, status: str, metadata: dict[str, Any] | None = None) -> None:
    """Write a row as another client does."""
    database.execute(
        "update jobs set status = %s, updated_at = clock_timestamp(), metadata = coalesce(%s, metadata) "
        "where job_id = %s",
        [status, None if metadata is None else json.dumps(metadata), job_id],
    )


async def test_a_row_that_is_claimed_after_it_was_shown_is_not_cancelled(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    taken, waiting = queue({}), queue({})
    rows, result = await shown(supabase, [taken, waiting]), ManyResult()
    write(database, taken, "processing", claimed(str(uuid4())))
    await cancel_many(supabase, rows, result, "Cancelled.")
    assert (result.changed, result.left, result.refused) == (1, 1, [])
    assert statuses(database) == {taken: "processing", waiting: "error"}
    alone = await cancel(supabase, taken, "Cancelled.", shown=next(row for row in rows if row.job_id == taken))
    assert alone.outcome is Outcome.REFUSED


async def test_a_row_that_is_worked_on_is_cancelled_though_its_worker_writes_progress(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    token = str(uuid4())
    at_work, unclaimed, unclaimed_too, begun_anew, taken = (
        queue(metadata, "processing") for metadata in (claimed(token), {}, {}, {}, {})
    )
    write(database, begun_anew, "processing", claimed(str(uuid4())))
    rows, result = await shown(supabase, [at_work, unclaimed, unclaimed_too, begun_anew, taken]), ManyResult()
    # A pod was bound, and heartbeats came; one was queued again and claimed again, and one claimed for the first time.
    write(database, taken, "processing", claimed(str(uuid4())))
    write(database, at_work, "processing", claimed(f"{token}/pod"))
    write(database, unclaimed, "processing")
    write(database, begun_anew, "processing", claimed(str(uuid4())))
    await cancel_many(supabase, rows, result, "Cancelled.")
    assert (result.changed, result.left, result.refused) == (3, 2, [])
    ended = dict.fromkeys((at_work, unclaimed, unclaimed_too), "error")
    assert statuses(database) == {**ended, begun_anew: "processing", taken: "processing"}


async def test_a_row_that_ran_to_its_end_after_it_was_shown_is_not_queued_again(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    ran, failed_anew, still = queue({}, "error"), queue({}, "error"), queue({}, "error")
    rows, result = await shown(supabase, [ran, failed_anew, still]), ManyResult()
    write(database, ran, "completed")
    write(database, failed_anew, "error")
    await run_many_again(supabase, rows, result)
    assert (result.changed, result.left, result.refused) == (1, 2, [])
    assert statuses(database) == {ran: "completed", failed_anew: "error", still: "queued"}


async def test_a_row_that_cannot_be_read_is_told_and_a_deleted_one_had_changed(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    unreadable, deleted, fine = queue({}, "error"), queue({}, "error"), queue({}, "error")
    database.execute(
        "update jobs set metadata = ('{\"n\": ' || repeat('9', 5000) || '}')::jsonb where job_id = %s", [unreadable]
    )
    rows, result = await shown(supabase, [unreadable, deleted, fine]), ManyResult()
    database.execute("delete from jobs where job_id = %s", [deleted])
    await run_many_again(supabase, rows, result)
    assert (result.changed, result.left, [job_id for job_id, _ in result.refused]) == (1, 1, [unreadable])


@pytest.mark.parametrize("stamp", [{"claim": "a,b"}, {"claim": 7}, "text", {"claim": None}, [1]])
async def test_a_row_with_a_stamp_of_any_kind_can_be_cancelled_as_it_was_shown(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any], stamp: Any
) -> None:
    job_id, result = queue({"runops": stamp}, "processing"), ManyResult()
    await cancel_many(supabase, await shown(supabase, [job_id]), result, "Cancelled.")
    assert (result.changed, statuses(database)) == (1, {job_id: "error"})
