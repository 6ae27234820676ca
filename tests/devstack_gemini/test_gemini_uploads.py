"""Files: resumable upload, states, expiry, deletion."""

import asyncio
import base64
import hashlib
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import httpx2
import pytest
from google import genai
from google.genai import errors, types

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl

CHUNK = 8 * 1024 * 1024
VIDEO = types.UploadFileConfig(mime_type="video/mp4")


def start(http: httpx.Client, size: int, **file: Any) -> httpx.Response:
    return http.post(
        "/upload/v1beta/files",
        json={"file": file},
        headers={
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(size),
        },
    )


def send(address: str, content: bytes, *, offset: int, command: str = "upload") -> httpx.Response:
    headers = {"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": str(offset)}
    return httpx.post(address, content=content, headers=headers)


@pytest.fixture
def large(tmp_path: Path, recording: Path) -> Path:
    """Make a playable file of three chunks: players stop reading at the zeros behind the film."""
    path = tmp_path / "large.mp4"
    path.write_bytes(recording.read_bytes())
    with path.open("r+b") as stream:
        stream.truncate(2 * CHUNK + 1_000)
    return path


async def test_the_real_client_uploads_polls_and_deletes(
    client: genai.Client, control: GeminiControl, large: Path
) -> None:
    control.behave(Behaviour(polls_before_active=3))
    file = await client.aio.files.upload(file=large, config=VIDEO)
    states = [file.state]
    async with asyncio.timeout(120):
        while file.state == types.FileState.PROCESSING:
            file = await client.aio.files.get(name=file.name or "")
            states.append(file.state)
            await asyncio.sleep(0.02)
    assert states.count(types.FileState.PROCESSING) >= 4
    assert file.state == types.FileState.ACTIVE
    assert file.size_bytes == 2 * CHUNK + 1_000
    assert file.video_metadata == {"videoDuration": "12s"}
    assert file.name in control.files()
    assert file.name in [one.name async for one in await client.aio.files.list(config={"page_size": 1})]
    await client.aio.files.delete(name=file.name or "")
    assert file.name not in control.files()
    with pytest.raises(errors.ClientError) as gone:
        await client.aio.files.get(name=file.name or "")
    assert gone.value.code == 403
    assert "may not exist" in str(gone.value)


def test_size_hash_and_lifetime_are_told(http: httpx.Client) -> None:
    address = start(http, 6, display_name="Aufnahme ä").headers["X-Goog-Upload-URL"]
    assert send(address, b"abc", offset=0).headers["X-Goog-Upload-Status"] == "active"
    done = send(address, b"def", offset=3, command="upload, finalize")
    assert done.headers["X-Goog-Upload-Status"] == "final"
    file = done.json()["file"]
    assert (file["sizeBytes"], file["displayName"], file["state"]) == ("6", "Aufnahme ä", "PROCESSING")
    assert base64.b64decode(file["sha256Hash"]).decode() == hashlib.sha256(b"abcdef").hexdigest()
    lifetime = datetime.fromisoformat(file["expirationTime"]) - datetime.fromisoformat(file["createTime"])
    assert lifetime == timedelta(hours=48)


def test_a_chunk_at_the_wrong_offset_ends_the_upload(http: httpx.Client) -> None:
    address = start(http, 9).headers["X-Goog-Upload-URL"]
    send(address, b"abc", offset=0)
    refused = send(address, b"ghi", offset=6, command="upload, finalize")
    assert refused.status_code == 400
    assert refused.headers["X-Goog-Upload-Status"] != "active"
    assert send(address, b"def", offset=3).status_code == 404


@pytest.mark.parametrize("content", [b"short", b"much longer than announced"])
def test_another_size_than_announced_is_refused(http: httpx.Client, content: bytes) -> None:
    address = start(http, 10).headers["X-Goog-Upload-URL"]
    assert send(address, content, offset=0, command="upload, finalize").status_code == 400


def test_a_chunk_whose_connection_broke_can_be_sent_again(http: httpx.Client) -> None:
    address = start(http, 6).headers["X-Goog-Upload-URL"]
    send(address, b"abc", offset=0)
    parts = urlsplit(address)
    head = (
        f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 3\r\n"
        "X-Goog-Upload-Command: upload, finalize\r\nX-Goog-Upload-Offset: 3\r\n\r\nd"
    )
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=120) as connection:
        connection.sendall(head.encode())
    asked = httpx.post(address, headers={"X-Goog-Upload-Command": "query"})
    assert asked.headers["X-Goog-Upload-Size-Received"] == "3"
    done = send(address, b"def", offset=3, command="upload, finalize").json()["file"]
    assert done["sizeBytes"] == "6"


@pytest.mark.parametrize(
    "file", [{"name": "files/Upper"}, {"name": "files/-x"}, {"display_name": "x" * 513}, {"colour": "red"}]
)
def test_malformed_metadata_is_refused(http: httpx.Client, file: dict[str, str]) -> None:
    assert start(http, 5, **file).status_code == 400


