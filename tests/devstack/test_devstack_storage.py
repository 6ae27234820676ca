"""Objects in the Storage stand-in: in, out, in parts, listed, signed, moved."""

from __future__ import annotations

import hashlib
import socket
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from supabase import Client

from devstack.faults import FaultControl
from devstack.stack import StackInfo
from devstack.supabase.gateway.storage import download, listing
from devstack.supabase.gateway.storage.errors import StorageError
from devstack.supabase.gateway.storage.listing import ListRequest, ListV2Request
from devstack.supabase.gateway.storage.records import StoredObject
from devstack.supabase.gateway.switches import Switches, set_switches

BODY = bytes(range(256)) * 400
NAME = "raw/a.mp4"


def put(http: httpx.Client, name: str = NAME, body: bytes = BODY, **headers: str) -> httpx.Response:
    sent = {"x-upsert": "true", "Content-Type": "video/mp4"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return http.post(f"/storage/v1/object/videos/{name}", content=body, headers=sent)


def get(http: httpx.Client, name: str = NAME, **headers: str) -> httpx.Response:
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    return http.get(f"/storage/v1/object/authenticated/videos/{name}", headers=sent)


def test_an_object_comes_back_as_sent(http: httpx.Client, empty_bucket: str) -> None:
    answer = put(http)
    assert answer.json()["Key"] == f"{empty_bucket}/{NAME}"
    came = get(http)
    assert (came.content, came.headers["content-type"]) == (BODY, "video/mp4")
    assert came.headers["etag"] == f'"{hashlib.md5(BODY, usedforsecurity=False).hexdigest()}"'
    head = http.head(f"/storage/v1/object/videos/{NAME}")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(BODY)), b"")


def test_the_client_library_uploads_lists_signs_moves_and_removes(
    http: httpx.Client, supabase_client: Client, empty_bucket: str
) -> None:
    videos = supabase_client.storage.from_(empty_bucket)
    videos.upload(NAME, BODY, {"content-type": "video/mp4"})
    videos.upload(NAME, BODY, {"content-type": "video/mp4", "upsert": "true"})
    assert videos.info(NAME)["size"] == len(BODY)
    assert [row["name"] for row in videos.list("raw")] == ["a.mp4"]
    assert [(row["name"], row["id"]) for row in videos.list()] == [("raw", None)]
    assert [one.name for one in videos.list_v2({"prefix": "raw/"}).objects] == [NAME]
    assert httpx.get(str(videos.create_signed_url(NAME, 60)["signedURL"])).content == BODY
    permit = videos.create_signed_upload_url("raw/b.mp4")
    videos.upload_to_signed_url("raw/b.mp4", permit["token"], b"signed")
    where = "/storage/v1/object/upload/sign/videos/raw/b.mp4"
    again = http.post(where, headers={"x-upsert": "true"}).json()
    assert http.put(where, params={"token": again["token"]}, content=b"signed").json() == {"Key": "videos/raw/b.mp4"}
    assert videos.download("raw/b.mp4") == b"signed"
    videos.copy(NAME, "raw/c.mp4")
    videos.move("raw/c.mp4", "raw/d.mp4")
    assert not videos.exists("raw/c.mp4")
    assert [row["name"] for row in videos.remove(["raw/d.mp4", "raw/missing.mp4"])] == ["raw/d.mp4"]


@pytest.mark.parametrize(
    ("query", "disposition"),
    [
        ("", None),
        ("&download", "attachment;"),
        ("&download=", "attachment;"),
        (
            "&download=Rechnung%20M%C3%BCller.mp4",
            "attachment; filename=Rechnung%20M%C3%BCller.mp4; filename*=UTF-8''Rechnung%20M%C3%BCller.mp4;",
        ),
        ("&download=a%22%3Bb(1)!.mp4", "attachment; filename=a%22%3Bb(1)!.mp4; filename*=UTF-8''a%22%3Bb(1)!.mp4;"),
    ],
)
def test_a_signed_url_names_the_file_to_save(
    http: httpx.Client, bare: httpx.Client, empty_bucket: str, query: str, disposition: str | None
) -> None:
    """As `renderer.ts` of the real server writes the header."""
    put(http)
    signed = http.post(f"/storage/v1/object/sign/{empty_bucket}/{NAME}", json={"expiresIn": 60}).json()["signedURL"]
    came = bare.get(f"/storage/v1{signed}{query}")
    assert (came.content, came.headers.get("Content-Disposition")) == (BODY, disposition)
    assert "Cache-Control" not in came.headers
    assert 0 < parsedate_to_datetime(came.headers["Expires"]).timestamp() - time.time() < 120
    assert "Expires" not in get(http).headers


