"""Resumable uploads: parts, broken parts, and errors in plain text."""

from __future__ import annotations

import base64
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo, mint_jwt
from devstack.supabase.gateway.storage.tus import PART_SIZE
from devstack.supabase.gateway.switches import Switches, set_switches

ENDPOINT = "/storage/v1/upload/resumable"
BODY = bytes(range(256)) * 4096 * 7
NAME = "slim/a.mp4"


def metadata(bucket: str, name: str = NAME) -> str:
    pairs = {"bucketName": bucket, "objectName": name, "contentType": "video/mp4", "cacheControl": "3600"}
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def create(http: httpx.Client, bucket: str = "videos", **headers: str) -> httpx.Response:
    sent = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(BODY)), "Upload-Metadata": metadata(bucket)}
    sent |= {key.replace("_", "-"): value for key, value in headers.items()}
    return http.post(ENDPOINT, headers={key: value for key, value in sent.items() if value})


def patch(http: httpx.Client, url: str, offset: int, part: bytes, **headers: str) -> httpx.Response:
    sent = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
    }
    sent |= {key.replace("_", "-"): value for key, value in headers.items()}
    return http.patch(url, content=part, headers={key: value for key, value in sent.items() if value})


def offset_of(http: httpx.Client, url: str) -> int:
    return int(http.head(url, headers={"Tus-Resumable": "1.0.0"}).headers["upload-offset"])


def finish(http: httpx.Client, url: str) -> httpx.Response:
    while True:
        offset = offset_of(http, url)
        answer = patch(http, url, offset, BODY[offset : offset + PART_SIZE])
        assert answer.status_code == 204, answer.text
        if "tus-complete" in answer.headers:
            return answer


def test_an_upload_in_parts_becomes_the_object(http: httpx.Client, empty_bucket: str) -> None:
    made = create(http)
    assert made.status_code == 201
    url = made.headers["location"]
    first = patch(http, url, 0, BODY[:PART_SIZE])
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(PART_SIZE))
    assert http.get(f"/storage/v1/object/{empty_bucket}/{NAME}").json()["statusCode"] == "404"
    assert finish(http, url).headers["upload-offset"] == str(len(BODY))
    came = http.get(f"/storage/v1/object/{empty_bucket}/{NAME}")
    assert (came.content, came.headers["content-type"]) == (BODY, "video/mp4")


def test_a_part_that_breaks_off_is_resumed_where_it_stopped(
    stack: StackInfo, http: httpx.Client, empty_bucket: str
) -> None:
    url = create(http).headers["location"]
    where = urlsplit(url)
    head = (
        f"PATCH {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\napikey: {stack.secret_key}\r\n"
        "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Content-Length: {PART_SIZE}\r\n\r\n"
    )
    with socket.create_connection((str(where.hostname), int(where.port or 0))) as connection:
        connection.sendall(head.encode() + BODY[:1_000_000])
    deadline = time.monotonic() + 10
    while offset_of(http, url) < 1_000_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert offset_of(http, url) == 1_000_000
    finish(http, url)
    assert http.get(f"/storage/v1/object/{empty_bucket}/{NAME}").content == BODY


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "reset"])
def test_after_a_fault_the_offset_tells_where_to_go_on(
    http: httpx.Client, empty_bucket: str, faults: FaultControl, kind: str
) -> None:
    url = create(http).headers["location"]
    faults.set(Fault.model_validate({"kind": kind, "method": "PATCH"}))
    with pytest.raises(httpx.TransportError):
        patch(http, url, 0, BODY[:PART_SIZE])
    assert offset_of(http, url) == (PART_SIZE if kind == "drop_after" else 0)
    finish(http, url)
    assert http.get(f"/storage/v1/object/{empty_bucket}/{NAME}").content == BODY


def test_a_wrong_offset_and_a_wrong_part_size_are_refused(
    stack: StackInfo, http: httpx.Client, switches: Switches, empty_bucket: str
) -> None:
    url = create(http, empty_bucket).headers["location"]
    wrong = patch(http, url, 5, BODY[:PART_SIZE])
    assert (wrong.status_code, wrong.text) == (409, "Upload-Offset conflict\n")
    assert patch(http, url, 0, BODY[:100]).status_code == 400
    set_switches(stack.url, switches.model_copy(update={"tus_chunk_rule": False}))
    assert patch(http, url, 0, BODY[:100]).status_code == 204


