"""Run ffmpeg as a child that is cut off from everything: the one place where a process is started for media.

The child has an empty environment, no standard input, a session of its own, resource limits and a deadline. It dies
with the worker, and on a timeout or a cancel its whole group is killed. Its output is handed on line by line.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.lines import LineSplitter

__all__ = ["Allowance", "Outcome", "run_tool"]

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_CHUNK: Final = 65536
_TAIL_LINES: Final = 40
_OPEN_FILES: Final = 64
_REAP_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What the child may use.

    Attributes
    ----------
    seconds
        Wall-clock time until it is killed. It gets the same time on each of its processors.
    memory_bytes
        Writable memory (RLIMIT_DATA).
    file_bytes
        Size of any file it writes (RLIMIT_FSIZE).
    """

    seconds: float
    memory_bytes: int
    file_bytes: int


@dataclass(frozen=True)
class Outcome:
    """How the child ended.

    Attributes
    ----------
    returncode
        0 for success. Other values differ between ffmpeg's versions and mean nothing more.
    tail
        Its last lines on standard error.
    """

    returncode: int
    tail: tuple[str, ...]

    def says(self, phrase: str) -> bool:
        """Whether one of the last lines contains `phrase`."""
        return any(phrase in line for line in self.tail)


def _ignore(_line: str) -> None:
    return


async def run_tool(
    command: list[str],
    *,
    allowance: Allowance,
    on_stdout: Callable[[str], None] = _ignore,
    on_stderr: Callable[[str], None] = _ignore,
) -> Outcome:
    """Run a command to its end.

    Parameters
    ----------
    command
        Absolute path of the binary and its arguments.
    allowance
        What it may use.
    on_stdout, on_stderr
        Called with each line, without its end. An exception of theirs kills the child and is passed on.

    Returns
    -------
    Outcome
        How it ended, whether well or not.

    Raises
    ------
    MediaToolFailed
        The child ran out of time, memory or disk, or something killed it.
    """
    settings = {
        "parent": os.getpid(),
        "memory": allowance.memory_bytes,
        "cpu_seconds": int(allowance.seconds * (os.cpu_count() or 1)) + 1,
        "file_bytes": allowance.file_bytes,
        "open_files": _OPEN_FILES,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(_LAUNCHER),
        json.dumps(settings),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def keep(line: str) -> None:
        tail.append(line)
        on_stderr(line)

    try:
        async with asyncio.timeout(allowance.seconds):
            await _pump_both((process.stdout, on_stdout), (process.stderr, keep))
            returncode = await process.wait()
    except TimeoutError:
        raise MediaToolFailed(f"ffmpeg was not done after {allowance.seconds:.0f} s and was stopped.") from None
    finally:
        await asyncio.shield(_end(process))
    return _judge(Outcome(returncode, tuple(tail)), allowance)


async def _pump_both(*pairs: tuple[asyncio.StreamReader, Callable[[str], None]]) -> None:
    try:
        async with asyncio.TaskGroup() as readers:
            for stream, take in pairs:
                readers.create_task(_pump(stream, take))
    except* Exception as group:  # noqa: BLE001 - unwrapped and raised on, never swallowed
        # Only the callbacks raise here, and one exception is what their authors expect to catch.
        raise group.exceptions[0] from None


async def _pump(stream: asyncio.StreamReader, take: Callable[[str], None]) -> None:
    splitter = LineSplitter()
    while data := await stream.read(_CHUNK):
        for line in splitter.feed(data):
            take(line)
    for line in splitter.finish():
        take(line)


async def _end(process: asyncio.subprocess.Process) -> None:
    # The group may outlive its leader, so it is killed even when the leader has ended.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REAP_SECONDS):
            await process.wait()


def _judge(outcome: Outcome, allowance: Allowance) -> Outcome:
    if outcome.returncode == 0:
        return outcome
    if outcome.says("No space left on device"):
        raise MediaToolFailed("The disk had no room left for the slim video.", disk_full=True)
    if outcome.says("Cannot allocate memory") or outcome.says("Error while allocating"):
        megabytes = allowance.memory_bytes // 1024**2
        raise MediaToolFailed(f"ffmpeg needed more than the {megabytes} MiB of memory it may use.")
    if outcome.returncode == -signal.SIGXFSZ or outcome.says("File too large"):
        megabytes = allowance.file_bytes // 1024**2
        raise MediaToolFailed(f"ffmpeg wrote more than the {megabytes} MiB it may write.")
    if outcome.returncode < 0:
        raise MediaToolFailed(f"ffmpeg was ended by signal {-outcome.returncode}.")
    return outcome
