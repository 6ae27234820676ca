"""Other people's controllers, run as processes of this machine beside a cluster."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devstack.cluster.model import ClusterInfo, ClusterUnavailable
from devstack.cluster.programs.building import last_lines

__all__ = ["free_port", "kubectl", "running_program", "wait_until_ready"]

_START_SECONDS = 240.0
_PAUSE = 0.2
_KUBECTL_SECONDS = 240
_LOG_TAIL = 15


def kubectl(cluster: ClusterInfo, *words: str, given: str | None = None, seconds: float = _KUBECTL_SECONDS) -> None:
    """Run kubectl against a cluster.

    Parameters
    ----------
    cluster, words
        The cluster, and kubectl's arguments.
    given
        What it reads from its standard input.
    seconds
        How long it may take.

    Raises
    ------
    ClusterUnavailable
        It ended with an error, which is in the message.
    """
    command = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig), *words]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode != 0:
        raise ClusterUnavailable(f"kubectl {' '.join(words[:2])} failed: {done.stderr.strip()[-500:]}")


@contextmanager
def running_program(command: list[str], log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for the time of a `with` block.

    Parameters
    ----------
    command
        Program and arguments.
    log
        Receives its output; its folder is the working directory.
    environment
        All of its environment, but for PATH and HOME.
    """
    with log.open("wb") as sink:
        process = subprocess.Popen(
            # The kernel ends it with us, however we end.
            [shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL", *command],
            # Nothing else of our environment: no keys, and no proxy between it and the API server.
            env={"PATH": os.environ["PATH"], "HOME": str(log.parent), **environment},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=log.parent,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


def wait_until_ready(port: int, programs: Mapping[Path, subprocess.Popen[bytes]]) -> None:
    """Return once `/readyz` on a port of this machine answers well.

    Parameters
    ----------
    port
        Where.
    programs
        What has to run meanwhile, by its log.

    Raises
    ------
    ClusterUnavailable
        A program ended, or there is no good answer after four minutes; the end of their output is in the message.
    """
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(f"http://127.0.0.1:{port}/readyz"):
        for log, process in programs.items():
            if process.poll() is not None:
                raise ClusterUnavailable(f"{log.stem} ended: {_said(log)}")
        if time.monotonic() > deadline:
            names = " and ".join(log.stem for log in programs)
            said = "\n".join(_said(log) for log in programs)
            raise ClusterUnavailable(f"not ready after {_START_SECONDS:.0f} s: {names}: {said}")
        time.sleep(_PAUSE)


def free_port() -> int:
    """Give a port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _said(log: Path) -> str:
    return last_lines(log.read_text(errors="replace"), _LOG_TAIL)


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