def test_signed_urls_leave_the_encoding_of_a_name_to_the_client(http: httpx.Client, empty_bucket: str) -> None:
    """supabase-js encodes what it is given: what was encoded before would name another object."""
    name = "raw/a b+c.mp4"
    put(http, quote(name))
    signed = http.post(f"/storage/v1/object/sign/{empty_bucket}/{quote(name)}", json={"expiresIn": 60}).json()
    assert signed["signedURL"].startswith(f"/object/sign/{empty_bucket}/{name}?token=")
    several = http.post(f"/storage/v1/object/sign/{empty_bucket}", json={"expiresIn": 60, "paths": [name]}).json()
    assert several[0]["signedURL"].startswith(f"/object/sign/{empty_bucket}/{name}?token=")
    permit = http.post(f"/storage/v1/object/upload/sign/{empty_bucket}/{quote(name)}", headers={"x-upsert": "true"})
    assert permit.json()["url"].startswith(f"/object/upload/sign/{empty_bucket}/{name}?token=")
    for url in (signed["signedURL"], several[0]["signedURL"]):
        assert http.get(f"/storage/v1{quote(url, safe='/?=.-_+')}").content == BODY


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=100-199", 100, 199), ("bytes=102000-", 102000, 102399), ("bytes=-10", 102390, 102399)],
)
def test_a_range_is_sent_as_part(http: httpx.Client, empty_bucket: str, wanted: str, first: int, last: int) -> None:
    assert put(http).json()["Key"].startswith(empty_bucket)
    part = get(http, Range=wanted)
    assert (part.status_code, part.content) == (206, BODY[first : last + 1])
    assert part.headers["content-range"] == f"bytes {first}-{last}/{len(BODY)}"


def test_a_part_is_one_of_the_object_that_is_there_whatever_if_range_says(
    http: httpx.Client, empty_bucket: str
) -> None:
    assert put(http).json()["Key"].startswith(empty_bucket)
    etag = get(http).headers["etag"]
    assert get(http, If_None_Match=etag).status_code == 304
    assert get(http, If_None_Match="*").status_code == 200
    assert get(http, Range="bytes=0-9", If_Range=etag).status_code == 206
    put(http, body=b"another one")
    part = get(http, Range="bytes=0-6", If_Range=etag)
    assert (part.status_code, part.content) == (206, b"another")
    assert part.headers["etag"] != etag


@pytest.mark.parametrize("header", ["bytes=0-1,4-5", "bytes=5-2", "bytes=-", "bytes=x-", "items=0-1", "bytes = 0-1"])
def test_a_range_that_cannot_be_read_is_refused(http: httpx.Client, empty_bucket: str, header: str) -> None:
    assert put(http).json()["Key"].startswith(empty_bucket)
    answer = get(http, Range=header)
    assert (answer.status_code, answer.json()["code"]) == (416, "InvalidRange")


def test_an_empty_object_has_no_range(http: httpx.Client, empty_bucket: str) -> None:
    assert put(http, body=b"").json()["Key"].startswith(empty_bucket)
    assert get(http, Range="bytes=0-0").status_code == 416
    assert get(http).content == b""


def test_info_tells_which_version_it_is_of_in_body_and_headers(http: httpx.Client, empty_bucket: str) -> None:
    put(http)
    answer = http.get(f"/storage/v1/object/info/{empty_bucket}/{NAME}")
    said = answer.json()
    assert (said["size"], said["etag"], said["version"] != "") == (len(BODY), answer.headers["etag"], True)
    assert answer.headers["cache-control"] == said["cache_control"]
    assert http.get(f"/storage/v1/object/info/authenticated/{empty_bucket}/{NAME}").json() == said