def test_a_terminated_upload_is_gone(http: httpx.Client, empty_bucket: str) -> None:
    url = create(http, empty_bucket).headers["location"]
    assert http.delete(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert http.head(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 404


def test_errors_are_plain_text_with_real_statuses(
    stack: StackInfo, http: httpx.Client, bare: httpx.Client, empty_bucket: str
) -> None:
    http.post(f"/storage/v1/object/{empty_bucket}/{NAME}", content=b"x")
    answers = {
        404: create(http, "none"),
        409: create(http),
        413: create(http, Upload_Length=str(2**50)),
        412: create(http, Tus_Resumable=""),
        400: create(http, Upload_Metadata="bucketName ?"),
        403: create(bare, apikey=stack.publishable_key),
    }
    assert {code: answer.status_code for code, answer in answers.items()} == {code: code for code in answers}
    assert all(answer.headers["content-type"].startswith("text/plain") for answer in answers.values())
    assert create(http, x_upsert="true").status_code == 201


def test_of_two_uploads_to_one_name_the_first_to_finish_wins(http: httpx.Client, empty_bucket: str) -> None:
    first, second = (create(http).headers["location"] for _ in range(2))
    patch(http, first, 0, BODY[:PART_SIZE])
    finish(http, second)
    late = patch(http, first, PART_SIZE, BODY[PART_SIZE:])
    assert (late.status_code, late.text) == (409, "The resource already exists")
    assert http.head(f"/storage/v1/object/{empty_bucket}/{NAME}").status_code == 200


def test_each_request_over_an_object_that_exists_must_ask_for_its_replacement(
    http: httpx.Client, empty_bucket: str
) -> None:
    http.post(f"/storage/v1/object/{empty_bucket}/{NAME}", content=b"x")
    assert create(http).status_code == 409
    url = create(http, x_upsert="true").headers["location"]
    assert patch(http, url, 0, BODY[:PART_SIZE]).status_code == 409
    assert patch(http, url, 0, BODY[:PART_SIZE], x_upsert="TRUE").status_code == 409
    assert patch(http, url, 0, BODY[:PART_SIZE], x_upsert="true").status_code == 204
    headers = {"Tus-Resumable": "1.0.0"}
    assert http.delete(url, headers=headers).status_code == 409
    assert http.delete(url, headers=headers | {"x-upsert": "true"}).status_code == 204


def test_a_finished_upload_stays_known_as_long_as_its_object(http: httpx.Client, empty_bucket: str) -> None:
    url = create(http).headers["location"]
    finish(http, url)
    assert offset_of(http, url) == len(BODY)
    assert patch(http, url, 0, BODY[:PART_SIZE]).status_code == 409
    assert patch(http, url, 0, BODY[:PART_SIZE], x_upsert="true").text == "Upload-Offset conflict\n"
    headers = {"Tus-Resumable": "1.0.0"}
    assert http.delete(url, headers=headers).status_code == 409
    ended = http.delete(url, headers=headers | {"x-upsert": "true"})
    assert (ended.status_code, ended.text) == (400, "Cannot terminate an already completed upload")
    assert http.get(f"/storage/v1/object/{empty_bucket}/{NAME}").content == BODY
    version = http.get(f"/storage/v1/object/info/{empty_bucket}/{NAME}").json()["version"]
    name = url.rsplit("/", 1)[1]
    assert base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode() == f"{empty_bucket}/{NAME}/{version}"
    http.delete(f"/storage/v1/object/{empty_bucket}/{NAME}")
    assert http.head(url, headers=headers).status_code == 410


def test_an_upload_of_nothing_is_an_object_at_once(http: httpx.Client, empty_bucket: str) -> None:
    assert create(http, Upload_Length="0").status_code == 201
    assert http.get(f"/storage/v1/object/info/{empty_bucket}/{NAME}").json()["size"] == 0


def test_more_bytes_than_announced_are_too_many(http: httpx.Client, empty_bucket: str) -> None:
    url = create(http, empty_bucket, Upload_Length="100").headers["location"]
    answer = patch(http, url, 0, BODY[:101])
    assert (answer.status_code, answer.text) == (413, "upload's size exceeded\n")


def test_what_is_missing_in_a_part(http: httpx.Client, empty_bucket: str) -> None:
    url = create(http, empty_bucket).headers["location"]
    untyped = patch(http, url, 0, BODY[:PART_SIZE], Content_Type="")
    assert (untyped.status_code, untyped.text) == (403, "Content-Type header required\n")
    typed = patch(http, url, 0, BODY[:PART_SIZE], Content_Type="video/mp4")
    assert (typed.status_code, typed.text) == (400, "Invalid content-type\n")
    other = patch(http, url, 0, BODY[:PART_SIZE], Tus_Resumable="0.2")
    assert (other.status_code, other.text) == (400, "Invalid tus-resumable\n")
    placeless = patch(http, url, 0, BODY[:PART_SIZE], Upload_Offset="")
    assert (placeless.status_code, placeless.text) == (403, "Upload-Offset header required\n")


def test_a_bad_key_and_no_metadata_are_told_before_the_protocol_begins(
    stack: StackInfo, http: httpx.Client, bare: httpx.Client
) -> None:
    expired = mint_jwt(stack, role="service_role", expires_in=-1)
    for answer in (create(bare, Authorization=f"Bearer {expired}"), create(bare)):
        assert (answer.status_code, answer.json()["statusCode"], answer.json()["code"]) == (400, "403", "AccessDenied")
    unnamed = http.post(ENDPOINT, headers={"Tus-Resumable": "1.0.0", "Upload-Length": "1"})
    assert (unnamed.status_code, unnamed.text) == (400, "Metadata header is required")


def test_options_tell_what_the_server_can(bare: httpx.Client) -> None:
    answer = bare.options(ENDPOINT)
    assert (answer.status_code, answer.headers["tus-version"]) == (204, "1.0.0")
    assert "creation-with-upload" in answer.headers["tus-extension"]
