"""What `JobsReads` asks for, and what it does about rows that cannot be read. Real servers: tests/adapters."""

from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from postgrest import AsyncPostgrestClient

from runops.job_filter import JobFilter, Order, VideoFacts
from runops.job_row import JobRow, Lane, RowStatus
from runops.retrying import RetryPolicy
from runops.supabase.errors import UNREADABLE, ErrorKind, SupabaseError
from runops.supabase.job_pages import Cursor
from runops.supabase.jobs_columns import JobsColumns
from runops.supabase.jobs_reads import Backlog, JobsReads
from runops.supabase.rest import Rest

ID, OTHER, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)
TOKEN = "6b1f8a0e-0000-4000-8000-000000000001"
AT = "2026-01-01T00:00:00+00:00"
UNREAD = SupabaseError(ErrorKind.INVALID, "A value cannot be read.", code=UNREADABLE)
REFUSED = SupabaseError(ErrorKind.KEY_REJECTED, "The key was rejected.")
FROZEN = SupabaseError(ErrorKind.INVALID, "A CHECK refuses it.", code="23514")
READ = "job_id,status,created_at::timestamptz,updated_at::timestamptz,metadata,error,version:xmin"
Answer = list[dict[str, Any]] | SupabaseError


@cache
def _client() -> AsyncPostgrestClient:
    return AsyncPostgrestClient("http://supabase.test")


class Project:
    """Gives these answers to reads and writes, and keeps what was asked and written.

    It gives `at_once` rows at most.
    """

    read_first, read_among = Rest.read_first, Rest.read_among

    def __init__(
        self,
        *reads: Answer,
        writes: tuple[Answer, ...] = (),
        counted: tuple[Answer, int] = ([], 0),
        at_once: int = 1000,
    ) -> None:
        self._at_once = at_once
        self.retries = RetryPolicy(attempts=1)
        self.asked: list[dict[str, str]] = []
        self.written: list[tuple[dict[str, str], Any]] = []
        self.doing: list[str] = []
        self._reads, self._writes, self._counted = list(reads), list(writes), counted

    def may_be_cut(self, rows: int) -> bool:
        return rows >= self._at_once

    @property
    def jobs(self) -> JobsReads:
        rest: Any = self
        return JobsReads(rest)

    async def read(self, build: Callable[[Any], Any], *, table: str, doing: str) -> list[dict[str, Any]]:
        asked = self._params(build, table)
        if asked.get("limit") == "0":
            return []
        self.asked.append(asked)
        self.doing.append(doing)
        return _given(self._reads.pop(0))

    async def count(self, build: Callable[[Any], Any], *, table: str, doing: str) -> tuple[list[dict[str, Any]], int]:
        self.asked.append(self._params(build, table))
        self.doing.append(doing)
        return _given(self._counted[0]), self._counted[1]

    async def send(self, build: Callable[[Any], Any], *, table: str, doing: str) -> list[dict[str, Any]]:
        assert table == "jobs"
        request = build(_client().from_(table)).request
        self.written.append((dict(request.params.multi_items()), request.json))
        self.doing.append(doing)
        return _given(self._writes.pop(0))

    @property
    def is_done(self) -> bool:
        return not self._reads and not self._writes

    def _params(self, build: Callable[[Any], Any], table: str) -> dict[str, str]:
        assert table == "jobs"
        return dict(build(_client().from_(table)).request.params.multi_items())


def _given(answer: Answer) -> list[dict[str, Any]]:
    if isinstance(answer, SupabaseError):
        raise answer
    return answer


def row(job_id: UUID = ID, status: str = "queued", **columns: Any) -> dict[str, Any]:
    return {"job_id": str(job_id), "status": status, "created_at": AT, "updated_at": AT, "metadata": {}, **columns}


def held(token: str) -> dict[str, Any]:
    return row(status="processing", metadata={"runops": {"claim": token, "by": "ours", "attempt": 1}})


def place(job_id: UUID) -> dict[str, Any]:
    return {"job_id": str(job_id), "updated_at": AT}


async def test_the_queued_rows_of_anybody_are_asked_for_unless_told_otherwise() -> None:
    project = Project([row()], [row()])
    assert [one.job_id for one in await project.jobs.queued(limit=7)] == [ID]
    await project.jobs.queued(limit=8, lane=Lane.BACKFILL, without_users=["a"], without_nobody=True, prioritised=True)
    order = {"order": "created_at.asc,id.asc", "select": READ, "status": "eq.queued"}
    assert project.asked == [
        {**order, "limit": "7"},
        {
            **order,
            "limit": "8",
            "metadata->>backfill": "eq.true",
            "metadata->>priority": "match.^[1-9]",
            "metadata->>user_id": "not.is.null",
            "or": '(metadata->>user_id.is.null,metadata->>user_id.not.in.("a"))',
        },
    ]
    assert project.doing == ["reading the queued rows of the table jobs"] * 2


