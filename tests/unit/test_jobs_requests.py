"""What each request to the table `jobs` asks for, as PostgREST gets it: a missing filter would claim foreign rows."""

from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from postgrest import AsyncPostgrestClient

from runops.job_row import CLAIM_PATTERN, Claim, JobRow, Lane, RowStatus
from runops.supabase import jobs_requests as requests
from runops.supabase.errors import ErrorKind, SupabaseError

ID = UUID(int=1)
THIRD, OTHER = UUID(int=3), UUID(int=2)
TOKEN = "6b1f8a0e-0000-4000-8000-000000000001"
AT = "2026-01-01T00:00:00.5+00:00"
ROW = JobRow(job_id=ID, status="queued", updated_at=AT)
UNTOUCHED = JobRow(job_id=OTHER, status="queued")
CLAIM = Claim(claim=TOKEN, by="ours")


@cache
def _client() -> AsyncPostgrestClient:
    """Return the request builder; making one takes longer than a test."""
    return AsyncPostgrestClient("http://supabase.test")


def _table() -> Any:
    return _client().from_("jobs")


def _sent(query: Any) -> list[tuple[str, str]]:
    return list(query.request.params.multi_items())


def _filters(which: Callable[[Any], Any]) -> list[tuple[str, str]]:
    """Return the filters of an update."""
    query = which(_table().update({"a": 1}))
    assert query.request.http_method == "PATCH"
    return _sent(query)


def test_rows_are_read_by_their_ids() -> None:
    query = requests.among(("job_id", "status"), [str(ID), str(OTHER)])(_table())
    assert _sent(query) == [("select", "job_id,status"), ("job_id", f"in.({ID},{OTHER})")]


def _queued_page(**named: Any) -> list[tuple[str, str]]:
    asked: dict[str, Any] = {"lane": None, "without_users": [], "without_nobody": False, "prioritised": False} | named
    return _sent(requests.queued_page(("job_id",), **asked)(_table()))


IN_ORDER = [("order", "created_at.asc,id.asc")]
QUEUED = [("select", "job_id"), ("status", "eq.queued")]


def test_the_oldest_queued_rows_are_read() -> None:
    assert _queued_page() == [*QUEUED, *IN_ORDER]


def test_queued_rows_with_a_priority_are_read() -> None:
    assert _queued_page(prioritised=True) == [*QUEUED, ("metadata->>priority", "match.^[1-9]"), *IN_ORDER]


def test_queued_rows_of_anybody_are_read() -> None:
    assert _queued_page(without_nobody=True) == [*QUEUED, ("metadata->>user_id", "not.is.null"), *IN_ORDER]


def test_queued_rows_of_other_users_are_read_whatever_these_are_called() -> None:
    assert _queued_page(without_users=['b"\\', "a"]) == [
        *QUEUED,
        ("or", '(metadata->>user_id.is.null,metadata->>user_id.not.in.("a","b\\"\\\\"))'),
        *IN_ORDER,
    ]


FRESH = ("or", "(metadata->>backfill.is.null,metadata->>backfill.neq.true)")
BACKFILL = ("metadata->>backfill", "eq.true")


@pytest.mark.parametrize(("lane", "which"), [(Lane.FRESH, FRESH), (Lane.BACKFILL, BACKFILL)])
def test_the_rows_of_a_lane_are_told_apart_by_the_text_of_the_key(lane: Lane, which: tuple[str, str]) -> None:
    assert _queued_page(lane=lane) == [*QUEUED, which, *IN_ORDER]
    sent = _queued_page(lane=lane, without_users=["a"])
    assert sent == [*QUEUED, which, ("or", '(metadata->>user_id.is.null,metadata->>user_id.not.in.("a"))'), *IN_ORDER]


@pytest.mark.parametrize(("lane", "which"), [(Lane.FRESH, FRESH), (Lane.BACKFILL, BACKFILL)])
def test_the_backlog_of_a_lane_is_counted_and_its_oldest_row_read(lane: Lane, which: tuple[str, str]) -> None:
    query: Any = requests.backlog(lane)(_table())
    assert _sent(query) == [
        ("select", "created_at::timestamptz"),
        ("status", "eq.queued"),
        which,
        ("order", "created_at.asc,id.asc"),
        ("limit", "1"),
    ]
    assert query.request.headers["prefer"] == "count=estimated"


