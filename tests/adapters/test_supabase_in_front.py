"""Web pages of what stands in front of Supabase: not a word of the key, of its rights, or of the project."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from devstack.faults import Fault, FaultControl
from runops.failures import Reason
from runops.retrying import RetryPolicy
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError

KEY = "sb_secret_thisisthekeythatmustneverbeshown"
JOB = UUID("00000000-0000-4000-8000-000000000001")
PAGE = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"
HTML = {"content-type": "text/html; charset=UTF-8"}
SAID_BY_WORDS_ONLY = {"content-type": "application/octet-stream"}

CALLS: dict[str, Callable[[Supabase, Path], Awaitable[Any]]] = {
    "read the queue": lambda one, _: one.jobs.queued(limit=1),
    "complete": lambda one, _: one.jobs.complete(JOB, str(JOB)),
    "stat": lambda one, _: one.storage.stat("videos", "raw/a.mp4"),
    "sizes": lambda one, _: one.storage.newest_sizes("videos", "raw"),
    "bucket": lambda one, _: one.storage.bucket("videos"),
    "read": lambda one, _: one.storage.read_json("videos", "a.json"),
    "write": lambda one, _: one.storage.upload_json("videos", "a.json", {}),
    "download": lambda one, folder: one.storage.download("videos", "a", folder / "a", max_bytes=100),
    "upload": lambda one, folder: one.storage.upload("videos", "a", folder / "small", content_type="video/mp4"),
    "upload in parts": lambda one, folder: one.storage.upload(
        "videos", "a", folder / "large", content_type="video/mp4"
    ),
    "user": lambda one, _: one.users.exists(JOB),
}


def behind(status: int, headers: dict[str, str], folder: Path) -> tuple[Supabase, list[httpx.Request]]:
    """Return a project behind something that answers every request with a page."""
    seen: list[httpx.Request] = []

    def front(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, content=PAGE.encode(), headers=headers)

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    (folder / "small").write_bytes(b"x")
    (folder / "large").write_bytes(bytes(6 * 2**20 + 1))
    retries = RetryPolicy(sleep=at_once)
    return Supabase("https://p.test", KEY, retries=retries, transport=httpx.MockTransport(front)), seen


@pytest.mark.parametrize(
    ("call", "status", "headers"),
    [
        *((call, status, HTML) for call in CALLS for status in (200, 400, 401, 403, 405, 502, 522)),
        # The library for Auth does not give the words of an answer that is no JSON.
        *((call, status, SAID_BY_WORDS_ONLY) for call in CALLS if call != "user" for status in (403, 503)),
    ],
)
async def test_a_page_is_no_answer_of_supabase(call: str, status: int, headers: dict[str, str], tmp_path: Path) -> None:
    supabase, _ = behind(status, headers, tmp_path)
    async with supabase:
        with pytest.raises(SupabaseError) as caught:
            await CALLS[call](supabase, tmp_path)
    error = caught.value
    assert (error.kind, error.code) == (ErrorKind.UNAVAILABLE, None)
    assert error.reason in {Reason.STORAGE_UNAVAILABLE, Reason.DATABASE_UNAVAILABLE}
    assert f"something in front of Supabase answered ({status}, an HTML page)" in error.message
    for blamed in ("key", "grant", "SUPABASE_", "Cloudflare"):
        assert blamed not in error.message


@pytest.mark.parametrize("call", ["read the queue", "stat", "user", "upload"])
async def test_a_page_is_asked_past_as_often_as_an_outage(call: str, tmp_path: Path) -> None:
    supabase, seen = behind(403, HTML, tmp_path)
    async with supabase:
        with pytest.raises(SupabaseError):
            await CALLS[call](supabase, tmp_path)
    assert len(seen) == RetryPolicy().attempts


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (404, ErrorKind.NOT_FOUND, "there is no"),
        (429, ErrorKind.THROTTLED, "too many requests"),
        (413, ErrorKind.TOO_LARGE, "something in front of Supabase answered (413, an HTML page)"),
        (540, ErrorKind.UNAVAILABLE, "the project is paused"),
        (302, ErrorKind.INVALID, "redirects elsewhere"),
    ],
)
@pytest.mark.parametrize("call", ["read the queue", "bucket"])
async def test_some_pages_mean_what_their_status_says(
    call: str, status: int, kind: ErrorKind, words: str, tmp_path: Path
) -> None:
    supabase, _ = behind(status, HTML, tmp_path)
    async with supabase:
        with pytest.raises(SupabaseError) as caught:
            await CALLS[call](supabase, tmp_path)
    assert caught.value.kind is kind
    assert words in caught.value.message


@pytest.mark.usefixtures("database")
async def test_work_goes_on_once_the_page_is_gone(supabase: Supabase, faults: FaultControl) -> None:
    await supabase.jobs.columns()
    faults.set(Fault(path="/storage/v1/|/rest/v1/", kind="status", status=403, times=3, headers=HTML, body=PAGE))
    assert await supabase.jobs.queued(limit=1) == []
    faults.set(Fault(path="/storage/v1/|/rest/v1/", kind="status", status=403, times=3, headers=HTML, body=PAGE))
    await supabase.storage.upload_json("videos", "front/a.json", {"a": 1})
    assert await supabase.storage.read_json("videos", "front/a.json") == {"a": 1}


async def test_an_object_that_is_a_page_can_be_read(supabase: Supabase, tmp_path: Path) -> None:
    (tmp_path / "page").write_text(PAGE)
    await supabase.storage.upload("videos", "front/page", tmp_path / "page", content_type="text/html")
    await supabase.storage.download("videos", "front/page", tmp_path / "back", max_bytes=1000)
    assert (tmp_path / "back").read_text() == PAGE
