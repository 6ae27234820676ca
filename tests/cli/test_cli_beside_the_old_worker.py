"""docs/migrate.md: the old worker and `runops work` on one table; the old worker dies, and what it left is queued."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from subprocess import Popen

import psycopg
import pytest
from typer.testing import Result

from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.rival_consumer import RivalConsumer
from devstack.stack import StackInfo
from tests.eventually import eventually

_ROWS = 6
_SECONDS = 400.0
"""It only catches a hang: the machine may be busy."""


async def killed_at_work(consumer: RivalConsumer, database: Database, *, after: int) -> None:
    """Run the old worker until it has done some rows, and end it while it works on another one."""
    consuming = asyncio.create_task(consumer.run())
    async with asyncio.timeout(_SECONDS):
        while consumer.finished < after or not unclaimed(database):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)
    consuming.cancel()
    with suppress(asyncio.CancelledError):
        await consuming


def unclaimed(database: Database) -> list[str]:
    found = database.run(
        "select job_id::text from jobs where status = 'processing' and metadata -> 'runops' ->> 'claim' is null"
    )
    return [row[0] for row in found]


@pytest.mark.slow("six videos, by the old worker and by `runops work` as a process")
def test_every_row_ends_once_though_the_old_worker_dies_on_the_way(
    runops: Callable[..., Result],
    started: Callable[..., AbstractContextManager[Popen[str]]],
    stack: StackInfo,
    database: psycopg.Connection,
    recording: Path,
) -> None:
    del database  # The tables are empty.
    tables = Database(stack.database_url)
    for _ in range(_ROWS):
        assert runops("submit", str(recording)).exit_code == 0

    with started("work"):
        asyncio.run(killed_at_work(RivalConsumer(stack, work_seconds=0.5), tables, after=2))
        (left,) = unclaimed(tables)
        refused = runops("retry", left)
        assert (refused.exit_code, "is processing" in refused.stderr) == (1, True)
        still = "select now() - updated_at > interval '2 seconds' from jobs where job_id = %s"
        eventually(lambda: tables.run(still, (left,)) == [(True,)], "the row is left alone")

        queued = runops("retry", "--stale", "--unchanged-since", "1s", "--yes")

        assert queued.exit_code == 0, queued.stderr
        assert queued.stdout.split() == [left]
        eventually(lambda: tables.statuses() == Counter(completed=_ROWS), "all rows are completed", seconds=_SECONDS)

    for table in ("transcripts", "sops"):
        counts = tables.run(f"select count(*), count(distinct job_id) from {table}")  # noqa: S608 - a word of this module
        assert counts == [(_ROWS, _ROWS)]
    assert tables.run("select count(*) >= 2 from sops where data ->> 'by' = 'rival'") == [(True,)]
    assert tables.run("select count(*) >= 1 from sops where data -> 'meta' is not null") == [(True,)]