def test_rows_of_others_are_read_those_first_that_are_untouched_for_longest() -> None:
    query = requests.untouched_page('our "own"', 7, lane=Lane.BACKFILL)(_table())
    not_ours = 'metadata->runops->>by.is.null,metadata->runops->>by.neq."our \\"own\\""'
    nobodys = f'metadata->runops->>claim.is.null,metadata->runops->>claim.not.match."{CLAIM_PATTERN}"'
    assert _sent(query) == [
        ("select", "job_id,updated_at::timestamptz"),
        ("status", "eq.processing"),
        BACKFILL,
        ("or", f"({not_ours},{nobodys})"),
        ("order", "updated_at.asc,id.asc"),
        ("limit", "7"),
    ]


def test_stale_rows_are_read_while_they_are_in_processing() -> None:
    query = requests.stale_among(("job_id",), [str(ID), str(OTHER)])(_table())
    assert _sent(query) == [
        ("select", "job_id"),
        ("job_id", f"in.({ID},{OTHER})"),
        ("status", "eq.processing"),
        ("order", "created_at.asc,id.asc"),
    ]


def test_claims_of_an_installation_are_read_in_pages() -> None:
    query = requests.claims_page("ours", first=1000, last=1999)(_table())
    assert _sent(query) == [
        ("select", "job_id,updated_at::timestamptz,claim:metadata->runops->>claim"),
        ("status", "eq.processing"),
        ("metadata->runops->>by", "eq.ours"),
        ("metadata->runops->>claim", f"match.{CLAIM_PATTERN}"),
        ("order", "id.asc"),
        ("offset", "1000"),
        ("limit", "1000"),
    ]


def test_rows_claimed_under_names_that_begin_alike_are_read_in_pages() -> None:
    query = requests.claimed_page(("job_id",), "work/", first=0, last=6)(_table())
    assert _sent(query) == [
        ("select", "job_id"),
        ("status", "eq.processing"),
        ("metadata->runops->>by", "match.^work/"),
        ("order", "created_at.asc,id.asc"),
        ("offset", "0"),
        ("limit", "7"),
    ]


def test_only_rows_that_the_installation_holds_are_refreshed() -> None:
    assert _filters(requests.held_among("ours", [str(ID), str(OTHER)])) == [
        ("job_id", f"in.({ID},{OTHER})"),
        ("status", "eq.processing"),
        ("metadata->runops->>by", "eq.ours"),
    ]


@pytest.mark.parametrize(
    ("row", "status", "filters"),
    [
        (ROW, "queued", [("status", "eq.queued"), ("updated_at", f"eq.{AT}")]),
        (ROW, None, [("status", "is.null"), ("updated_at", f"eq.{AT}")]),
        (ROW.model_copy(update={"updated_at": None}), "error", [("status", "eq.error"), ("updated_at", "is.null")]),
    ],
)
def test_a_row_is_written_only_while_it_is_as_it_was_read(
    row: JobRow, status: str | None, filters: list[tuple[str, str]]
) -> None:
    assert _filters(requests.seen(row, status)) == [("job_id", f"eq.{ID}"), *filters]


def test_a_row_with_a_version_is_written_only_while_it_has_that_version() -> None:
    row = ROW.model_copy(update={"version": "4711"})
    filters = [("job_id", f"eq.{ID}"), ("status", "eq.queued"), ("updated_at", f"eq.{AT}"), ("xmin", "eq.4711")]
    assert _filters(requests.seen(row, "queued")) == filters


@pytest.mark.parametrize(("status", "condition"), [("queued", "eq.queued"), (None, "is.null")])
def test_each_of_several_rows_is_written_only_while_it_is_as_it_was_read(status: str | None, condition: str) -> None:
    rows = [ROW, UNTOUCHED, ROW.model_copy(update={"job_id": THIRD, "version": "4711"})]
    as_read = (
        f'and(job_id.eq.{ID},updated_at.eq."{AT}"),and(job_id.eq.{OTHER},updated_at.is.null),'
        f'and(job_id.eq.{THIRD},updated_at.eq."{AT}",xmin.eq.4711)'
    )
    assert _filters(requests.seen_among(rows, status, after="status.eq.queued")) == [
        ("status", condition),
        ("or", f"({as_read},status.eq.queued)"),
    ]


