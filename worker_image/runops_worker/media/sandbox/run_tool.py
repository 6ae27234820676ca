"""Run ffmpeg as a confined child process. No other module starts a process for media.

The child has an empty environment, no standard input, its own session, resource limits and a deadline. It can open the
files named in `Reach` only, and can neither open a socket nor start a process; see `launcher`. It dies with the worker.
On a timeout or a cancellation its process group is killed. Its output is passed on line by line.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaToolFailed, SandboxUnavailable
from runops_worker.media.sandbox.launcher import REFUSED, REFUSED_CODE, START
from runops_worker.media.sandbox.linked_files import linked_files
from runops_worker.media.sandbox.output_lines import LineSplitter

__all__ = ["Allowance", "Outcome", "Reach", "run_tool", "start"]

_ROOT: Final = Path(__file__).parents[3]
_CHUNK: Final = 65536
_TAIL_LINES: Final = 40
_OPEN_FILES: Final = 64
_REAP_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """Resource limits of the child.

    Attributes
    ----------
    seconds
        Wall-clock time until it is killed. The limit on CPU time is this times the number of processors.
    memory_bytes
        Writable memory (RLIMIT_DATA).
    file_bytes
        Size of any file that it writes (RLIMIT_FSIZE).
    require_landlock
        Whether it must not start on a kernel without Landlock.
    """

    seconds: float
    memory_bytes: int
    file_bytes: int
    require_landlock: bool = False


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The files that the child may open, besides its program and libraries.

    Attributes
    ----------
    reads
        Files, or folders with everything in them.
    writes
        Files. `run_tool` creates them before the child starts, because the child may not create any.
    """

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How the child exited.

    Attributes
    ----------
    returncode
        0 for success. The meaning of other values differs between versions of ffmpeg.
    tail
        Its last lines on standard error.
    """

    returncode: int
    tail: tuple[str, ...]

    def says(self, phrase: str) -> bool:
        """Return whether one of the last lines contains `phrase`."""
        return any(phrase in line for line in self.tail)


def _ignore(_line: str) -> None:
    return


async def run_tool(
    command: list[str],
    *,
    allowance: Allowance,
    reach: Reach,
    on_stdout: Callable[[str], None] = _ignore,
    on_stderr: Callable[[str], None] = _ignore,
) -> Outcome:
    """Run a command and wait for its exit.

    Parameters
    ----------
    command
        Absolute path of the binary and its arguments.
    allowance
        Its resource limits.
    reach
        The files it may open.
    on_stdout, on_stderr
        Called with each line, without its line end. If one raises, the child is killed and the exception propagates.

    Returns
    -------
    Outcome
        How it exited, with success or not.

    Raises
    ------
    MediaToolFailed
        The child could not be started, exceeded its time, memory or disk, or was killed.
    SandboxUnavailable
        Landlock is required and missing.
    OSError
        A file in `reach.writes` cannot be created.
    """
    files = await asyncio.to_thread(_named_files, command[0], reach)
    process = await start(files, command, allowance)
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
        raise MediaToolFailed(f"ffmpeg did not finish within {allowance.seconds:.0f} s and was stopped.") from None
    finally:
        await asyncio.shield(_end(process))
    return _judge(Outcome(returncode, tuple(tail)), allowance)


def _named_files(tool: str, reach: Reach) -> list[str]:
    for path in reach.writes:
        path.touch()
    linked = linked_files(tool)
    return [
        *(f"execute={path}" for path in linked.programs),
        *(f"read={path}" for path in (*linked.libraries, *reach.reads)),
        *(f"write={path}" for path in reach.writes),
    ]


async def start(files: list[str], command: list[str], allowance: Allowance) -> asyncio.subprocess.Process:
    """Start the launcher.

    Parameters
    ----------
    files
        The files it may open, as settings of the launcher.
    command
        The tool and its arguments. Empty for a launcher that only prints how it was confined.
    allowance
        Resource limits.
    """
    settings = [
        f"parent={os.getpid()}",
        f"memory={allowance.memory_bytes}",
        f"cpu_seconds={int(allowance.seconds * (os.cpu_count() or 1)) + 1}",
        f"file_bytes={allowance.file_bytes}",
        f"open_files={_OPEN_FILES}",
        *(["landlock=required"] if allowance.require_landlock else []),
    ]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-S", "-c", START, str(_ROOT), *settings, *files, "--", *command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
        start_new_session=True,
    )


async def _pump_both(*pairs: tuple[asyncio.StreamReader, Callable[[str], None]]) -> None:
    try:
        async with asyncio.TaskGroup() as readers:
            for stream, take in pairs:
                readers.create_task(_pump(stream, take))
    except ExceptionGroup as group:
        # Only the callbacks raise here, and callers expect the plain exception. Before Python 3.11.4, `except*` puts it
        # into a group again.
        raise group.exceptions[0] from None


async def _pump(stream: asyncio.StreamReader, take: Callable[[str], None]) -> None:
    splitter = LineSplitter()
    while data := await stream.read(_CHUNK):
        for line in splitter.feed(data):
            take(line)
    for line in splitter.finish():
        take(line)


async def _end(process: asyncio.subprocess.Process) -> None:
    # The group may outlive its leader, so it is killed even if the leader has exited.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout is not None
    assert process.stderr is not None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REAP_SECONDS):
            # A pipe with unread data stays open, and its transport outlives the event loop.
            await asyncio.gather(process.wait(), process.stdout.read(), process.stderr.read())


def _judge(outcome: Outcome, allowance: Allowance) -> Outcome:
    if outcome.returncode == 0:
        return outcome
    if outcome.returncode == REFUSED_CODE and outcome.tail and outcome.tail[-1].startswith(REFUSED):
        why = outcome.tail[-1].removeprefix(REFUSED)
        if why.endswith("(landlock)"):
            raise SandboxUnavailable(f"ffmpeg was not started: {why}.")
        raise MediaToolFailed(f"ffmpeg could not be started: {why}.")
    if outcome.says("No space left on device"):
        raise MediaToolFailed("The disk is full: there is no space left for the slim video.", disk_full=True)
    if outcome.says("Cannot allocate memory") or outcome.says("Error while allocating"):
        megabytes = allowance.memory_bytes // 1024**2
        raise MediaToolFailed(f"ffmpeg needed more memory than its limit of {megabytes} MiB.", out_of_memory=True)
    if outcome.returncode == -signal.SIGXFSZ or outcome.says("File too large"):
        megabytes = allowance.file_bytes // 1024**2
        raise MediaToolFailed(f"ffmpeg wrote a file larger than its limit of {megabytes} MiB.")
    if outcome.returncode == -signal.SIGSYS:
        raise MediaToolFailed("ffmpeg tried to start another program and was stopped.")
    if outcome.returncode < 0:
        raise MediaToolFailed(f"ffmpeg was killed by signal {-outcome.returncode}.")
    return outcome
