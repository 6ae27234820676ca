import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.faults import Fault, FaultControl
from runops.failures import Reason
from runops.retrying import RetryPolicy
from runops.supabase.classify import from_database, from_storage
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.retry import may_pass, may_pass_or_conflicts

HTML = "<html><body>cloudflare 502</body></html>"
KEY = "sb_secret_thisisthekeythatmustneverbeshown"


def answering(handler: Callable[[httpx.Request], httpx.Response]) -> Supabase:
    """Adapters whose network is a function."""

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    return Supabase(
        "https://project.test", KEY, retries=RetryPolicy(sleep=at_once), transport=httpx.MockTransport(handler)
    )


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "status", "status": 502, "body": HTML}, ErrorKind.UNAVAILABLE),
        ({"kind": "status", "status": 503, "body": '{"code": "PGRST002", "message": "x"}'}, ErrorKind.UNAVAILABLE),
        ({"kind": "status", "status": 429, "body": '{"message": "slow down"}'}, ErrorKind.THROTTLED),
        ({"kind": "status", "status": 540, "body": '{"message": "paused"}'}, ErrorKind.UNAVAILABLE),
        ({"kind": "status", "status": 200, "body": HTML}, ErrorKind.UNAVAILABLE),
        ({"kind": "reset"}, ErrorKind.UNAVAILABLE),
        ({"kind": "truncate"}, ErrorKind.UNAVAILABLE),
        ({"kind": "drop_before"}, ErrorKind.UNAVAILABLE),
        ({"kind": "hang", "seconds": 30}, ErrorKind.TIMEOUT),
    ],
    ids=lambda value: "-".join(str(part) for part in value.values())[:20] if isinstance(value, dict) else str(value),
)
@pytest.mark.usefixtures("database")
async def test_reads_are_tried_four_times_and_then_tell_why(
    fault: dict[str, Any], kind: ErrorKind, connect: Callable[..., Supabase], faults: FaultControl
) -> None:
    # Where an answer comes, a busy machine may take its time for it.
    supabase = connect(timeout=1.0 if kind is ErrorKind.TIMEOUT else 60.0)
    await supabase.jobs.columns()
    faults.set(Fault(path="/rest/v1/jobs", times=3, **fault))
    assert await supabase.jobs.queued(limit=1) == []
    faults.set(Fault(path="/rest/v1/jobs", times=None, **fault))
    faults.forget()
    with pytest.raises(SupabaseError) as caught:
        await supabase.jobs.queued(limit=1)
    assert (caught.value.kind, caught.value.reason) == (kind, Reason.DATABASE_UNAVAILABLE)
    assert "table jobs" in caught.value.message
    assert len(faults.requests()) == 4


async def test_answer_that_drips_ends_at_a_deadline(connect: Callable[..., Supabase], faults: FaultControl) -> None:
    supabase = connect(timeout=0.6)
    await supabase.jobs.columns()
    faults.set(Fault(path="/rest/v1/jobs", times=None, kind="drip", seconds=0.4))
    began = asyncio.get_running_loop().time()
    with pytest.raises(SupabaseError) as caught:
        await supabase.jobs.get(uuid4())
    assert caught.value.kind in {ErrorKind.TIMEOUT, ErrorKind.UNAVAILABLE}
    assert asyncio.get_running_loop().time() - began < 60


async def test_nobody_listening_is_a_sentence_without_traceback_of_the_request() -> None:
    async with Supabase("http://127.0.0.1:9", KEY, retries=RetryPolicy(attempts=1)) as supabase:
        for call in (supabase.jobs.columns, lambda: supabase.storage.stat("videos", "raw/a.mp4")):
            with pytest.raises(SupabaseError) as caught:
                await call()
            assert caught.value.kind is ErrorKind.UNAVAILABLE
            assert caught.value.__suppress_context__
            assert KEY not in repr(caught.value)


async def test_servers_clock_is_compared_with_ours(supabase: Supabase, faults: FaultControl) -> None:
    assert supabase.clock_skew_seconds is None
    await supabase.jobs.columns()
    first = supabase.clock_skew_seconds
    assert first is not None
    assert abs(first) < 2
    faults.skew_clock(120)
    await supabase.storage.bucket("videos")
    second = supabase.clock_skew_seconds
    assert 117 < second < 123


async def test_key_is_not_carried_to_another_address() -> None:
    seen: list[httpx.Request] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(307, headers={"Location": "https://evil.test/"})

    async with answering(redirect) as supabase:
        for call in (supabase.jobs.columns, lambda: supabase.storage.read_json("videos", "a.json")):
            with pytest.raises(SupabaseError) as caught:
                await call()
            assert "redirects" in caught.value.message
    assert {request.url.host for request in seen} == {"project.test"}