def test_a_row_carries_a_claim_whose_token_it_has() -> None:
    assert requests.carries_claim(CLAIM) == f'metadata->runops->>claim.eq."{TOKEN}"'


@pytest.mark.parametrize(("token", "condition"), [(TOKEN, f"like.{TOKEN}%"), (f"{TOKEN}/pod-1", f"eq.{TOKEN}/pod-1")])
def test_a_write_is_fenced_by_the_token_and_without_a_pod_it_matches_any_pod(token: str, condition: str) -> None:
    assert _filters(requests.fenced(ID, token)) == [
        ("job_id", f"eq.{ID}"),
        ("status", "eq.processing"),
        ("metadata->runops->>claim", condition),
    ]


def test_a_write_to_another_table_is_fenced_by_the_embedded_row() -> None:
    assert _filters(lambda query: requests.held_under(query, TOKEN, of="jobs.")) == [
        ("jobs.status", "eq.processing"),
        ("jobs.metadata->runops->>claim", f"like.{TOKEN}%"),
    ]


def test_a_pod_is_bound_only_while_the_row_and_its_claim_are_as_they_were_read() -> None:
    assert _filters(requests.claim_unchanged(ROW, CLAIM)) == [
        ("job_id", f"eq.{ID}"),
        ("status", "eq.processing"),
        ("updated_at", f"eq.{AT}"),
        ("metadata->runops->>claim", f"eq.{TOKEN}"),
    ]


def test_rows_are_read_as_models() -> None:
    assert requests.parsed([{"job_id": str(ID)}], doing="reading") == [JobRow(job_id=ID)]
    (claimed,) = requests.parsed_claims(
        [{"job_id": str(ID), "updated_at": AT, "claim": f"{TOKEN}/pod"}], doing="reading"
    )
    assert (claimed.job_id, claimed.updated_at, claimed.token) == (ID, AT, TOKEN)
    assert [made.created_at for made in requests.parsed_times([{"created_at": AT}, {}], doing="reading")] == [AT, None]


@pytest.mark.parametrize("parse", [requests.parsed, requests.parsed_claims, requests.parsed_times])
def test_columns_of_another_type_are_named(parse: Callable[..., Any]) -> None:
    with pytest.raises(SupabaseError) as caught:
        parse(
            [{"job_id": 5, "updated_at": [], "claim": 5, "created_at": {}}, {"created_at": {}}], doing="reading the row"
        )
    assert caught.value.kind is ErrorKind.INVALID
    assert "reading the row" in str(caught.value)
    assert "created_at" in str(caught.value) or "claim, job_id" in str(caught.value)


def test_a_row_that_is_not_an_object_is_an_unexpected_answer() -> None:
    answer: Any = [7]
    with pytest.raises(SupabaseError, match="unexpected form"):
        requests.parsed(answer, doing="reading")


def test_what_has_no_column_is_an_unexpected_answer() -> None:
    answer: Any = "not rows"
    with pytest.raises(SupabaseError, match=r"unexpected form \(\)"):
        requests.parsed(answer, doing="reading")


def test_rows_of_a_status_are_counted() -> None:
    query: Any = requests.of_status(RowStatus.PROCESSING)(_table())
    assert _sent(query) == [("select", "job_id"), ("status", "eq.processing"), ("limit", "1")]
    assert query.request.headers["prefer"] == "count=estimated"


@pytest.mark.parametrize(("after", "beyond"), [(None, []), (OTHER, [("job_id", f"gt.{OTHER}")])])
def test_rows_in_processing_that_nobody_has_claimed_are_read_by_their_ids(
    after: UUID | None, beyond: list[tuple[str, str]]
) -> None:
    nobodys = f'metadata->runops->>claim.is.null,metadata->runops->>claim.not.match."{CLAIM_PATTERN}"'
    assert _sent(requests.unclaimed_page(after, 7)(_table())) == [
        ("select", "job_id,updated_at::timestamptz"),
        ("status", "eq.processing"),
        ("or", f"(metadata->runops->>by.is.null,{nobodys})"),
        *beyond,
        ("order", "job_id.asc"),
        ("limit", "7"),
    ]