async def test_a_page_with_an_unreadable_row_is_read_row_by_row_and_that_row_ends_in_error() -> None:
    project = Project(
        UNREAD,
        [place(ID), place(OTHER), place(THIRD), place(UUID(int=4))],
        UNREAD,
        [row(OTHER)],
        # Claimed, or gone, since the page was read.
        [row(THIRD, "processing")],
        [],
        writes=([place(ID)],),
    )
    assert [one.job_id for one in await project.jobs.queued(limit=9)] == [OTHER]
    assert project.is_done
    assert [asked["select"] for asked in project.asked] == [READ, "job_id,updated_at,version:xmin", *[READ] * 4]
    assert [asked.get("job_id") for asked in project.asked[2:]] == [f"eq.{UUID(int=one)}" for one in range(1, 5)]
    ((filters, body),) = project.written
    assert filters == {"job_id": f"eq.{ID}", "status": "eq.queued", "updated_at": f"eq.{AT}", "select": "job_id"}
    assert (body["status"], body["updated_at"]) == ("error", "now")
    assert "nested too deeply or holds a number out of range. Correct it" in body["error"]
    assert project.doing[-4] == f"refusing the row {ID} of the table jobs"


async def test_another_error_of_a_page_is_told() -> None:
    with pytest.raises(SupabaseError, match="The key was rejected"):
        await Project(REFUSED).jobs.queued(limit=9)
    with pytest.raises(SupabaseError, match="The key was rejected"):
        await Project(UNREAD, [place(ID)], REFUSED).jobs.queued(limit=9)


async def test_only_a_table_that_refuses_the_end_of_an_unreadable_row_is_passed_over() -> None:
    given = (UNREAD, [place(ID), place(OTHER)], UNREAD)
    assert [one.job_id for one in await Project(*given, [row(OTHER)], writes=(FROZEN,)).jobs.queued(limit=9)] == [OTHER]
    with pytest.raises(SupabaseError, match="The key was rejected"):
        await Project(*given, writes=(REFUSED,)).jobs.queued(limit=9)


@pytest.mark.parametrize(("made", "oldest"), [([{"created_at": AT}], AT), ([], None)])
async def test_a_backlog_is_a_number_and_the_time_of_its_oldest_row(made: list[Any], oldest: str | None) -> None:
    project = Project(counted=(made, 12))
    assert await project.jobs.backlog(Lane.BACKFILL) == Backlog(rows=12, oldest=oldest)
    assert project.asked[0]["metadata->>backfill"] == "eq.true"
    assert project.doing == ["counting the queued rows of the table jobs"]
    with pytest.raises(SupabaseError, match="counting the queued rows of the table jobs has an unexpected form"):
        await Project(counted=([{"created_at": 7}], 1)).jobs.backlog(Lane.FRESH)


async def test_rows_are_counted_by_their_status() -> None:
    project = Project(counted=([], 7))
    assert await project.jobs.count(RowStatus.PROCESSING) == 7
    assert project.asked == [{"select": "job_id", "status": "eq.processing", "limit": "1"}]
    assert project.doing == ["counting the rows in processing of the table jobs"]


async def test_the_stale_rows_of_a_lane_are_read_with_their_metadata() -> None:
    before = "2025-01-01T00:00:00+00:00"
    stale = row(status="processing", updated_at=before)
    project = Project([{"job_id": str(ID), "updated_at": before}], [stale])
    found = await project.jobs.stale(before=AT, installation="ours", limit=3, lane=Lane.BACKFILL)
    assert found == [JobRow.model_validate(stale)]
    first, second = project.asked
    assert first["limit"] == "1000"
    assert first["metadata->>backfill"] == "eq.true"
    assert 'neq."ours"' in first["or"]
    assert (second["select"], second["job_id"], second["status"]) == (READ, f"in.({ID})", "eq.processing")
    assert project.doing == ["reading the stale rows of the table jobs"] * 2


async def test_a_row_is_read_by_its_id() -> None:
    project = Project([row()], [])
    assert await project.jobs.get(ID) == JobRow.model_validate(row())
    assert await project.jobs.get(OTHER) is None
    assert project.asked == [{"select": READ, "job_id": f"eq.{one}"} for one in (ID, OTHER)]
    assert project.doing[0] == f"reading the row {ID} of the table jobs"