def test_an_object_without_metadata_has_no_size_but_can_be_read(
    stack: StackInfo, http: httpx.Client, empty_bucket: str, switches: Switches
) -> None:
    put(http)
    put(http, "raw/b.mp4")
    set_switches(stack.url, switches.model_copy(update={"undescribed": "raw/a"}))
    said = http.get(f"/storage/v1/object/info/{empty_bucket}/{NAME}").json()
    assert [said[name] for name in ("size", "etag", "content_type", "metadata")] == [None] * 4
    head = http.head(f"/storage/v1/object/{empty_bucket}/{NAME}")
    assert (head.status_code, head.headers.get("content-length"), head.headers.get("etag")) == (200, None, None)
    rows = http.post(f"/storage/v1/object/list/{empty_bucket}", json={"prefix": "raw"}).json()
    assert [row["metadata"] and row["metadata"]["size"] for row in rows] == [None, len(BODY)]
    assert get(http).content == BODY


def test_an_old_storage_api_gives_info_without_a_body_and_errors_without_a_code(
    stack: StackInfo, http: httpx.Client, empty_bucket: str, switches: Switches
) -> None:
    put(http)
    set_switches(stack.url, switches.model_copy(update={"old_storage_api": True}))
    answer = http.get(f"/storage/v1/object/info/{empty_bucket}/{NAME}")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, b"", get(http).headers["etag"])
    missing = {"statusCode": "404", "error": "not_found", "message": "Object not found"}
    assert get(http, "raw/none").json() == http.get("/storage/v1/object/none/a").json() == missing
    assert http.get("/storage/v1/bucket/none").json()["error"] == "Bucket not found"
    whole = get(http, Range="bytes=0-0")
    assert (whole.status_code, whole.content) == (200, BODY)


@pytest.mark.parametrize("name", ["raw//a.mp4", "raw/"])
def test_names_with_empty_parts_are_taken(http: httpx.Client, empty_bucket: str, name: str) -> None:
    assert put(http, name).json()["Key"] == f"{empty_bucket}/{name}"
    assert get(http, name).content == BODY


def test_a_page_of_an_upload_is_given_as_plain_text(http: httpx.Client, empty_bucket: str) -> None:
    put(http, body=b"<html>", Content_Type="text/html; charset=utf-8")
    assert get(http).headers["content-type"].startswith("text/plain")
    assert empty_bucket


