"""A server that gives fewer rows at once than are asked for: nothing ends early, and nothing is taken for gone."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from devstack.faults import FaultControl
from devstack.stack import StackInfo
from runops.job_filter import JobFilter, Order
from runops.supabase.connection import Supabase
from runops.supabase.job_pages import Page
from runops.supabase.queue_outline import read_queue_outline
from runops.supabase.row_summaries import changed_last, summaries_of
from runops.supabase.sop_titles import titles_of
from runops.supabase.unclaimed_rows import find_unclaimed
from runops_cli.rows.read_jobs import all_pages, first_jobs
from tests.server_rows import most_rows

MOST = 20
few = pytest.mark.usefixtures("few_rows")


@pytest.fixture
def few_rows(database: psycopg.Connection[Any], stack: StackInfo) -> Iterator[None]:
    with most_rows(database, stack, MOST):
        yield


def insert(
    database: psycopg.Connection[Any], count: int, status: str = "queued", claim: str | None = None
) -> set[UUID]:
    stamp = {} if claim is None else {"runops": {"claim": claim, "by": "here", "attempt": 1}}
    return {
        job_id
        for (job_id,) in database.execute(
            "insert into jobs (job_id, status, metadata, created_at) select gen_random_uuid(), %s, %s, "
            "now() - n * interval '1 minute' from generate_series(1, %s) as n returning job_id",
            [status, json.dumps(stamp), count],
        ).fetchall()
    }


@few
def test_a_cut_answer_looks_like_a_whole_one(stack: StackInfo, database: psycopg.Connection[Any]) -> None:
    insert(database, 50)
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
    answer = httpx.get(f"{stack.url}/rest/v1/jobs?select=job_id&limit=100", headers=headers)
    assert (answer.status_code, answer.headers["Content-Range"], len(answer.json())) == (200, "0-19/*", MOST)


@few
@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize(("count", "limit"), [(19, 100), (20, 100), (21, 100), (60, 100), (61, 999), (60, 5)])
async def test_pages_have_every_row_once(
    supabase: Supabase, database: psycopg.Connection[Any], order: Order, count: int, limit: int
) -> None:
    made = insert(database, count)
    pages: list[Page] = []
    async for page in all_pages(supabase, JobFilter(), order=order, at_once=limit):
        pages.append(page)
        assert page.rows, "a page that is announced has rows"
    seen = [row.job_id for page in pages for row in page.rows]
    assert len(seen) == count
    assert set(seen) == made
    back, place = [pages[-1]], pages[-1].previous
    while place is not None:
        back.insert(0, await supabase.jobs.page(JobFilter(), after=place, limit=limit, order=order))
        place = back[0].previous
    assert {row.job_id for page in back for row in page.rows} == made


@few
async def test_the_first_jobs_and_whether_there_are_more_are_told_rightly(
    supabase: Supabase, database: psycopg.Connection[Any]
) -> None:
    insert(database, 50)
    found = await first_jobs(supabase, JobFilter(), order=Order.NEWEST, limit=45)
    assert (len(found.rows), found.more) == (45, True)
    found = await first_jobs(supabase, JobFilter(), order=Order.NEWEST, limit=50)
    assert (len(found.rows), found.more) == (50, False)


@few
async def test_rows_that_are_asked_for_by_their_ids_are_all_found(
    supabase: Supabase, database: psycopg.Connection[Any]
) -> None:
    made = insert(database, 50, "completed")
    for number, job_id in enumerate(made):
        sop = {"meta": {"title": f"SOP {number}"}}
        database.execute("insert into sops (job_id, data) values (%s, %s)", [job_id, json.dumps(sop)])
    assert set(await supabase.jobs.get_many([*made, uuid4()])) == made
    assert set(await summaries_of(supabase, [*made, uuid4()])) == made
    sops = await titles_of(supabase.rest, made)
    assert sops.titles == {job_id: f"SOP {number}" for number, job_id in enumerate(made)}
    assert {row.job_id for row in await changed_last(supabase, limit=200)} == made


@few
async def test_the_queue_and_what_is_claimed_are_read_to_the_end(
    supabase: Supabase, database: psycopg.Connection[Any]
) -> None:
    waiting, at_work = insert(database, 50), insert(database, 50, "processing", "a-token")
    assert {row.job_id for row in await supabase.jobs.queued(limit=100)} == waiting
    assert len(await supabase.jobs.queued(limit=29)) == 29
    assert {row.job_id async for row in supabase.jobs.claims_of("here")} == at_work
    assert {row.job_id for row in await supabase.jobs.claimed_by_names("he")} == at_work
    outline = await read_queue_outline(supabase)
    assert {row.job_id for row in outline.waiting} == waiting
    assert {row.job_id for row in outline.at_work} == at_work
    assert outline.whole
    left = insert(database, 50, "processing")
    database.execute("update jobs set updated_at = now() - interval '2 hours' where job_id = any(%s)", [list(left)])
    now = datetime.now(UTC) - timedelta(hours=1)
    assert set((await find_unclaimed(supabase, unchanged_since=now)).left_behind) == left


async def test_every_claim_is_read_however_few_rows_the_server_gives_at_once(
    supabase: Supabase, database: psycopg.Connection[Any], stack: StackInfo
) -> None:
    at_work = insert(database, 50, "processing", "a-token")
    with most_rows(database, stack, 7):
        # An operator keeps its rows from going stale by what it reads here.
        assert {row.job_id async for row in supabase.jobs.claims_of("here")} == at_work


@few
async def test_a_write_to_many_rows_counts_them_all(supabase: Supabase, database: psycopg.Connection[Any]) -> None:
    insert(database, 50)
    written = await supabase.jobs.change_some(
        {"error": "x"}, lambda query: query.eq("status", "queued"), doing="a test"
    )
    assert len(written) == 50


async def test_a_whole_answer_is_not_asked_about_again(
    supabase: Supabase, database: psycopg.Connection[Any], faults: FaultControl
) -> None:
    insert(database, 20, "completed")
    insert(database, 3)
    await supabase.jobs.page(JobFilter())
    before = len(faults.requests())
    page = await supabase.jobs.page(JobFilter(statuses=frozenset({"queued"})))
    assert (len(page.rows), page.next) == (3, None)
    assert len(faults.requests()) == before + 1
