"""A recorder that is told to end leaves nothing behind: no screen, no browser, no camera, no half a recording."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation.recorder import camera, command
from evaluation.recorder.end_on_signal import ended_on_signal
from evaluation.recorder.recorded_task import RecordedTask
from tests.evaluation.recording_programs import require_recording_programs
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0


def started_for(folder: Path) -> dict[int, str]:
    """Return the processes that name a folder in their environment or arguments: number -> program."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if str(folder).encode() in told:
                found[int(process.name)] = (process / "comm").read_text().strip()
        except OSError:
            continue
    return found


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Record a task of forty seconds, below a folder of its own."""
    require_recording_programs()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "evaluation", "record", "idle-export", "--out", str(tmp_path / "gold")],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
    )
    yield process
    process.kill()
    process.wait()
    for left in started_for(scratch):
        os.kill(left, signal.SIGKILL)


@pytest.mark.slow("it starts a screen, a browser and a camera")
def test_a_recorder_that_is_terminated_ends_all_that_it_started(
    recorder: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"

    def films() -> bool:
        running = " ".join(started_for(scratch).values())
        return all(name in running for name in ("Xvfb", "chromium", "ffmpeg"))

    eventually(lambda: films() or recorder.poll() is not None, "it films")
    assert recorder.poll() is None
    recorder.send_signal(signal.SIGTERM)
    _, told = recorder.communicate(timeout=PATIENCE)
    assert recorder.returncode == 128 + signal.SIGTERM
    assert "SIGTERM: ending the programs that were started" in told.decode()
    eventually(lambda: not started_for(scratch), "nothing of it is left")
    assert list(scratch.iterdir()) == []
    assert list((tmp_path / "gold").iterdir()) == []


async def test_encoding_that_is_given_up_leaves_no_ffmpeg(tmp_path: Path) -> None:
    # At its own speed this takes an hour.
    endless = ("-re", "-f", "lavfi", "-i", "testsrc=duration=3600", "-y", str(tmp_path / "film.mkv"))
    encoding = asyncio.create_task(camera._run(*endless))
    await asyncio.to_thread(eventually, lambda: bool(started_for(tmp_path)), "it encodes")
    encoding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await encoding
    assert started_for(tmp_path) == {}


async def test_a_second_signal_does_not_cut_the_cleaning_up_short() -> None:
    cleaned: list[str] = []
    told: list[str] = []

    async def work() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.01)
            cleaned.append("all")
        return 0

    ending = asyncio.create_task(ended_on_signal(work(), told.append))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await ending == 128 + signal.SIGTERM
    assert cleaned == ["all"]
    assert len(told) == 1


async def test_no_other_recording_begins_after_a_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    began = asyncio.Event()

    async def recording(task: RecordedTask, _root: Path) -> Path:
        begun.append(task.name)
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise TimeoutError("the screen did not end")
        raise AssertionError

    monkeypatch.setattr(command, "record", recording)
    ending = asyncio.create_task(
        ended_on_signal(command._all(["board-drag", "idle-export"], tmp_path, again=False), lambda _line: None)
    )
    await began.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await ending == 128 + signal.SIGTERM
    assert begun == ["board-drag"]
