"""Starts workers as forks of a process that has imported the worker's program: an import costs 1.5 s of CPU.

A worker is otherwise as `python -c 'from runops_worker.main import run; run()'` has it: a process with its own
environment and standard error. `test_worker_in_its_pod.py` starts the program without a fork.

One connection is one worker: a line of JSON with its environment and log file comes in, a line with its process id goes
out, and a line with its exit code once it has ended. The server ends when its standard input is closed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["fork_server"]

_LONGEST_START_SECONDS = 120
_LARGEST_REQUEST = 1 << 20


@cache
def fork_server() -> Path:
    """Return the socket of this test process's server; the first call starts it. It ends with the test process."""
    folder = Path(tempfile.mkdtemp(prefix="runops-forks-"))
    # Its standard input stays open for as long as this process lives.
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.worker.fork_server", str(folder / "socket")],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    if not select.select([server.stdout], [], [], _LONGEST_START_SECONDS)[0] or not server.stdout.readline():
        raise RuntimeError("the server that forks workers did not start")
    _RUNNING.append(server)
    return folder / "socket"


_RUNNING: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True, slots=True)
class _Child:
    process: int
    client: socket.socket


def _serve(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        children: dict[int, _Child] = {}
        try:
            while True:
                for ready in select.select([sys.stdin.fileno(), listener.fileno(), *children], [], [])[0]:
                    if ready == sys.stdin.fileno():
                        return
                    if ready == listener.fileno():
                        client, _ = listener.accept()
                        process = _fork(client)
                        client.sendall(f"{process}\n".encode())
                        children[os.pidfd_open(process)] = _Child(process, client)
                    else:
                        _report_end(children.pop(ready))
                        os.close(ready)
        finally:
            for child in children.values():
                os.kill(child.process, signal.SIGKILL)
            path.unlink()
            path.parent.rmdir()


def _report_end(child: _Child) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(child.process, 0)[1])
    with child.client:
        try:
            child.client.sendall(f"{code}\n".encode())
        except OSError:
            return  # the test has ended


def _fork(client: socket.socket) -> int:
    with client.makefile("rb") as lines:
        request = json.loads(lines.readline(_LARGEST_REQUEST))
    process = os.fork()
    if process == 0:
        _become_worker(request["environment"], Path(request["log"]), request["program"])
    return process


def _become_worker(environment: Mapping[str, str], log: Path, program: str) -> None:
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
        os.dup2(2, 1)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["worker"]
        exec(compile(program, "worker", "exec"), {"__name__": "__main__"})  # noqa: S102 - a program of the tests
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter ends for any exception
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    import runops_worker.main  # noqa: F401 - forks have it

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve(Path(sys.argv[1]))