def test_a_name_can_be_given_once_and_not_again_after_its_file_was_deleted(http: httpx.Client) -> None:
    address = start(http, 1, name="files/my-own").headers["X-Goog-Upload-URL"]
    assert send(address, b"x", offset=0, command="upload, finalize").json()["file"]["name"] == "files/my-own"
    refused = start(http, 1, name="files/my-own")
    assert (refused.status_code, refused.json()["error"]["status"]) == (409, "ALREADY_EXISTS")
    assert http.delete("/v1beta/files/my-own").status_code == 200
    assert start(http, 1, name="files/my-own").status_code == 409


def test_of_two_uploads_under_one_name_the_first_to_end_has_it(http: httpx.Client) -> None:
    first, second = (start(http, 1, name="files/contested").headers["X-Goog-Upload-URL"] for _ in range(2))
    assert send(second, b"2", offset=0, command="upload, finalize").status_code == 200
    refused = send(first, b"1", offset=0, command="upload, finalize")
    assert (refused.status_code, refused.json()["error"]["status"]) == (409, "ALREADY_EXISTS")
    assert refused.headers["X-Goog-Upload-Status"] == "final"
    kept = http.get("/v1beta/files/contested").json()["sha256Hash"]
    assert base64.b64decode(kept).decode() == hashlib.sha256(b"2").hexdigest()
    http.delete("/v1beta/files/contested")


async def test_the_real_client_names_its_upload_and_is_told_of_a_name_in_use(
    client: genai.Client, control: GeminiControl, recording: Path
) -> None:
    named = types.UploadFileConfig(mime_type="video/mp4", name="chosen-by-us")
    assert (await client.aio.files.upload(file=recording, config=named)).name == "files/chosen-by-us"
    with pytest.raises(errors.ClientError) as refused:
        await client.aio.files.upload(file=recording, config=named)
    assert refused.value.code == 409
    await client.aio.files.delete(name="files/chosen-by-us")
    assert "files/chosen-by-us" not in control.files()


def test_more_than_two_gigabytes_are_refused_at_the_start(http: httpx.Client) -> None:
    assert start(http, 2 * 1024**3 + 1).status_code == 400


def test_what_is_no_video_fails_to_be_processed(http: httpx.Client, put_file: Callable[..., str]) -> None:
    file = http.get(f"/v1beta/{put_file(b'this is no film' * 100)}").json()
    assert file["state"] == "FAILED"
    assert file["error"]["message"]


def test_a_file_that_is_not_active_cannot_be_used(http: httpx.Client, put_file: Callable[..., str]) -> None:
    name = put_file(b"this is no film")
    part = {"fileData": {"fileUri": f"https://host/v1beta/{name}", "mimeType": "video/mp4"}}
    refused = http.post("/v1beta/models/gemini-3.8-flash:generateContent", json={"contents": [{"parts": [part]}]})
    assert refused.status_code == 400
    assert "ACTIVE" in refused.json()["error"]["message"]


async def test_a_file_can_be_made_to_fail(client: genai.Client, control: GeminiControl, recording: Path) -> None:
    control.behave(Behaviour(polls_before_active=0, turns=[Turn(outcome=Outcome.FILE_FAILED)]))
    file = await client.aio.files.upload(file=recording, config=VIDEO)
    async with asyncio.timeout(120):
        while file.state == types.FileState.PROCESSING:
            file = await client.aio.files.get(name=file.name or "")
            await asyncio.sleep(0.02)
    assert file.state == types.FileState.FAILED
    assert file.error is not None


async def test_a_file_can_be_made_to_stay_processing(
    client: genai.Client, control: GeminiControl, recording: Path
) -> None:
    control.behave(Behaviour(polls_before_active=0, turns=[Turn(outcome=Outcome.FILE_STUCK)]))
    file = await client.aio.files.upload(file=recording, config=VIDEO)
    for _ in range(20):
        await asyncio.sleep(0.05)
        file = await client.aio.files.get(name=file.name or "")
        assert file.state == types.FileState.PROCESSING


@pytest.mark.parametrize("several_chunks", [True, False])
async def test_a_truncated_finalize_succeeds_with_fewer_bytes(
    client: genai.Client, control: GeminiControl, large: Path, recording: Path, *, several_chunks: bool
) -> None:
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.TRUNCATED_FINALIZE)]))
    path = large if several_chunks else recording
    first = await client.aio.files.upload(file=path, config=VIDEO)
    again = await client.aio.files.upload(file=path, config=VIDEO)
    whole = 2 * CHUNK + 1_000 if several_chunks else again.size_bytes
    assert (first.size_bytes or 0) < (whole or 0) == again.size_bytes


@pytest.mark.parametrize("several_chunks", [True, False])
async def test_a_busy_finalize_takes_all_but_the_end_and_stores_nothing(
    client: genai.Client, control: GeminiControl, large: Path, recording: Path, *, several_chunks: bool
) -> None:
    stored = control.files()
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.BUSY_FINALIZE)]))
    with pytest.raises(ValueError, match="not finalized"):
        await client.aio.files.upload(file=large if several_chunks else recording, config=VIDEO)
    assert control.files() == stored


async def test_faults_of_the_network_reach_the_real_client(
    client: genai.Client, faults: FaultControl, recording: Path
) -> None:
    faults.set(Fault(method="POST", path="upload_id=", kind="reset"))
    with pytest.raises(httpx2.TransportError):
        await client.aio.files.upload(file=recording, config=VIDEO)
    assert [one.fault for one in faults.requests() if "upload_id" in one.path][-1] == "reset"
