"""The child has no environment and no input, has limits on time, memory and disk, and dies with its parent."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_worker.media.containers import CONTAINERS
from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.probe.magic import demuxer_for
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.sandbox.output_lines import LineSplitter
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool
from tests.media.escape import interpreter

ALLOWANCE = Allowance(seconds=120, memory_bytes=512 * 1024**2, file_bytes=1024**2)


PYTHON, NEEDED = interpreter()


def python(code: str) -> list[str]:
    return [PYTHON, "-I", "-S", "-c", code]


async def run(
    code: str,
    *,
    allowance: Allowance = ALLOWANCE,
    writes: tuple[Path, ...] = (),
    on_stdout: Callable[[str], None] = lambda _line: None,
) -> Outcome:
    reach = Reach(reads=NEEDED, writes=writes)
    return await run_tool(python(code), allowance=allowance, reach=reach, on_stdout=on_stdout)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_the_child_has_no_environment_no_input_and_its_own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "very-secret")
    lines: list[str] = []
    code = (
        "import os,sys; print('secret' in str(os.environ).lower(), repr(sys.stdin.read()), os.getsid(0)==os.getpid())"
    )
    outcome = await run(code, on_stdout=lines.append)
    assert outcome.returncode == 0
    assert lines == ["False '' True"]


async def test_the_child_cannot_use_more_memory_than_its_limit() -> None:
    outcome = await run("bytearray(700 * 1024**2)")
    assert outcome.returncode != 0
    assert outcome.says("MemoryError")


async def test_the_child_cannot_write_more_than_its_limit(tmp_path: Path) -> None:
    target = tmp_path / "large"
    code = (
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL); "
        f"open({str(target)!r},'wb').write(bytes(2 * 1024**2))"
    )
    with pytest.raises(MediaToolFailed, match="limit of 1 MiB"):
        await run(code, writes=(target,))
    assert target.stat().st_size <= 1024**2


async def test_a_child_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    # The deadline passes when the child has said its number, however long that takes.
    asked: list[float | None] = []
    deadlines: list[asyncio.Timeout] = []
    real = asyncio.timeout

    def timeout(seconds: float | None) -> asyncio.Timeout:
        asked.append(seconds)
        deadlines.append(real(120))
        return deadlines[-1]

    lines: list[str] = []

    def said(line: str) -> None:
        lines.append(line)
        deadlines[0].reschedule(asyncio.get_running_loop().time())

    monkeypatch.setattr(asyncio, "timeout", timeout)
    with pytest.raises(MediaToolFailed, match="did not finish within 77 s"):
        await run(
            "import os,time; print(os.getpid(), flush=True); time.sleep(3600)",
            allowance=Allowance(seconds=77, memory_bytes=512 * 1024**2, file_bytes=1024),
            on_stdout=said,
        )
    assert asked[0] == 77
    assert len(lines) == 1
    assert not alive(int(lines[0]))


async def test_a_cancel_kills_the_child() -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    code = "import os,time; print(os.getpid(), flush=True); time.sleep(3600)"
    task = asyncio.create_task(run(code, on_stdout=lambda line: started.set_result(int(line))))
    pid = await asyncio.wait_for(started, 120)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(pid)


async def test_no_pipe_of_a_child_that_was_killed_while_it_wrote_stays_open() -> None:
    class TooMuchError(Exception):
        pass

    def refuse(_line: str) -> None:
        raise TooMuchError

    await run("pass")
    before = open_files()
    for _ in range(3):
        with pytest.raises(TooMuchError):
            # More than the pipe and the buffers of asyncio take.
            await run("import sys\nwhile True: sys.stdout.write('x' * 99_999 + chr(10))", on_stdout=refuse)
    assert open_files() == before


def test_the_child_dies_with_a_killed_worker(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    child = f"import os,time; open({str(note)!r},'w').write(str(os.getpid())+chr(10)); time.sleep(3600)"
    worker = (
        "import asyncio\n"
        "from pathlib import Path, PosixPath\n"
        "from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool\n"
        f"asyncio.run(run_tool({python(child)!r},"
        " allowance=Allowance(seconds=600, memory_bytes=2**30, file_bytes=2**20),"
        f" reach=Reach(reads={NEEDED!r}, writes=(Path({str(note)!r}),))))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", worker])
    deadline = time.monotonic() + 120
    while not (note.exists() and note.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    pid = int(note.read_text())
    process.kill()
    process.wait(60)
    while alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@given(st.binary(max_size=400))
def test_any_beginning_of_a_file_gets_a_demuxer_or_a_refusal(head: bytes) -> None:
    with contextlib.suppress(MediaRejected):
        assert demuxer_for(head) in CONTAINERS


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_lines_do_not_depend_on_how_the_stream_was_cut(parts: list[bytes]) -> None:
    one, many = LineSplitter(10), LineSplitter(10)
    whole = [*one.feed(b"".join(parts)), *one.finish()]
    assert [line for part in parts for line in many.feed(part)] + list(many.finish()) == whole
    assert all(len(line) <= 10 for line in whole)


@given(st.text(max_size=80))
def test_any_line_can_be_read_and_no_length_is_negative(line: str) -> None:
    report = PacketReport()
    report.take(line)
    assert report.duration >= 0
