"""What a page of jobs asks the table for, and what its answer says of others. Real servers: tests/adapters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from postgrest import AsyncPostgrestClient

from runops.failures import CANCEL_SENTENCE, TABLE, Reason
from runops.job_filter import JobFilter, Order, VideoFacts
from runops.row_reason import OTHER
from runops.supabase.errors import UNREADABLE, ErrorKind, SupabaseError
from runops.supabase.job_pages import Cursor, Page, PageRequest, id_range, read_page, summary_columns
from runops.supabase.jobs_columns import JobsColumns

AT = datetime(2026, 11, 30, 19, tzinfo=UTC)
ALL = JobsColumns(progress=True, completed_at=True, error=True, version=True)
BARE = JobsColumns(progress=False, completed_at=False, error=False, version=False)
USER = UUID("1f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11")
UNREAD = SupabaseError(ErrorKind.INVALID, "A value cannot be read.", code=UNREADABLE)
NO_COLUMN = SupabaseError(ErrorKind.COLUMN_MISSING, "A column is missing.")
ANY = JobFilter()


@cache
def _client() -> AsyncPostgrestClient:
    return AsyncPostgrestClient("http://supabase.test")


def asked(
    chosen: JobFilter = ANY,
    *,
    after: Cursor | None = None,
    order: Order = Order.NEWEST,
    columns: JobsColumns = ALL,
    limit: int = 7,
) -> list[tuple[str, str]]:
    """Return what PostgREST gets, without the columns."""
    query: Any = PageRequest(chosen, after, limit, order).by(columns, claims=True)(_client().from_("jobs"))
    return [(name, value) for name, value in query.request.params.multi_items() if name != "select"]


DESCENDING = [("order", "created_at.desc.nullsfirst,id.desc"), ("limit", "8")]
ASCENDING = [("order", "created_at.asc.nullslast,id.asc"), ("limit", "8")]
DESCENDING_PAST = [("created_at", "lte.T"), ("or", '(created_at.lt."T",id.lt."5")')]
ASCENDING_PAST = [("or", '(created_at.gt."T",and(created_at.eq."T",id.gt."5"),created_at.is.null)')]


@pytest.mark.parametrize(
    ("order", "backwards", "past", "ordered"),
    [
        (Order.NEWEST, False, DESCENDING_PAST, DESCENDING),
        (Order.OLDEST, True, DESCENDING_PAST, DESCENDING),
        (Order.OLDEST, False, ASCENDING_PAST, ASCENDING),
        (Order.NEWEST, True, ASCENDING_PAST, ASCENDING),
    ],
)
def test_the_rows_beyond_a_place_in_each_direction(
    order: Order, backwards: bool, past: list[tuple[str, str]], ordered: list[tuple[str, str]]
) -> None:
    assert asked(order=order, after=Cursor("5", "T", backwards)) == [*past, *ordered]


def test_the_first_page_has_no_place_before_it() -> None:
    assert asked() == DESCENDING
    assert asked(order=Order.OLDEST) == ASCENDING


def test_a_row_without_a_time_is_the_newest() -> None:
    place = Cursor("5", None)
    assert asked(after=place) == [("or", '(created_at.not.is.null,id.lt."5")'), *DESCENDING]
    assert asked(after=place, order=Order.OLDEST) == [("created_at", "is.null"), ("id", "gt.5"), *ASCENDING]


@pytest.mark.parametrize(
    ("chosen", "filters"),
    [
        (JobFilter(statuses=frozenset({"error", "a,b"})), [("status", 'in.("a,b",error)')]),
        (JobFilter(user=USER), [("metadata->>user_id", f"ilike.{USER}")]),
        # A column without a zone holds times of the database's zone: at most 26 hours lie between two zones.
        (JobFilter(since=AT), [("created_at", "gte.2026-11-29T17:00:00+00:00")]),
        (JobFilter(changed_since=AT), [("updated_at", "gte.2026-11-29T17:00:00+00:00")]),
        (JobFilter(model="m", longer_than=3.0), []),
    ],
)
def test_what_the_table_can_decide_is_asked_of_it(chosen: JobFilter, filters: list[tuple[str, str]]) -> None:
    assert asked(chosen) == [*filters, *DESCENDING]


EVICTED = TABLE[Reason.EVICTED].sentence
NOT_ENDED = "status.in.(queued,processing)"
CANCELLED = TABLE[Reason.CANCELLED].sentence


@pytest.mark.parametrize(
    ("reasons", "columns", "alternatives"),
    [
        (
            {"Evicted"},
            ALL,
            [f"and({NOT_ENDED},metadata->runops->>reason.in.(Evicted))", f'error.like."{EVICTED}*"'],
        ),
        ({"Evicted"}, BARE, [f"and({NOT_ENDED},metadata->runops->>reason.in.(Evicted))"]),
        ({OTHER}, ALL, ["status.eq.error"]),
        ({OTHER}, BARE, ["status.eq.error"]),
        (
            {OTHER, "Evicted", "Cancelled"},
            ALL,
            [
                f"and({NOT_ENDED},metadata->runops->>reason.in.(Cancelled,Evicted))",
                "status.eq.error",
                f'error.like."{CANCELLED}*"',
                f'error.like."{EVICTED}*"',
                f'error.like."{CANCEL_SENTENCE}*"',
            ],
        ),
    ],
)
def test_a_reason_is_looked_for_in_the_claim_and_in_the_error(
    reasons: set[str], columns: JobsColumns, alternatives: list[str]
) -> None:
    assert asked(JobFilter(reasons=frozenset(reasons)), columns=columns) == [
        ("or", f"({','.join(alternatives)})"),
        *DESCENDING,
    ]


ALL_OF_AB = "and(job_id.gte.ab000000-0000-0000-0000-000000000000,job_id.lte.abffffff-ffff-ffff-ffff-ffffffffffff)"


@pytest.mark.parametrize(
    ("text", "columns", "alternatives"),
    [
        ("AB", ALL, ['error.ilike."*AB*"', ALL_OF_AB]),
        ("AB", BARE, [ALL_OF_AB]),
        ('5 %_\\"', ALL, ['error.ilike."*5 \\\\%\\\\_\\\\\\\\\\"*"']),
    ],
)
def test_a_text_is_looked_for_in_the_error_and_as_the_beginning_of_an_id(
    text: str, columns: JobsColumns, alternatives: list[str]
) -> None:
    assert asked(JobFilter(text=text), columns=columns) == [("or", f"({','.join(alternatives)})"), *DESCENDING]


def test_a_text_that_the_table_cannot_look_for_is_not_asked_of_it() -> None:
    assert asked(JobFilter(text="no id"), columns=BARE) == DESCENDING


@given(st.uuids(), st.integers(1, 36))
def test_an_id_lies_in_the_range_of_each_of_its_beginnings(job_id: UUID, length: int) -> None:
    beginning = str(job_id)[:length]
    first, last = id_range(beginning)
    assert first <= job_id <= last
    assert str(first).startswith(beginning)
    assert str(last).startswith(beginning)
    assert id_range(str(job_id)) == (job_id, job_id)


NEEDED = ("job_id", "status", "created_at::timestamptz", "updated_at::timestamptz")
USER_ID, CLAIM = "user_id:metadata->>user_id", "runops:metadata->runops"
STAMP = "claim_text:metadata->runops->>claim"


def test_the_metadata_itself_is_not_read() -> None:
    progress = ("progress_stage", "progress_percent")
    every = (*NEEDED, "error", USER_ID, STAMP, CLAIM, *progress, "completed_at::timestamptz")
    assert summary_columns(ALL) == every
    assert summary_columns(BARE) == (*NEEDED, USER_ID, STAMP, CLAIM)
    assert summary_columns(BARE, claims=False) == (*NEEDED, USER_ID, STAMP)


def test_a_page_also_reads_the_place_of_each_row() -> None:
    for claims in (True, False):
        query: Any = PageRequest(ANY, None, 7, Order.NEWEST).by(ALL, claims=claims)(_client().from_("jobs"))
        columns = ("row_id:id", "placed_at:created_at", *summary_columns(ALL, claims=claims))
        assert query.request.params["select"] == ",".join(columns)


def rows(*numbers: int, **columns: Any) -> list[dict[str, Any]]:
    """Return rows of an answer; each was queued as many seconds after `AT` as its number says."""
    return [
        {
            "row_id": number,
            "placed_at": f"at {number}",
            "job_id": str(UUID(int=number)),
            "status": "queued",
            "created_at": (AT + timedelta(seconds=number)).isoformat(),
            **columns,
        }
        for number in numbers
    ]


def page(
    answer: list[dict[str, Any]],
    chosen: JobFilter = ANY,
    *,
    after: Cursor | None = None,
    limit: int = 3,
    order: Order = Order.NEWEST,
    facts: dict[UUID, VideoFacts] | None = None,
) -> Page:
    return PageRequest(chosen, after, limit, order).page_of(answer, facts or {}, more=len(answer) > limit)


def numbers(found: Page) -> list[int]:
    return [row.job_id.int for row in found.rows]


FIRST = Cursor("99", "at 99")
LAST = Cursor("1", "at 1", backwards=True)


def test_one_row_more_than_asked_for_means_another_page() -> None:
    found = page(rows(9, 8, 7, 6))
    assert numbers(found) == [9, 8, 7]
    assert found.next == Cursor("7", "at 7")
    assert found.previous is None


def test_no_row_more_is_the_last_page() -> None:
    found = page(rows(9, 8, 7), after=FIRST)
    assert found.next is None
    assert found.previous == Cursor("9", "at 9", backwards=True)
    assert page([], after=FIRST) == Page()


def test_a_page_backwards_has_the_same_order_and_a_next_one() -> None:
    found = page(rows(6, 7, 8, 9), after=LAST)
    assert numbers(found) == [8, 7, 6]
    assert found.next == Cursor("6", "at 6")
    assert found.previous == Cursor("8", "at 8", backwards=True)


def test_the_first_page_reached_backwards_has_none_before_it() -> None:
    found = page(rows(7, 8, 9), after=LAST)
    assert numbers(found) == [9, 8, 7]
    assert found.next == Cursor("7", "at 7")
    assert found.previous is None


def test_rows_that_are_not_meant_are_left_out_and_yet_lead_on() -> None:
    found = page(rows(9, 8, 7, 6, status="error"), JobFilter(statuses=frozenset({"queued"})))
    assert (found.rows, found.undecided) == ([], 0)
    assert found.next == Cursor("7", "at 7")


def test_rows_that_were_queued_too_early_end_the_list_of_the_newest() -> None:
    since = JobFilter(since=AT + timedelta(seconds=8))
    assert numbers(page(rows(9, 8, 7, 6), since)) == [9, 8]
    assert page(rows(9, 8, 7, 6), since).next is None
    assert page(rows(10, 9, 8, 7), since).next == Cursor("8", "at 8")
    assert page(rows(6, 7, 8, 9), since, order=Order.OLDEST).next == Cursor("8", "at 8")
    # A row whose time nobody can read says nothing about those behind it.
    assert page([*rows(9, 8), *rows(7, created_at=None), *rows(6)], since).next == Cursor("7", "at 7")


def test_what_is_known_of_a_video_decides_and_what_its_row_keeps_where_nothing_is_known() -> None:
    long = {"took": {"recording": 90.0, "stages": {}, "models": "m"}}
    answer = [*rows(9, runops=long), *rows(8), *rows(7, runops=long), *rows(6, status="error")]
    known = {UUID(int=7): VideoFacts(frozenset({"m"}), 30.0)}
    chosen = JobFilter(longer_than=60.0, statuses=frozenset({"queued"}))
    found = page(answer, chosen, limit=4, facts=known)
    assert numbers(found) == [9]
    # Of the row that is in error nobody wants to know more.
    assert found.undecided == 1


class Answers:
    """A table that gives these answers, one after the other."""

    def __init__(self, *answers: list[dict[str, Any]] | SupabaseError, at_once: int = 1000) -> None:
        self.selected: list[str] = []
        self.asked: list[dict[str, str]] = []
        self._at_once = at_once
        self._answers = list(answers)

    def may_be_cut(self, rows: int) -> bool:
        return rows >= self._at_once

    async def read(self, build: Callable[[Any], Any], *, table: str, **_: str) -> list[dict[str, Any]]:
        assert table == "jobs"
        params = build(_client().from_(table)).request.params
        self.selected.append(params["select"])
        self.asked.append(dict(params))
        answer = self._answers.pop(0)
        if isinstance(answer, SupabaseError):
            raise answer
        return answer


async def test_a_claim_that_cannot_be_read_does_not_hide_the_page() -> None:
    table: Any = Answers(UNREAD, rows(1))
    assert await read_page(table, PageRequest(ANY, None, 7, Order.NEWEST), ALL) == (rows(1), False)
    assert [CLAIM in selected.split(",") for selected in table.selected] == [True, False]


async def test_a_page_is_read_once_where_it_can_be_read() -> None:
    table: Any = Answers(rows(1))
    assert await read_page(table, PageRequest(ANY, None, 7, Order.NEWEST), ALL) == (rows(1), False)
    assert [CLAIM in selected.split(",") for selected in table.selected] == [True]


async def test_an_answer_with_the_row_that_was_asked_for_besides_tells_that_there_are_more() -> None:
    table: Any = Answers(rows(9, 8, 7), at_once=1)
    assert await read_page(table, PageRequest(ANY, None, 2, Order.NEWEST), ALL) == (rows(9, 8, 7), True)
    assert len(table.asked) == 1


@pytest.mark.parametrize(("beyond", "more"), [([6], True), ([], False)])
@pytest.mark.parametrize("backwards", [False, True])
async def test_of_an_answer_that_may_be_cut_the_row_beyond_it_is_asked_for(
    backwards: bool, beyond: list[int], more: bool
) -> None:
    table: Any = Answers(rows(9, 8), rows(*beyond), at_once=2)
    request = PageRequest(ANY, FIRST if not backwards else LAST, 5, Order.NEWEST)
    assert await read_page(table, request, ALL) == (rows(9, 8), more)
    assert [asked["limit"] for asked in table.asked] == ["6", "1"]
    assert "at 8" in table.asked[1]["or"]
    assert ('id.gt."8"' in table.asked[1]["or"]) is backwards


async def test_another_error_is_not_taken_for_a_claim_that_cannot_be_read() -> None:
    table: Any = Answers(NO_COLUMN)
    with pytest.raises(SupabaseError, match="A column is missing"):
        await read_page(table, PageRequest(ANY, None, 7, Order.NEWEST), ALL)


@given(
    st.builds(
        Cursor,
        st.integers(0, 2**63).map(str) | st.uuids().map(str),
        st.none() | st.datetimes().map(lambda at: f"{at.isoformat()}+00:00"),
        st.booleans(),
    )
)
def test_a_place_comes_back_from_its_text(place: Cursor) -> None:
    assert Cursor.from_text(place.to_text()) == place


@pytest.mark.parametrize("text", ["", "f!5", "x!5!", "f!!T", "f!5,id.gt.0!T", 'f!5!"', f"f!{'5' * 65}!", "f!5!T\n"])
def test_no_other_text_is_a_place(text: str) -> None:
    with pytest.raises(ValueError, match="Begin at its first page"):
        Cursor.from_text(text)