def test_an_upload_that_breaks_off_leaves_no_object(stack: StackInfo, http: httpx.Client, empty_bucket: str) -> None:
    where = urlsplit(stack.url)
    with socket.create_connection((str(where.hostname), stack.port)) as connection:
        head = (
            f"POST /storage/v1/object/{empty_bucket}/{NAME} HTTP/1.1\r\nHost: x\r\n"
            f"apikey: {stack.secret_key}\r\nContent-Length: 1000000\r\n\r\n"
        )
        connection.sendall(head.encode() + b"x" * 300_000)
    incoming = stack.directory / "storage" / "incoming"
    deadline = time.monotonic() + 10
    while any(incoming.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(incoming.iterdir())
    assert get(http).json()["statusCode"] == "404"


def test_a_replaced_object_leaves_no_bytes_behind(stack: StackInfo, http: httpx.Client, empty_bucket: str) -> None:
    for body in (b"one", b"two"):
        assert put(http, body=body).json()["Key"].startswith(empty_bucket)
    assert len(list((stack.directory / "storage" / "objects").iterdir())) == 1


def test_a_bucket_has_limits(http: httpx.Client) -> None:
    options = {"name": "small", "file_size_limit": "1KB", "allowed_mime_types": ["video/*"]}
    assert http.post("/storage/v1/bucket", json=options).status_code == 200
    try:
        assert http.get("/storage/v1/bucket/small").json()["file_size_limit"] == 1000
        path = "/storage/v1/object/small/a"
        large = http.post(path, content=b"x" * 1025, headers={"Content-Type": "video/mp4"})
        typed = http.post(path, content=b"x", headers={"Content-Type": "text/plain"})
        assert (large.status_code, large.json()["statusCode"]) == (400, "413")
        assert (typed.status_code, typed.json()["code"]) == (400, "InvalidMimeType")
        assert http.post(path, content=b"x", headers={"Content-Type": "video/mp4"}).status_code == 200
        assert http.delete("/storage/v1/bucket/small").json()["code"] == "ResourceNotEmpty"
    finally:
        http.post("/storage/v1/bucket/small/empty")
        http.delete("/storage/v1/bucket/small")


def test_300_megabytes_pass_both_ways_in_flat_memory(stack: StackInfo, http: httpx.Client, empty_bucket: str) -> None:
    chunk, count = b"v" * 2**20, 300
    before = gateway_memory(stack)
    sent = http.post(
        f"/storage/v1/object/{empty_bucket}/raw/long.mp4", content=(chunk for _ in range(count)), timeout=120
    )
    assert sent.status_code == 200
    received = 0
    with http.stream("GET", f"/storage/v1/object/{empty_bucket}/raw/long.mp4") as answer:
        for part in answer.iter_raw():
            received += len(part)
    assert received == count * len(chunk)
    assert gateway_memory(stack) - before < 60 * 2**20
    http.post(f"/storage/v1/bucket/{empty_bucket}/empty")


def gateway_memory(stack: StackInfo) -> int:
    """Peak resident memory of the gateway, in bytes."""
    pid = int((stack.directory / "announce" / "gateway.json").read_text().split('"pid": ')[1].rstrip("}"))
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def test_a_refused_upload_wedges_its_connection_where_switched_on(
    stack: StackInfo, http: httpx.Client, empty_bucket: str, switches: Switches
) -> None:
    put(http)
    set_switches(stack.url, switches.model_copy(update={"wedge_rejected_uploads": True}))
    with httpx.Client(base_url=stack.url, headers=http.headers, timeout=1) as client:
        assert put(client, x_upsert="false").json()["code"] == "KeyAlreadyExists"
        with pytest.raises(httpx.ReadTimeout):
            client.get("/storage/v1/bucket")
    assert get(http).content == BODY
    assert empty_bucket


@given(size=st.integers(1, 50), header=st.from_regex(r"bytes=\d{0,2}-\d{0,2}", fullmatch=True))
def test_a_range_lies_within_the_object_or_is_refused(size: int, header: str) -> None:
    try:
        wanted = download.byte_range(header, size)
    except StorageError:
        return
    assert wanted is not None
    first, last = wanted
    assert 0 <= first <= last < size


NAMES = st.lists(st.from_regex(r"[ab]{1,2}(/[ab]{1,2}){0,2}", fullmatch=True), unique=True, max_size=12)


@given(names=NAMES, limit=st.integers(1, 4))
def test_pages_give_every_object_once_in_order(names: list[str], limit: int) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(len(names) + 1):
        page = listing.page([stored(name) for name in names], ListV2Request(limit=limit, cursor=cursor))
        seen += [row["name"] for row in page["objects"]]
        cursor = page.get("nextCursor")
        if not page["hasNext"]:
            break
    assert seen == sorted(names)


@given(NAMES)
def test_one_level_shows_each_first_segment_once(names: list[str]) -> None:
    rows = listing.one_level([stored(name) for name in names], ListRequest(prefix=""))
    assert [row["name"] for row in rows] == sorted({name.split("/")[0] for name in names})


def stored(name: str) -> StoredObject:
    return StoredObject(
        id="1",
        bucket="videos",
        name=name,
        version="1",
        size=0,
        mime_type="",
        cache_control="",
        etag="",
        metadata={},
        created_at="",
        updated_at="",
    )


@pytest.mark.usefixtures("empty_bucket")
def test_the_log_tells_what_a_checkpoint_holds_that_is_stored_or_given(
    http: httpx.Client, faults: FaultControl
) -> None:
    name = "transcripts/one.checkpoint.json"
    put(http, name, b'{"format": 1, "slim": {"key": "k"}, "chunks": [], "sop": null}')
    put(http, NAME, b'{"slim": 1}')
    get(http, name)
    put(http, name, b"no JSON")
    get(http, name)
    assert [one.members for one in faults.requests()] == [["format", "slim"], None, ["format", "slim"], [], []]
