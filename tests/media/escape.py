"""Attempts to escape from the sandbox, with a Python interpreter in place of the tool.

`run_tool` confines it with the very same code as ffmpeg. An interpreter needs its library, so it may read that too;
nothing that is tried lies there. It needs no pytest: the cluster's test runs it in a worker's pod.
"""

import asyncio
import ctypes
import json
import mmap
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runops_worker.media.sandbox.confinement import try_confinement
from runops_worker.media.sandbox.ffmpeg import binary
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool

INSIDE = Path(__file__).with_name("inside.py")
MEMORY = 512 * 1024**2
FILE_BYTES = 1024**2
SECONDS = 60.0
VICTIM = "import time; print('ready', flush=True); time.sleep(120)"
_NEEDED_EXTENSIONS = (ctypes, mmap, resource, socket)

_MAPPED = re.compile(r"(/\S+\.so\S*)$", re.MULTILINE)


def interpreter() -> tuple[str, tuple[Path, ...]]:
    """Return the interpreter behind a virtual environment's link, and what it must read to run."""
    assert all(_NEEDED_EXTENSIONS)
    extensions = {Path(name) for name in _MAPPED.findall(Path("/proc/self/maps").read_text())}
    own = [path for path in extensions if "site-packages" not in path.parts]
    return str(Path(sys.executable).resolve()), (Path(os.__file__).parent, *own)


@contextmanager
def surroundings(folder: Path) -> Iterator[dict[str, Any]]:
    """Put secrets, sockets and another process of the same user where they could be reached."""
    work = folder / "work"
    work.mkdir()
    for name, content in (("token", "token"), ("key", "key"), ("work/recording", "video"), ("work/spare", "")):
        (folder / name).write_text(content)
    (work / "output").touch()
    address = f"runops-escape-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as abstract,
        subprocess.Popen([sys.executable, "-c", VICTIM], env={"SECRET": "1"}, stdout=subprocess.PIPE) as victim,
    ):
        try:
            named.bind(str(folder / "s"))
            named.listen()
            abstract.bind("\0" + address)
            abstract.listen()
            assert victim.stdout is not None
            assert victim.stdout.readline() == b"ready\n"
            yield {
                "work": str(work),
                "recording": str(work / "recording"),
                "output": str(work / "output"),
                "spare": str(work / "spare"),
                "token": str(folder / "token"),
                "key": str(folder / "key"),
                "elsewhere": str(folder / "elsewhere"),
                "tcp": tcp.getsockname()[1],
                "unix": str(folder / "s"),
                "abstract": address,
                "victim": victim.pid,
                "memory": MEMORY,
                "file_bytes": FILE_BYTES,
                "bare_calls": True,
            }
        finally:
            victim.kill()


async def confined(given: dict[str, Any], *, seconds: float = SECONDS) -> tuple[Outcome, list[str]]:
    """Run the inside in the sandbox."""
    python, needed = interpreter()
    lines: list[str] = []
    outcome = await run_tool(
        [python, "-I", "-S", "-B", str(INSIDE), json.dumps(given)],
        allowance=Allowance(seconds=seconds, memory_bytes=MEMORY, file_bytes=FILE_BYTES),
        reach=Reach(reads=(*needed, INSIDE, Path(given["recording"])), writes=(Path(given["output"]),)),
        on_stdout=lines.append,
    )
    return outcome, lines


async def report(folder: Path) -> dict[str, Any]:
    """Make every try once in the sandbox."""
    with surroundings(folder) as given:
        outcome, lines = await confined(given)
    assert outcome.returncode == 0, outcome
    result: dict[str, Any] = json.loads("".join(lines))
    return result


async def whole_report(folder: Path) -> dict[str, Any]:
    """Make every try, and say what confined them and whether the real tool runs under the same."""
    allowance = Allowance(seconds=SECONDS, memory_bytes=MEMORY, file_bytes=0)
    ffmpeg = await run_tool([binary(), "-version"], allowance=allowance, reach=Reach())
    return {
        **await report(folder),
        "confinement": str(await try_confinement()),
        "ffmpeg": ffmpeg.returncode,
        "uid": os.getuid(),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(asyncio.run(whole_report(Path(scratch)))))  # noqa: T201 - read from the pod's log
