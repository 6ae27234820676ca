"""Tests of rows as they were shown, and of the filter that finds those that are so still."""

from uuid import uuid4

import httpx
import pytest
from postgrest import AsyncPostgrestClient

from runops.job_row import RowStatus
from runops.supabase.many_result import ROWS_AT_ONCE
from runops.supabase.shown_row import ShownRow, still_among

_LONGEST_LINE = 8 * 1024
"""nginx, which Kong is made of, takes no longer request line unless it was told so: `large_client_header_buffers`."""
_AT = "2026-12-01T03:24:25.123456+00:00"


@pytest.mark.parametrize(
    ("updated_at", "token", "status", "after"),
    [
        (_AT, None, RowStatus.ERROR, RowStatus.QUEUED),
        (_AT, None, RowStatus.QUEUED, RowStatus.ERROR),
        (_AT, "7acbb574-545d-497d-a95a-5a608f49f1d7", RowStatus.PROCESSING, RowStatus.ERROR),
        (_AT, None, RowStatus.PROCESSING, RowStatus.ERROR),
    ],
)
def test_the_filter_of_a_batch_fits_into_a_url(
    updated_at: str, token: str | None, status: RowStatus, after: RowStatus
) -> None:
    rows = [ShownRow(uuid4(), status.value, updated_at, token) for _ in range(ROWS_AT_ONCE)]
    url = "https://supabase.videos.internal.example.com/rest/v1"
    table = AsyncPostgrestClient(url, headers={}).table("jobs").update({"status": after.value})
    query = still_among(rows, status.value, after=after)(table).select("job_id", "status", "updated_at")
    line = f"PATCH {httpx.URL(f'{url}/jobs', params=query.request.params)} HTTP/1.1"
    assert all(str(row.job_id) in line for row in rows)
    assert len(line) < _LONGEST_LINE
