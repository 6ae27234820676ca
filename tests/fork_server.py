"""Starts programs as forks of a process that has imported them: importing the operator costs 1 s of CPU.

A fork is otherwise as `python -c 'from runops_worker.main import run; run()'` has it: a process with its own
environment and standard error. Some tests start the programs without a fork: in `test_worker_in_its_pod.py`,
`test_operator_process.py`.

One connection is one process: a line of JSON with its environment and log file comes in, a line with its process id
goes out, and a line with its exit code once it has ended. The server ends when its standard input is closed, and the
kernel ends its forks with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.public_authorities import leave_out

__all__ = ["ForkedProcess", "fork_server"]

_LONGEST_START_SECONDS = 120
_LARGEST_REQUEST = 1 << 20
_PR_SET_PDEATHSIG = 1


@cache
def fork_server(*modules: str) -> Path:
    """Return the socket of this test process's server that has imported these modules; the first call starts it.

    The server ends with the test process.
    """
    folder = Path(tempfile.mkdtemp(prefix="runops-forks-"))
    # Its standard input stays open for as long as this process lives.
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.fork_server", str(folder / "socket"), *modules],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    if not select.select([server.stdout], [], [], _LONGEST_START_SECONDS)[0] or not server.stdout.readline():
        raise RuntimeError(f"the server that forks {modules[0]} did not start")
    _RUNNING.append(server)
    return folder / "socket"


_RUNNING: list[subprocess.Popen[bytes]] = []


class ForkedProcess:
    """A fork of a program, used like a `subprocess.Popen`.

    Parameters
    ----------
    modules
        What it has imported before it begins.
    code
        What it runs.
    environment
        All of its environment.
    log
        Receives what it writes, appended.
    """

    def __init__(self, modules: Sequence[str], code: str, *, environment: Mapping[str, str], log: Path) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.settimeout(_LONGEST_START_SECONDS)
        self._server.connect(str(fork_server(*modules)))
        request = {"environment": dict(environment), "log": str(log), "program": code}
        self._server.sendall(json.dumps(request).encode() + b"\n")
        self._lines = b""
        self.pid = int(self._line() or 0)
        if not self.pid:
            raise RuntimeError(f"the server that forks {modules[0]} started nothing")
        self._code: int | None = None

    def _line(self) -> bytes:
        while b"\n" not in self._lines:
            if not (received := self._server.recv(64)):
                return b""
            self._lines += received
        line, _, self._lines = self._lines.partition(b"\n")
        return line

    def poll(self) -> int | None:
        """Return how it ended, negative for a signal; None while it runs."""
        if self._code is None and select.select([self._server], [], [], 0)[0]:
            self._end()
        return self._code

    def wait(self, timeout: float) -> int:
        """Wait until it has ended, and return how.

        Raises
        ------
        TimeoutError
            It has not ended within `timeout` seconds.
        """
        if self._code is None:
            if not select.select([self._server], [], [], timeout)[0]:
                raise TimeoutError(f"process {self.pid} has not ended within {timeout:.0f} s")
            self._end()
        assert self._code is not None
        return self._code

    def _end(self) -> None:
        line = self._line()
        if not line:
            raise RuntimeError(f"the server that forked process {self.pid} has ended")
        self._code = int(line)
        self._server.close()

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended: its number may be another process's by then."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9."""
        self.send_signal(signal.SIGKILL)


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
        _become_program(request["environment"], Path(request["log"]), request["program"])
    return process


def _become_program(environment: Mapping[str, str], log: Path, program: str) -> None:
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), 2)
        os.dup2(2, 1)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["program"]
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})  # noqa: S102 - a program of the tests
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
    except BaseException:  # noqa: BLE001 - as the interpreter ends for any exception
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    leave_out()
    for module in sys.argv[2:]:
        importlib.import_module(module)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve(Path(sys.argv[1]))