async def test_many_rows_are_read_a_hundred_at_a_time_each_once() -> None:
    ids = [UUID(int=number) for number in range(1, 202)]
    project = Project([row(ids[0])], [row(ids[100])], [row(ids[200])])
    found = await project.jobs.get_many([*reversed(ids), ids[0]])
    assert list(found) == [ids[0], ids[100], ids[200]]
    assert [asked["job_id"].count(",") + 1 for asked in project.asked] == [100, 100, 1]
    assert project.asked[0]["job_id"].startswith(f"in.({ids[0]},{ids[1]},")
    assert project.asked[2]["job_id"] == f"in.({ids[200]})"
    assert project.doing == [f"reading {count} rows of the table jobs" for count in (100, 100, 1)]


async def test_rows_that_a_server_left_out_of_its_answer_are_asked_for_again() -> None:
    project = Project([row(ID)], [row(OTHER)], [], at_once=1)
    assert list(await project.jobs.get_many([ID, OTHER, THIRD])) == [ID, OTHER]
    assert [asked["job_id"] for asked in project.asked] == [
        f"in.({ID},{OTHER},{THIRD})",
        f"in.({OTHER},{THIRD})",
        f"in.({THIRD})",
    ]


async def test_of_many_rows_those_that_cannot_be_read_are_left_out() -> None:
    project = Project(UNREAD, UNREAD, [row(OTHER)], [])
    assert list(await project.jobs.get_many([ID, OTHER, THIRD])) == [OTHER]
    assert project.written == []
    with pytest.raises(SupabaseError, match="The key was rejected"):
        await Project(REFUSED).jobs.get_many([ID])


@pytest.mark.parametrize(
    ("there", "is_held"), [([held(TOKEN)], True), ([held(f"{TOKEN[:-1]}2")], False), ([row()], False), ([], False)]
)
async def test_a_row_is_held_under_its_token(there: list[Any], is_held: bool) -> None:
    project = Project(there)
    assert await project.jobs.held(ID, TOKEN) is is_held
    assert project.asked[0]["job_id"] == f"eq.{ID}"


def summary(number: int, **columns: Any) -> dict[str, Any]:
    return {"row_id": number, "placed_at": AT, "job_id": str(UUID(int=number)), "created_at": AT, **columns}


async def test_a_page_of_jobs_is_asked_for_and_read() -> None:
    project = Project([summary(9), summary(8), summary(7)], [summary(number) for number in range(1, 120)])
    page = await project.jobs.page(
        JobFilter(longer_than=60.0),
        after=Cursor("10", AT),
        limit=2,
        order=Order.NEWEST,
        facts={UUID(int=9): VideoFacts(seconds=61.0)},
    )
    assert [one.job_id.int for one in page.rows] == [9]
    assert (page.next, page.undecided) == (Cursor("8", AT), 1)
    assert (project.asked[0]["limit"], project.asked[0]["created_at"]) == ("3", f"lte.{AT}")
    assert len((await project.jobs.page(JobFilter())).rows) == 100
    assert project.asked[1]["limit"] == "101"
    assert project.asked[1]["order"].startswith("created_at.desc")


async def test_a_page_has_no_more_rows_than_a_server_gives_at_once() -> None:
    project = Project([])
    await project.jobs.page(JobFilter(), limit=5000, order=Order.OLDEST)
    assert project.asked[0]["limit"] == "1000"
    assert project.asked[0]["order"].startswith("created_at.asc")


def many(first: int, count: int) -> list[dict[str, Any]]:
    return [row(UUID(int=number)) for number in range(first, first + count)]


def ranges(project: Project) -> list[tuple[str, str]]:
    return [(asked["offset"], asked["limit"]) for asked in project.asked]


async def test_claimed_rows_are_read_until_a_page_is_empty() -> None:
    project = Project(many(0, 1000), many(1000, 400), [])
    assert len(await project.jobs.claimed_by_names("work/", limit=5000)) == 1400
    assert ranges(project) == [("0", "1000"), ("1000", "1000"), ("1400", "1000")]
    assert project.asked[0]["metadata->runops->>by"] == "match.^work/"
    assert set(project.doing) == {"reading the claimed rows of the table jobs"}


async def test_no_more_claimed_rows_are_read_than_wanted() -> None:
    project = Project(many(0, 1000), many(1000, 5))
    assert len(await project.jobs.claimed_by_names("work/", limit=1005)) == 1005
    assert ranges(project) == [("0", "1000"), ("1000", "5")]
    # A thousand are enough where nothing else is said.
    project = Project(many(0, 1000))
    assert len(await project.jobs.claimed_by_names("work/")) == 1000


