"""Rows that a consumer without claims left in `processing`: what happens to them between the reading and the write."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from runops.supabase.connection import Supabase
from runops.supabase.many_result import ManyResult
from runops.supabase.unclaimed_rows import find_unclaimed, run_unclaimed_again

CLAIM = {"claim": "0a1b2c3d-0000-4000-8000-000000000001", "by": "runops/cluster", "attempt": 1}


@pytest.mark.parametrize(
    "change",
    [
        f"metadata = '{json.dumps({'runops': CLAIM})}'",
        "updated_at = now()",
        "status = 'completed'",
    ],
    ids=["taken-over", "touched", "ended"],
)
async def test_a_row_that_changed_since_it_was_found_is_left_alone(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any], change: str
) -> None:
    changed, same = queue(), queue()
    database.execute("update jobs set status = 'processing', updated_at = now() - interval '2 hours'")
    since = datetime.now(UTC) - timedelta(hours=1)
    async with supabase:
        found = await find_unclaimed(supabase, unchanged_since=since)
        assert sorted(found.left_behind) == sorted([changed, same])
        database.execute(f"update jobs set {change} where job_id = %s".encode(), [changed])  # noqa: S608 - of this module
        result = ManyResult()

        await run_unclaimed_again(supabase, found.left_behind, result, unchanged_since=since)

    assert (result.changed, result.left, result.refused) == (1, 1, [])
    rows = database.execute("select job_id, status from jobs").fetchall()
    assert dict(rows) == {changed: "completed" if "completed" in change else "processing", same: "queued"}


async def test_a_column_without_a_zone_is_read_in_the_databases(
    supabase: Supabase, queue: Callable[..., UUID], database: psycopg.Connection[Any]
) -> None:
    job = queue()
    database.execute("update jobs set status = 'processing', updated_at = now() - interval '2 hours'")
    database.execute("alter table jobs alter updated_at type timestamp")
    try:
        async with supabase:
            now = datetime.now(UTC)
            late = await find_unclaimed(supabase, unchanged_since=now - timedelta(hours=1))
            early = await find_unclaimed(supabase, unchanged_since=now - timedelta(hours=3))
    finally:
        database.execute("alter table jobs alter updated_at type timestamptz")
    assert (late.left_behind, late.changed_since) == ([job], 0)
    assert (early.left_behind, early.changed_since) == ([], 1)
