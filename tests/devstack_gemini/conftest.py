"""A running stand-in, recordings with known content, and the real client."""

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import httpx2
import imageio_ffmpeg
import pytest
from google import genai
from google.genai import types

from devstack.faults import FaultControl
from devstack.gemini.control import GeminiControl

KEY = "key-of-the-stand-in"
_LONGEST_SECONDS = 240.0
"""Until a program that neither starts nor ends is taken for one that hangs."""


@dataclass(frozen=True)
class StandIn:
    url: str
    process: subprocess.Popen[bytes]


def _start(directory: Path, *arguments: str) -> StandIn:
    announced = directory / "announced.json"
    command = [sys.executable, "-m", "devstack.gemini", "--api-key", KEY, "--announce", str(announced)]
    process = subprocess.Popen([*command, *arguments])
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not announced.exists():
        assert process.poll() is None, "the stand-in ended before it listened"
        assert time.monotonic() < deadline, "the stand-in did not announce itself"
        time.sleep(0.05)
    told = json.loads(announced.read_text())
    assert told["pid"] == process.pid
    return StandIn(url=f"http://127.0.0.1:{told['port']}", process=process)


def _stop(one: StandIn) -> int:
    one.process.terminate()
    try:
        return one.process.wait(_LONGEST_SECONDS)
    finally:
        one.process.kill()


@pytest.fixture
def run_stand_in(tmp_path: Path) -> Iterator[Callable[..., StandIn]]:
    """Start further stand-ins; each is stopped and must end cleanly."""
    started: list[StandIn] = []

    def run(*arguments: str) -> StandIn:
        directory = tmp_path / f"run-{len(started)}"
        directory.mkdir()
        started.append(_start(directory, *arguments))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            assert _stop(one) == 0


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    one = _start(tmp_path_factory.mktemp("gemini"))
    yield one
    assert _stop(one) == 0


@pytest.fixture
def control(stand_in: StandIn) -> Iterator[GeminiControl]:
    with GeminiControl(stand_in.url) as control:
        control.reset()
        yield control
        control.reset()


@pytest.fixture
def faults(stand_in: StandIn) -> Iterator[FaultControl]:
    control = FaultControl(stand_in.url)
    control.clear()
    yield control
    control.clear()
    control.close()


@pytest.fixture
def http(stand_in: StandIn, control: GeminiControl) -> Iterator[httpx.Client]:
    """Send raw requests with a good key."""
    assert control.calls() == []
    with httpx.Client(base_url=stand_in.url, headers={"x-goog-api-key": KEY}, trust_env=False, timeout=120) as client:
        yield client


@pytest.fixture
async def client(stand_in: StandIn, control: GeminiControl) -> AsyncIterator[genai.Client]:
    """Drive the stand-in with the real client over httpx2 (it would take aiohttp where that is installed)."""
    assert control.calls() == []
    async with httpx2.AsyncClient(trust_env=False) as transport:
        options = types.HttpOptions(
            base_url=stand_in.url, api_version="v1beta", httpx_async_client=transport, timeout=30_000
        )
        yield genai.Client(api_key=KEY, http_options=options)


def _film(path: Path, *, seconds: int, picture: str, sound: str) -> Path:
    subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-v", "error", "-y", "-f", "lavfi", "-i", f"color=c=0x202020:s=640x360:r=5:d={seconds},{picture}"),
            *("-f", "lavfi", "-i", sound, "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast"),
            *("-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", str(path)),
        ],
        check=True,
        timeout=240,
    )
    return path


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Film 12 s: at 2 all turns bright, from 5 to 8 a dialog is open, at 10 a small area changes; sound from 3 to 6."""
    box = "drawbox=color={color}:t=fill:enable='{when}'"
    picture = ",".join(
        [
            f"{box.format(color='0xd0d0d0', when='gte(t,2)')}:x=0:y=0:w=640:h=360",
            f"{box.format(color='0x303090', when='between(t,5,7.9)')}:x=160:y=90:w=320:h=180",
            f"{box.format(color='black', when='gte(t,10)')}:x=40:y=40:w=40:h=20",
        ]
    )
    sound = "aevalsrc='0.3*sin(2*PI*440*t)*between(t,3,6)':s=16000:d=12"
    return _film(tmp_path_factory.mktemp("film") / "recording.mp4", seconds=12, picture=picture, sound=sound)


@pytest.fixture(scope="session")
def other_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Film 8 s in which one area changes at 4; silent."""
    picture = "drawbox=x=320:y=200:w=160:h=80:color=white:t=fill:enable='gte(t,4)'"
    silence = "anullsrc=r=16000:cl=mono:d=8"
    return _film(tmp_path_factory.mktemp("film") / "other.mp4", seconds=8, picture=picture, sound=silence)


@pytest.fixture
def put_file(http: httpx.Client) -> Callable[..., str]:
    """Upload bytes by hand in one chunk, wait until they were processed, return the file's name."""

    def put(content: bytes, mime_type: str = "video/mp4") -> str:
        started = http.post(
            "/upload/v1beta/files",
            json={"file": {"mime_type": mime_type}},
            headers={
                "X-Goog-Upload-Protocol": "resumable",
                "X-Goog-Upload-Command": "start",
                "X-Goog-Upload-Header-Content-Length": str(len(content)),
            },
        )
        finished = httpx.post(
            started.headers["X-Goog-Upload-URL"],
            content=content,
            headers={"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"},
        )
        name = str(finished.json()["file"]["name"])
        deadline = time.monotonic() + _LONGEST_SECONDS
        while http.get(f"/v1beta/{name}").json()["state"] == "PROCESSING":
            assert time.monotonic() < deadline, "the file stays in PROCESSING"
            time.sleep(0.05)
        return name

    return put