def claims(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {"job_id": str(UUID(int=number)), "updated_at": AT, "claim": TOKEN} for number in range(first, first + count)
    ]


async def test_the_claims_of_an_installation_are_read_until_a_page_is_short() -> None:
    project = Project(claims(0, 1000), claims(1000, 100), claims(1100, 99), at_once=100)
    assert [claim.job_id.int async for claim in project.jobs.claims_of("ours", limit=5000)] == list(range(1199))
    assert ranges(project) == [("0", "1000"), ("1000", "1000"), ("1100", "1000")]
    # A server may give one row at once. A row that is not read here goes stale, and another operator takes it.
    project = Project(*(claims(number, 1) for number in range(3)), [], at_once=1)
    assert [claim.job_id.int async for claim in project.jobs.claims_of("ours", limit=5000)] == [0, 1, 2]
    assert ranges(project) == [("0", "1000"), ("1", "1000"), ("2", "1000"), ("3", "1000")]
    assert project.asked[0]["metadata->runops->>by"] == "eq.ours"
    assert set(project.doing) == {"reading the claims in the table jobs"}


async def test_no_more_claims_are_read_than_wanted() -> None:
    project = Project(claims(0, 1000), claims(1000, 500))
    assert len([claim async for claim in project.jobs.claims_of("ours", limit=1500)]) == 1500
    assert ranges(project) == [("0", "1000"), ("1000", "500")]
    project = Project(*(claims(0, 1000) for _ in range(20)))
    assert len([claim async for claim in project.jobs.claims_of("ours")]) == 20_000
    with pytest.raises(SupabaseError, match="reading the claims in the table jobs has an unexpected form"):
        await anext(Project([{"job_id": 7}]).jobs.claims_of("ours"))


@pytest.mark.parametrize("status", ["queued", None])
async def test_a_row_is_refused_as_it_was_read(status: str | None) -> None:
    project = Project(writes=([place(ID)], []))
    seen = JobRow(job_id=ID, status=status, updated_at=AT)
    assert await project.jobs.refuse(seen, "No.")
    assert not await project.jobs.refuse(seen, "No.")
    filters, body = project.written[0]
    condition = "is.null" if status is None else "eq.queued"
    assert filters == {"job_id": f"eq.{ID}", "status": condition, "updated_at": f"eq.{AT}", "select": "job_id"}
    assert body == {"status": "error", "updated_at": "now", "error": "No."}


async def test_a_change_of_some_rows_tells_which_ones_and_reads_what_its_condition_names() -> None:
    project = Project(writes=([place(ID), place(OTHER)],))
    changed = await project.jobs.change_some({"error": "x"}, lambda query: query.eq("job_id", "1"), doing="changing")
    assert changed == {ID, OTHER}
    select = "job_id,status,updated_at,claim:metadata->runops->>claim,version:xmin"
    assert project.written == [({"job_id": "eq.1", "select": select}, {"error": "x"})]
    assert project.doing == ["changing"]


def _lacking(column: str) -> SupabaseError:
    return SupabaseError(ErrorKind.COLUMN_MISSING, f"The table jobs has no column {column}.", column=column)


async def test_a_request_is_sent_again_without_a_column_that_has_gone() -> None:
    sent: list[JobsColumns] = []

    async def request(columns: JobsColumns) -> int:
        sent.append(columns)
        if len(sent) == 1:
            raise _lacking("progress_stage")
        return 7

    assert await Project().jobs.by_columns(request) == 7
    assert sent[1] == sent[0].without("progress_stage") != sent[0]


@pytest.mark.parametrize("failure", [REFUSED, SupabaseError(ErrorKind.INVALID, "Refused.", column="progress_stage")])
async def test_a_request_that_fails_for_another_reason_is_not_sent_again(failure: SupabaseError) -> None:
    sent: list[JobsColumns] = []

    async def request(columns: JobsColumns) -> int:
        sent.append(columns)
        raise failure

    with pytest.raises(SupabaseError) as raised:
        await Project().jobs.by_columns(request)
    assert (raised.value, len(sent)) == (failure, 1)


async def test_a_table_whose_columns_go_one_by_one_is_not_asked_for_ever() -> None:
    columns = ("progress_stage", "progress_percent", "completed_at", "error", "updated_at", "created_at")
    sent: list[JobsColumns] = []

    async def request(by: JobsColumns) -> int:
        sent.append(by)
        raise _lacking(columns[len(sent) - 1])

    with pytest.raises(SupabaseError):
        await Project().jobs.by_columns(request)
    assert len(sent) == 5
