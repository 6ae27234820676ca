"""What is asked about an object, and what of the answers counts."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.retrying import RetryPolicy
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.objects import ObjectInfo
from runops.supabase.stat import info_in, info_of_part, size_in
from runops.supabase.upload import is_version_of

KEY = "sb_secret_thisisthekeythatmustneverbeshown"
NO_BUCKET = {"statusCode": "404", "error": "Bucket not found", "message": "Bucket not found", "code": "NoSuchBucket"}
NO_KEY = {"statusCode": "404", "error": "not_found", "message": "Object not found", "code": "NoSuchKey"}
NO_KEY_BEFORE = {"statusCode": "404", "error": "not_found", "message": "Object not found"}
NO_ROUTE = {"message": "Route GET:/object/info/videos/raw/x.mp4 not found", "error": "Not Found", "statusCode": 404}
BAD_KEY = {"statusCode": "403", "error": "Unauthorized", "message": "Invalid Compact JWS", "code": "AccessDenied"}
NULL = {"id": "1", "name": "raw/x.mp4", "version": "v", "size": None, "etag": None, "metadata": None}
PART = httpx.Response(206, content=b"v", headers={"content-range": "bytes 0-0/4711", "etag": '"a"'})


def answering(info: httpx.Response, itself: httpx.Response) -> tuple[Supabase, list[str]]:
    asked: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        index = "/object/info/" in request.url.path
        asked.append("index" if index else f"{request.method} {request.headers.get('range')}")
        answer = info if index else itself
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    retries = RetryPolicy(sleep=at_once)
    return Supabase("https://p.test", KEY, retries=retries, transport=httpx.MockTransport(server)), asked


@pytest.mark.parametrize(
    "info",
    [
        httpx.Response(200, json=NULL),
        httpx.Response(200, content=b"", headers={"etag": '"abc"'}),
        httpx.Response(400, json=NO_KEY_BEFORE),
        httpx.Response(400, json=NO_BUCKET),
        httpx.Response(404, json=NO_ROUTE),
        httpx.Response(200, json={"size": -1}),
        httpx.Response(200, json=[]),
    ],
    ids=["null", "no body", "not found, without a code", "no bucket", "no route", "below zero", "a list"],
)
@pytest.mark.parametrize(
    ("itself", "expected"),
    [
        (PART, ObjectInfo(4711, '"a"', None)),
        (httpx.Response(200, content=b"video", headers={"etag": '"a"'}), ObjectInfo(5, '"a"', None)),
        (httpx.Response(416, json={"statusCode": "416", "code": "InvalidRange"}), ObjectInfo(0, None, None)),
        (httpx.Response(400, json={"statusCode": "416", "code": "S3Error"}), ObjectInfo(0, None, None)),
        (httpx.Response(400, json=NO_KEY), None),
    ],
    ids=["a part", "the whole", "empty", "empty, from S3", "missing"],
)
async def test_where_the_index_does_not_tell_the_object_itself_is_asked(
    info: httpx.Response, itself: httpx.Response, expected: ObjectInfo | None
) -> None:
    supabase, asked = answering(info, itself)
    async with supabase:
        assert await supabase.storage.stat("videos", "raw/x.mp4") == expected
    assert asked == ["index", "GET bytes=0-0"]


async def test_what_storage_has_looked_for_is_not_asked_again() -> None:
    supabase, asked = answering(httpx.Response(400, json=NO_KEY), PART)
    async with supabase:
        assert await supabase.storage.stat("videos", "raw/x.mp4") is None
    assert asked == ["index"]


@pytest.mark.parametrize(
    ("itself", "kind", "words"),
    [
        (NO_BUCKET, ErrorKind.NOT_FOUND, "bucket does not exist"),
        (BAD_KEY, ErrorKind.KEY_REJECTED, "key was rejected"),
        (NO_ROUTE, ErrorKind.NOT_FOUND, "no such object"),
    ],
)
async def test_the_object_itself_tells_bucket_from_key(itself: dict[str, Any], kind: ErrorKind, words: str) -> None:
    supabase, _ = answering(httpx.Response(400, json=NO_BUCKET), httpx.Response(400, json=itself))
    async with supabase:
        with pytest.raises(SupabaseError, match=words) as caught:
            await supabase.storage.stat("videos", "raw/x.mp4")
    assert caught.value.kind is kind


async def test_an_object_whose_size_nobody_tells_is_an_odd_answer() -> None:
    async def content() -> Any:
        yield b"video"

    def server(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(200, json=NULL) if "/info/" in request.url.path else httpx.Response(200, content=content())
        )

    async with Supabase("https://p.test", KEY, transport=httpx.MockTransport(server)) as supabase:
        with pytest.raises(SupabaseError, match="something unexpected") as caught:
            await supabase.storage.stat("videos", "raw/x.mp4")
    assert caught.value.retryable


@pytest.mark.parametrize(
    "row",
    [
        {"metadata": None},
        {"metadata": {}},
        {"metadata": {"size": None}},
        {"metadata": []},
        {"metadata": {"size": "12 MB"}},
        {"metadata": {"size": True}},
        {},
    ],
)
async def test_one_object_without_a_size_does_not_spoil_the_listing(row: dict[str, Any]) -> None:
    rows = [
        {"name": "a.mp4", "id": "1", "metadata": {"size": 7}},
        {"name": "b.mp4", "id": "2", **row},
        {"name": "c.mp4", "id": "3", "metadata": {"size": "8"}},
    ]
    supabase, _ = answering(PART, httpx.Response(200, json=rows))
    async with supabase:
        assert await supabase.storage.newest_sizes("videos", "raw") == {"raw/a.mp4": 7, "raw/c.mp4": 8}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["size", "etag", "version", "content_type", "x"]), inner, max_size=5)
    ),
    max_leaves=8,
)


@given(JSON)
def test_any_answer_of_the_index_is_read_or_left(value: Any) -> None:
    info = info_in(json.dumps(value).encode())
    if info is not None:
        assert info.size == int(value["size"]) >= 0
        assert all(one is None or isinstance(one, str) for one in (info.etag, info.version, info.content_type))
    assert size_in(value) is None or size_in(value) == int(value["size"])


@given(st.binary(max_size=30))
def test_bytes_that_are_no_answer_tell_nothing(body: bytes) -> None:
    assert info_in(body) is None


@given(
    status=st.sampled_from([200, 206]),
    headers=st.dictionaries(st.sampled_from(["content-range", "content-length", "etag"]), st.text(max_size=20)),
)
def test_any_headers_are_read_or_left(status: int, headers: dict[str, str]) -> None:
    info = info_of_part(status, headers)
    assert info is None or info.size >= 0


def name_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("version", "upload", "expected"),
    [
        ("v1", name_of("videos/slim/a.mp4/v1"), True),
        ("v1", name_of("videos/slim/a.mp4-$v-v1"), True),
        ("v0", name_of("videos/slim/a.mp4/v1"), False),
        (None, name_of("videos/slim/a.mp4/v1"), True),
        ("v0", name_of("another form"), True),
        ("v0", "________", True),
        ("v0", "a", True),
    ],
)
def test_an_object_is_of_an_upload_unless_its_version_is_another(
    version: str | None, upload: str, expected: bool
) -> None:
    assert is_version_of(version, upload) is expected


def an_upload(object_now: Callable[[int], dict[str, Any] | None], posts: list[str]) -> httpx.MockTransport:
    """Storage that takes all bytes and fails in making them the object the first time."""
    size = 6 * 2**20 + 1

    def server(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            posts.append(name_of(f"videos/slim/a.mp4/v{len(posts) + 1}"))
            return httpx.Response(201, headers={"Location": f"https://p.test/upload/resumable/{posts[-1]}"})
        if request.method == "PATCH":
            reached = int(request.headers["upload-offset"]) + int(request.headers["content-length"])
            if reached == size and len(posts) == 1:
                return httpx.Response(500, text="Internal Server Error")
            return httpx.Response(204, headers={"Upload-Offset": str(reached)})
        if request.method == "HEAD":
            return httpx.Response(200, headers={"Upload-Offset": str(size)})
        info = object_now(len(posts))
        return httpx.Response(200, json=info) if info else httpx.Response(400, json=NO_KEY)

    return httpx.MockTransport(server)


@pytest.mark.parametrize(
    "before",
    [None, {"size": 6 * 2**20 + 1, "version": "v0"}, {"size": 1, "version": "v0"}],
    ids=["nothing", "one of the same size", "another one"],
)
async def test_an_upload_of_which_storage_made_no_object_begins_again(
    before: dict[str, Any] | None, tmp_path: Any
) -> None:
    (tmp_path / "file").write_bytes(bytes(6 * 2**20 + 1))
    posts: list[str] = []

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    def object_now(uploads: int) -> dict[str, Any] | None:
        return before if uploads == 1 else {"size": 6 * 2**20 + 1, "version": f"v{uploads}"}

    transport = an_upload(object_now, posts)
    async with Supabase("https://p.test", KEY, retries=RetryPolicy(sleep=at_once), transport=transport) as supabase:
        await supabase.storage.upload("videos", "slim/a.mp4", tmp_path / "file", content_type="video/mp4")
    assert len(posts) == 2


async def test_an_upload_whose_object_comes_late_is_waited_for(tmp_path: Any) -> None:
    (tmp_path / "file").write_bytes(bytes(6 * 2**20 + 1))
    posts: list[str] = []
    looks: list[int] = []

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    def object_now(_uploads: int) -> dict[str, Any] | None:
        looks.append(1)
        return None if len(looks) < 3 else {"size": 6 * 2**20 + 1, "version": "v1"}

    transport = an_upload(object_now, posts)
    async with Supabase("https://p.test", KEY, retries=RetryPolicy(sleep=at_once), transport=transport) as supabase:
        await supabase.storage.upload("videos", "slim/a.mp4", tmp_path / "file", content_type="video/mp4")
    assert len(posts) == 1
