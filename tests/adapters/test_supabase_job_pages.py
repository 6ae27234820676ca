"""Pages of jobs by a filter, from a real PostgREST: every row once, in every form of the table."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from devstack.faults import FaultControl
from devstack.stack import StackInfo
from runops.failures import TABLE, Reason
from runops.job_filter import JobFilter, Order, VideoFacts
from runops.row_reason import OTHER
from runops.supabase.connection import Supabase
from runops.supabase.job_pages import Cursor
from tests.schema_cache import read_anew

Connection = psycopg.Connection[Any]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLAIM = {"claim": "0a1b2c3d-0000-4000-8000-000000000001", "by": "a/b"}


def insert(database: Connection, *, age: float = 0, status: str = "queued", **columns: Any) -> UUID:
    """Insert a row that is some seconds old."""
    job_id = columns.get("job_id") or uuid4()
    made = None if columns.get("timeless") else NOW - timedelta(seconds=age)
    database.execute(
        "insert into jobs (job_id, status, created_at, updated_at, metadata, error) values (%s, %s, %s, %s, %s, %s)",
        [job_id, status, made, made, json.dumps(columns.get("metadata")), columns.get("error")],
    )
    return job_id


async def walk(supabase: Supabase, chosen: JobFilter, *, limit: int, order: Order = Order.NEWEST) -> list[UUID]:
    """Go forwards to the end, then backwards to the beginning, and return the ids if both agree."""
    forwards: list[list[UUID]] = []
    after: Cursor | None = None
    while True:
        page = await supabase.jobs.page(chosen, after=after, limit=limit, order=order)
        forwards.append([row.job_id for row in page.rows])
        last = page
        if page.next is None:
            break
        after = Cursor.from_text(page.next.to_text())
    backwards = [forwards[-1]]
    while last.previous is not None:
        last = await supabase.jobs.page(chosen, after=last.previous, limit=limit, order=order)
        backwards.insert(0, [row.job_id for row in last.rows])
    assert backwards == forwards
    return [job_id for page in forwards for job_id in page]


def rows_of_all_kinds(database: Connection) -> list[UUID]:
    """Insert rows of the same and of different times, oldest first; the last two have no time."""
    made = [insert(database, age=age) for age in (40, 30, 30, 30, 20, 10, 10)]
    return [*made, *(insert(database, timeless=True) for _ in range(2))]


@pytest.mark.parametrize("limit", [1, 2, 3, 9, 50])
async def test_every_row_comes_once_in_both_orders_and_directions(
    supabase: Supabase, database: Connection, limit: int
) -> None:
    made = rows_of_all_kinds(database)
    assert await walk(supabase, JobFilter(), limit=limit, order=Order.OLDEST) == made
    assert await walk(supabase, JobFilter(), limit=limit, order=Order.NEWEST) == made[::-1]


async def test_rows_that_come_and_change_meanwhile_move_no_other(supabase: Supabase, database: Connection) -> None:
    made = [insert(database, age=age) for age in (40, 30, 20, 10)]
    first = await supabase.jobs.page(JobFilter(), limit=2)
    insert(database)
    database.execute("update jobs set updated_at = now(), status = 'error'")
    second = await supabase.jobs.page(JobFilter(), limit=2, after=first.next)
    assert [row.job_id for row in (*first.rows, *second.rows)] == made[::-1]
    assert second.next is None


USER = UUID("1f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11")
FAILED = {"status": "error", "error": f"{TABLE[Reason.MODEL_UNAVAILABLE].sentence} (HTTP 503)"}
FILTERS: dict[str, tuple[JobFilter, dict[str, Any]]] = {
    "status": (JobFilter(statuses=frozenset({"error", "cancelled"})), {"status": "cancelled"}),
    "user": (JobFilter(user=USER), {"metadata": {"user_id": str(USER).upper()}}),
    "reason of the end": (JobFilter(reasons=frozenset({"ModelUnavailable"})), FAILED),
    "reason of the wait": (
        JobFilter(reasons=frozenset({"Evicted"})),
        {"status": "processing", "metadata": {"runops": CLAIM | {"reason": "Evicted"}}},
    ),
    "cancelled": (
        JobFilter(reasons=frozenset({"Cancelled"})),
        {"status": "error", "error": 'Cancelled by `runops cancel`: A (wrong), "odd" one.'},
    ),
    "other reason": (JobFilter(reasons=frozenset({OTHER})), {"status": "error", "error": "A cat."}),
    "text": (JobFilter(text='50%_a "b", (c)*\\'), {"error": 'So: 50%_A "B", (C)*\\ it is.'}),
    "id": (JobFilter(text="FACE0FF1-0"), {"job_id": UUID("face0ff1-0123-4000-8000-000000000000")}),
    "since": (JobFilter(since=NOW - timedelta(seconds=5)), {}),
    "changed since": (JobFilter(changed_since=NOW - timedelta(seconds=5)), {}),
    "all": (
        JobFilter(
            statuses=frozenset({"error"}),
            user=USER,
            reasons=frozenset({"ModelUnavailable", "Evicted"}),
            since=NOW - timedelta(seconds=5),
            text="http 503",
        ),
        FAILED | {"metadata": {"user_id": str(USER)}},
    ),
}


def rows_that_no_filter_takes(database: Connection) -> None:
    """Insert rows that resemble what the filters look for."""
    insert(database, age=10)
    insert(database, age=10, status="completed", metadata={"runops": CLAIM | {"reason": "Evicted"}})
    insert(database, age=10, metadata={"user_id": {"a": str(USER)}})
    insert(database, age=10, metadata=[str(USER)], status="processing", error="100 a b (c)")


@pytest.mark.parametrize("which", FILTERS)
@pytest.mark.parametrize("order", Order)
async def test_each_filter_finds_its_rows_and_no_others(
    supabase: Supabase, database: Connection, faults: FaultControl, which: str, order: Order
) -> None:
    chosen, columns = FILTERS[which]
    rows_that_no_filter_takes(database)
    wanted = [insert(database, age=age, **columns) for age in ((2, 1) if "job_id" not in columns else (1,))]
    await supabase.jobs.columns()
    before = len(faults.requests())
    page = await supabase.jobs.page(chosen, order=order)
    # The second one asks for the row after the last: no other answer told that the server gives so many rows at once.
    assert [request.path[-8:] for request in faults.requests()[before:]] == ["imit=101", "&limit=1"]
    assert sorted(row.job_id for row in page.rows) == sorted(wanted)
    assert await walk(supabase, chosen, limit=1, order=order) == (wanted if order is Order.OLDEST else wanted[::-1])


@pytest.mark.parametrize("which", [one for one in FILTERS if one not in {"since", "changed since", "all"}])
async def test_the_database_decides_what_it_can(supabase: Supabase, database: Connection, which: str) -> None:
    """A page of one row has the row that is meant, though many come before it that are not."""
    chosen, columns = FILTERS[which]
    wanted = insert(database, age=100, **columns)
    rows_that_no_filter_takes(database)
    page = await supabase.jobs.page(chosen, limit=1)
    assert [row.job_id for row in page.rows] == [wanted]


async def test_models_and_lengths_are_decided_by_what_is_known_of_the_videos(
    supabase: Supabase, database: Connection
) -> None:
    short, long, unknown = (insert(database, age=age) for age in (3, 2, 1))
    facts = {
        short: VideoFacts(frozenset({"m"}), 30.0),
        long: VideoFacts(frozenset({"m"}), 90.0),
    }
    page = await supabase.jobs.page(JobFilter(model="m", longer_than=60.0), facts=facts)
    assert ([row.job_id for row in page.rows], page.undecided) == ([long], 1)
    assert unknown not in facts


@pytest.fixture(params=["json", "no zone", "few columns"])
def other_table(request: pytest.FixtureRequest, database: Connection, stack: StackInfo) -> Iterator[str]:
    """A table `jobs` of another project."""
    times = ("created_at", "updated_at")
    few = ("progress_stage", "progress_percent", "completed_at", "error")
    there, back = {
        "json": (
            "alter table jobs alter metadata type json using metadata::json",
            "alter table jobs alter metadata type jsonb using metadata::jsonb",
        ),
        "no zone": tuple(
            f"alter table jobs {', '.join(f'alter {name} type {kind}' for name in times)}"
            for kind in ("timestamp", "timestamptz")
        ),
        "few columns": (
            ";".join(f"alter table jobs rename {name} to was_{name}" for name in few),
            ";".join(f"alter table jobs rename was_{name} to {name}" for name in few),
        ),
    }[request.param]
    zone = "America/St_Johns" if request.param == "no zone" else "UTC"
    database.execute(f"set timezone = '{zone}'".encode())
    database.execute(f"alter database postgres set timezone = '{zone}'".encode())
    database.execute(there.encode())
    try:
        database.execute(b"select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'")
        read_anew(database, stack)
        yield request.param
    finally:
        database.execute(b"alter database postgres reset timezone")
        database.execute(back.encode())
        database.execute(b"select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'")
        read_anew(database, stack)


async def test_other_tables_are_read_in_pages_too(supabase: Supabase, database: Connection, other_table: str) -> None:
    """The rows are inserted as the app does, in the zone of the database."""
    made = []
    for number in range(7):
        job_id = uuid4()
        database.execute(
            "insert into jobs (job_id, created_at, updated_at, metadata, status) values "
            "(%s, now() - %s * interval '1 hour', now(), %s, %s)",
            [
                job_id,
                7 - number // 2,
                json.dumps({"user_id": str(USER), "runops": CLAIM | {"reason": "Evicted"}}),
                "processing",
            ],
        )
        made.append(job_id)
    for order, expected in ((Order.OLDEST, made), (Order.NEWEST, made[::-1])):
        assert await walk(supabase, JobFilter(), limit=2, order=order) == expected
        chosen = JobFilter(
            user=USER,
            reasons=frozenset({"Evicted", OTHER}),
            since=datetime.now(UTC) - timedelta(hours=5, minutes=30),
            changed_since=datetime.now(UTC) - timedelta(minutes=30),
        )
        assert set(await walk(supabase, chosen, limit=2, order=order)) == set(made[4:])
    if other_table == "few columns":
        page = await supabase.jobs.page(JobFilter(text="nowhere"))
        assert page.rows == []


async def test_a_claim_that_cannot_be_read_hides_no_row(supabase: Supabase, database: Connection) -> None:
    made = [insert(database, age=age) for age in (3, 2, 1)]
    database.execute(
        "update jobs set metadata = ('{\"runops\": {\"a\": ' || repeat('9', 5000) || '}}')::jsonb where job_id = %s",
        [made[1]],
    )
    page = await supabase.jobs.page(JobFilter())
    assert [row.job_id for row in page.rows] == made[::-1]


@pytest.mark.parametrize(
    "text", ["", "f!1", "f!1;drop!x", "f!1!2026-11-24,or()", "x!1!", "f!!2026", "f!1!yesterday", "f!1!2026-13-45"]
)
def test_a_place_that_nobody_wrote_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Begin at its first page"):
        Cursor.from_text(text)


@pytest.mark.parametrize("row_id", ["abc", "9999999999999", "99999999999999999999999999", "-", "1-2"])
@pytest.mark.parametrize("at", ["", "2026-11-24T12:00:00+00:00"])
@pytest.mark.parametrize("way", "fb")
async def test_a_place_with_an_id_that_no_row_can_have_is_refused(
    supabase: Supabase, database: Connection, way: str, at: str, row_id: str
) -> None:
    insert(database)
    with pytest.raises(ValueError, match="Begin at its first page"):
        await supabase.jobs.page(JobFilter(), after=Cursor.from_text(f"{way}!{row_id}!{at}"))


@pytest.mark.slow("100,000 rows in a real table, read in pages of 999")
async def test_a_hundred_thousand_rows(supabase: Supabase, database: Connection) -> None:
    database.execute(
        "insert into jobs (job_id, status, error, created_at) select gen_random_uuid(), "
        "case when n %% 1000 = 0 then 'error' else 'completed' end, case when n %% 1000 = 0 then %s end, "
        "now() - (n / 3) * interval '1 second' from generate_series(1, 100000) as n",
        [FAILED["error"]],
    )
    seen: set[UUID] = set()
    after, pages = None, 0
    while pages == 0 or after is not None:
        page = await supabase.jobs.page(JobFilter(), after=after, limit=999)
        seen.update(row.job_id for row in page.rows)
        after, pages = page.next, pages + 1
    assert len(seen) == 100_000
    assert pages == 101
    rare = JobFilter(statuses=frozenset({"error"}), reasons=frozenset({"ModelUnavailable"}))
    assert len((await supabase.jobs.page(rare, limit=100)).rows) == 100
