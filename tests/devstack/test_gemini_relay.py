"""The relay in front of the Gemini stand-in."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from google import genai
from google.genai import types
from yarl import URL

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from devstack.gemini_relay import RelayInfo, start_relay, stop_relay
from devstack.gemini_relay.addresses import AddressRefused, checked_upstream, target, through_relay
from devstack.sample import RECORDING
from devstack.stack import StackInfo

GOOGLE = checked_upstream("https://generativelanguage.googleapis.com")
LONG = Turn(outcome=Outcome.TEXT, text="Once upon a time there was a relay. " * 60)
START = {
    "X-Goog-Upload-Protocol": "resumable",
    "X-Goog-Upload-Command": "start",
    "X-Goog-Upload-Header-Content-Length": "10",
}


@pytest.fixture(scope="module")
def relay(stack: StackInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayInfo]:
    directory = tmp_path_factory.mktemp("relay") / "own"
    try:
        yield start_relay(directory, listen="127.0.0.1", upstream=stack.gemini_url)
    finally:
        stop_relay(directory)


@pytest.fixture
def control(stack: StackInfo) -> Iterator[GeminiControl]:
    with GeminiControl(stack.gemini_url) as control:
        control.reset()
        yield control
        control.reset()


async def test_the_real_client_works_through_the_relay(
    relay: RelayInfo, stack: StackInfo, control: GeminiControl, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp4"
    large.write_bytes(RECORDING.read_bytes())
    with large.open("r+b") as stream:
        stream.truncate(20 * 1024 * 1024)
    options = types.HttpOptions(base_url=relay.url, timeout=30_000)
    async with genai.Client(api_key=stack.gemini_api_key, vertexai=False, http_options=options).aio as client:
        file = await client.files.upload(file=large, config=types.UploadFileConfig(mime_type="video/mp4"))
        async with asyncio.timeout(120):
            while file.state == types.FileState.PROCESSING:
                await asyncio.sleep(0.05)
                file = await client.files.get(name=file.name or "")
        assert file.state == types.FileState.ACTIVE
        assert file.size_bytes == 20 * 1024 * 1024
        part = types.Part.from_uri(file_uri=file.uri or "", mime_type="video/mp4")
        events = await client.models.generate_content_stream(model="gemini-3.5-flash", contents=[part, "Transcribe"])
        assert "".join([event.text or "" async for event in events])
        await client.files.delete(name=file.name or "")
    assert file.name not in control.files()


def test_the_upload_address_points_at_the_relay_as_the_client_reached_it(relay: RelayInfo, stack: StackInfo) -> None:
    url = f"http://localhost:{relay.port}/upload/v1beta/files"
    answer = httpx.post(url, headers={**START, "x-goog-api-key": stack.gemini_api_key}, trust_env=False)
    assert answer.headers["X-Goog-Upload-URL"].startswith(f"{url}?upload_id=")


def streamed(relay: RelayInfo, stack: StackInfo) -> list[float]:
    """Return when each part of a long answer arrived."""
    url = f"{relay.url}/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse"
    body = {"contents": [{"role": "user", "parts": [{"text": "Tell me a story."}]}]}
    headers = {"x-goog-api-key": stack.gemini_api_key}
    with httpx.stream("POST", url, json=body, headers=headers, timeout=240, trust_env=False) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        return [time.monotonic() for block in answer.iter_raw() if b"data:" in block]


def test_events_arrive_one_by_one(relay: RelayInfo, stack: StackInfo, control: GeminiControl) -> None:
    control.behave(Behaviour(pause_seconds=0.3, turns=[LONG]))
    at = streamed(relay, stack)
    assert len(at) > 1
    assert min(later - earlier for earlier, later in pairwise(at)) > 0.2


def test_half_an_answer_never_looks_like_a_whole_one(
    relay: RelayInfo, stack: StackInfo, control: GeminiControl, gemini_faults: FaultControl
) -> None:
    control.behave(Behaviour(turns=[LONG]))
    gemini_faults.set(Fault(path="streamGenerateContent", kind="truncate"))
    with pytest.raises(httpx.TransportError):
        streamed(relay, stack)


def test_a_refusal_of_the_upstream_comes_through_as_it_is(relay: RelayInfo) -> None:
    answer = httpx.get(f"{relay.url}/v1beta/files", headers={"x-goog-api-key": "wrong"}, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("API key not valid")


def test_a_foreign_host_is_refused(relay: RelayInfo) -> None:
    answer = httpx.get(f"{relay.url}/_relay/example.com/x?upload_id=1", trust_env=False)
    assert answer.status_code == 403
    assert "no host but" in answer.json()["error"]["message"]


def test_a_request_as_to_a_general_proxy_is_refused(relay: RelayInfo) -> None:
    with socket.create_connection(("127.0.0.1", relay.port), timeout=120) as connection:
        connection.sendall(b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 403 ")


def test_an_upstream_that_is_down_gives_a_sentence_and_nothing_stays_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    directory = tmp_path / "own"
    info = start_relay(directory, listen="127.0.0.1", upstream=f"http://127.0.0.1:{port}")
    try:
        assert start_relay(directory, listen="127.0.0.1", upstream=f"http://127.0.0.1:{port}") == info
        answer = httpx.post(f"{info.url}/v1/x?key=secret&upload_id=hidden", content=b"body", trust_env=False)
        logs = "".join(path.read_text() for path in directory.rglob("*.log"))
        state = (directory / "gemini_relay" / "announce" / "gemini_relay.json").read_text()
        pid = int(state.partition('"pid":')[2].rstrip(" }"))
    finally:
        stop_relay(directory)
    assert answer.status_code == 502
    assert answer.json()["error"]["status"] == "UNAVAILABLE"
    assert "cannot reach 127.0.0.1" in answer.json()["error"]["message"]
    assert "POST answered 502" in logs
    assert "secret" not in logs
    assert "hidden" not in logs
    assert not directory.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    stop_relay(directory)


def test_an_upload_address_on_another_host_of_google_comes_back_whole() -> None:
    address = "https://upload-eu.googleapis.com/upload/v1beta/files?upload_id=a%2Fb&x=1"
    seen = URL(through_relay(address, upstream=GOOGLE, relay="http://10.0.0.1:1"), encoded=True)
    assert seen.host == "10.0.0.1"
    assert str(target(seen.raw_path_qs, upstream=GOOGLE)) == address


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/?upload_id=1",
        "https://evilgoogleapis.com/?upload_id=1",
        "https://googleapis.com.example.com/?upload_id=1",
        "http://upload.googleapis.com/?upload_id=1",
        "https://upload.googleapis.com:8443/?upload_id=1",
        "https://user:word@upload.googleapis.com/?upload_id=1",
        "/upload?upload_id=1",
    ],
)
def test_an_upload_address_elsewhere_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        through_relay(address, upstream=GOOGLE, relay="http://10.0.0.1:1")


@pytest.mark.parametrize("path", ["//example.com/x", "/@example.com/", "/\\example.com", "/v1/a%2F..%2Fb?key=x"])
def test_no_path_leads_away_from_the_upstream(path: str) -> None:
    assert target(path, upstream=GOOGLE).origin() == GOOGLE


@pytest.mark.parametrize(
    "path",
    [
        "@example.com/",
        ".example.com/",
        "http://example.com/",
        "/_relay/a@b.googleapis.com/?upload_id=1",
        "/_relay/upload.googleapis.com/v1/files",
        "/_relay/upload.googleapis.com",
    ],
)
def test_paths_that_could_lead_away_are_refused(path: str) -> None:
    with pytest.raises(AddressRefused):
        target(path, upstream=GOOGLE)