async def test_upload_goes_to_our_own_address_whatever_the_server_calls_itself(tmp_path: Any) -> None:
    file = tmp_path / "large"
    file.write_bytes(bytes(6 * 2**20 + 1))
    seen: list[httpx.Request] = []
    stored = 0

    async def server(request: httpx.Request) -> httpx.Response:
        nonlocal stored
        seen.append(request)
        if request.method == "POST":
            location = "https://evil.test/storage/v1/upload/resumable/dXBsb2Fk?token=secret"
            return httpx.Response(201, headers={"Location": location})
        if request.method == "PATCH":
            stored += len(await request.aread())
            return httpx.Response(204, headers={"Upload-Offset": str(stored)})
        return httpx.Response(200, json={"size": stored})

    async with answering(server) as supabase:  # type: ignore[arg-type]  # MockTransport takes coroutine functions too
        await supabase.storage.upload("videos", "slim/a.mp4", file, content_type="video/mp4")
    assert {request.url.host for request in seen} == {"project.test"}
    assert seen[1].url.path == "/storage/v1/upload/resumable/dXBsb2Fk"
    assert seen[0].headers["x-upsert"] == "true"


@pytest.mark.parametrize(
    "forged",
    [
        "../../../../rest/v1/jobs?status=neq.x",
        "..",
        "%2e%2e",
        "dXBsb2Fk/../../object/videos",
        "dXBsb2Fk#x",
        "..\\..\\object",
        "dXBsb2Fk\n",
        "é",
        "",
        "a" * 2049,
    ],
)
async def test_what_cannot_name_an_upload_is_none_and_nothing_is_deleted(forged: str) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url.path)

    async with answering(server) as supabase:
        await supabase.storage.end_upload(forged)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"statusCode": "404", "error": "not_found", "code": "NoSuchKey"}, ErrorKind.NOT_FOUND),
        (400, {"statusCode": "409", "error": "Duplicate"}, ErrorKind.CONFLICT),
        (400, {"statusCode": "413", "error": "Payload too large"}, ErrorKind.TOO_LARGE),
        (400, {"statusCode": "403", "message": "Invalid Compact JWS", "code": "AccessDenied"}, ErrorKind.KEY_REJECTED),
        (
            400,
            {"statusCode": "403", "message": "new row violates row-level security policy", "code": "AccessDenied"},
            ErrorKind.FORBIDDEN,
        ),
        (400, {"statusCode": "400", "error": "InvalidKey"}, ErrorKind.INVALID),
        (400, {"statusCode": "429", "code": "SlowDown"}, ErrorKind.THROTTLED),
        (400, {"statusCode": "544", "code": "DatabaseTimeout"}, ErrorKind.UNAVAILABLE),
        (423, {}, ErrorKind.UNAVAILABLE),
        (401, {"message": "Invalid API key"}, ErrorKind.KEY_REJECTED),
        (413, {}, ErrorKind.TOO_LARGE),
        (522, {}, ErrorKind.UNAVAILABLE),
    ],
)
def test_storage_is_judged_by_the_status_in_its_body(status: int, body: dict[str, str], kind: ErrorKind) -> None:
    assert from_storage(status=status, body=json.dumps(body).encode(), doing="reading videos/a").kind is kind


@given(
    status=st.none() | st.integers(100, 600),
    code=st.none() | st.sampled_from(["42501", "PGRST205", "57014", "", "x"]) | st.text(max_size=8),
    words=st.none() | st.text(max_size=50),
    body=st.binary(max_size=60) | st.from_type(type(None)).map(lambda _: b'{"statusCode": "404"}'),
)
def test_any_answer_becomes_an_error_without_the_key(
    status: int | None, code: str | None, words: str | None, body: bytes
) -> None:
    said = f"{words} {KEY} https://x/y?token=abc&a=1"
    errors = [
        from_database(status=status, code=code, message=said, doing="reading the table jobs", table="jobs"),
        from_storage(status=status or 500, body=body + KEY.encode(), doing="reading videos/a"),
    ]
    for error in errors:
        assert KEY not in error.message + error.server_words
        assert "token=abc" not in error.message + error.server_words
        assert error.reason in Reason
        assert "reading" in error.message


@pytest.mark.parametrize("kind", ErrorKind)
def test_only_what_a_service_may_overcome_by_itself_is_worth_another_attempt(kind: ErrorKind) -> None:
    error = SupabaseError(kind, "no", retry_after=7)
    passing = {ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT, ErrorKind.THROTTLED}
    again = may_pass(error)
    assert (again is not None) == (kind in passing)
    assert again is None or (again.cause, again.wait_seconds) == (kind.value, 7)
    assert (may_pass_or_conflicts(error) is not None) == (kind in {*passing, ErrorKind.CONFLICT})
    assert may_pass(ValueError()) is None


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("-1", 0.0)])
async def test_the_wait_that_an_answer_asks_for_is_kept(header: str, seconds: float) -> None:
    """By tables and by storage alike; a date is not read."""
    waits: list[float] = []

    async def note(asked: float) -> None:
        waits.append(asked)

    def throttled(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": header}, json={"message": "slow down"})

    policy = RetryPolicy(attempts=2, base_seconds=0.5, sleep=note)
    async with Supabase("https://p.test", KEY, retries=policy, transport=httpx.MockTransport(throttled)) as supabase:
        for call in (supabase.jobs.get(uuid4()), supabase.storage.stat("videos", "raw/a.mp4")):
            with pytest.raises(SupabaseError):
                await call
    assert len(waits) == 2
    assert all(seconds <= wait <= seconds + 1 for wait in waits)
