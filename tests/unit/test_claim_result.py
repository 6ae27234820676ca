"""What a row shows after a claim whose answer is missing or empty."""

from typing import Any
from uuid import UUID

import pytest

from runops.job_row import JobRow
from runops.supabase.claim_result import ClaimResult, claim_result

TOKEN = "6b1f8a0e-0000-4000-8000-000000000001"
READ_AT, LATER = "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01+00:00"
ID = UUID(int=1)
READ = JobRow(job_id=ID, status="queued", updated_at=READ_AT)


def row(status: str | None, updated_at: str | None, claim: str | None = None) -> JobRow:
    metadata: dict[str, Any] = {} if claim is None else {"runops": {"claim": claim, "by": "x"}}
    return JobRow(job_id=ID, status=status, updated_at=updated_at, metadata=metadata)


@pytest.mark.parametrize(
    ("there", "result"),
    [
        pytest.param(None, ClaimResult.LOST, id="the row is gone"),
        pytest.param(row("processing", LATER, TOKEN), ClaimResult.WON, id="it carries our token"),
        pytest.param(row("processing", LATER, f"{TOKEN}/pod"), ClaimResult.WON, id="our pod works already"),
        pytest.param(row("processing", LATER, "other"), ClaimResult.LOST, id="another claim"),
        pytest.param(row("processing", LATER), ClaimResult.LOST, id="a consumer without claims"),
        pytest.param(row("completed", LATER, TOKEN), ClaimResult.LOST, id="our claim ended already"),
        pytest.param(row("queued", READ_AT), ClaimResult.OPEN, id="unchanged"),
        pytest.param(row("queued", READ_AT, TOKEN), ClaimResult.OPEN, id="unchanged, with an old claim"),
        pytest.param(row("queued", LATER), ClaimResult.LOST, id="touched meanwhile"),
        pytest.param(row("queued", None), ClaimResult.LOST, id="without its time"),
        pytest.param(row("error", READ_AT), ClaimResult.LOST, id="ended without a new time"),
        pytest.param(row(None, READ_AT), ClaimResult.LOST, id="without its status"),
    ],
)
def test_the_result_of_a_claim_of_a_queued_row(there: JobRow | None, result: ClaimResult) -> None:
    assert claim_result(there, read=READ, from_status="queued", token=TOKEN) is result


def test_a_stale_row_is_open_while_it_is_still_as_it_was_read() -> None:
    stale = row("processing", READ_AT, "old")
    assert claim_result(stale, read=stale, from_status="processing", token=TOKEN) is ClaimResult.OPEN


def test_a_row_without_a_status_or_a_time_can_be_open() -> None:
    bare = row(None, None)
    assert claim_result(bare, read=bare, from_status=None, token=TOKEN) is ClaimResult.OPEN


@pytest.mark.parametrize(
    ("version", "result"),
    [("7", ClaimResult.OPEN), ("8", ClaimResult.LOST), (None, ClaimResult.LOST)],
    ids=["unchanged", "an app wrote its metadata", "no longer told"],
)
def test_a_row_whose_version_is_known_is_open_while_it_has_that_version(
    version: str | None, result: ClaimResult
) -> None:
    there = row("queued", READ_AT).model_copy(update={"version": version})
    read = READ.model_copy(update={"version": "7"})
    assert claim_result(there, read=read, from_status="queued", token=TOKEN) is result
