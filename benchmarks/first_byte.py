"""From the start of a worker's container to its request for the recording: what a pod costs before it does anything.

The container's first process is found in /proc, where the kernel notes when it was started, to a hundredth of a second;
the request is in the log of the stand-in for storage. One recording after the other, the machine doing nothing else.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement, percentile
from benchmarks.site import bench_cluster
from devstack.faults import FaultControl
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.installation import Installation, install
from devstack.sample import RECORDING
from devstack.stack import StackInfo, running_stack

__all__ = ["measure"]

_LIMIT_SECONDS = 1.5
_STARTS_PER_RUN = 4
_CALL_SECONDS = 2.0
"""Of one call of the model: long enough that the worker is still there when it is looked for."""
_POD_SECONDS = 120.0
_PROC = Path("/proc")


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the longest of some starts beside the limit."""
    with (
        tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
        running_stack(Path(folder) / "stack", listen="0.0.0.0") as stack,
        bench_cluster(progress) as cluster,
    ):
        installation = install(cluster, stack, namespace="bench", progress=progress)
        with GeminiControl(stack.gemini_url) as gemini:
            gemini.behave(Behaviour(latency_seconds=_CALL_SECONDS))
        seconds = []
        for _ in range(runs * _STARTS_PER_RUN):
            seconds.append(_one_start(installation, stack))
            progress(f"{seconds[-1]:.2f} s")
    what = "worker: container's start to its download, slowest"
    slowest = percentile(seconds, 1.0)
    return Outcome(
        [Measurement(what=what, unit="s", figure=slowest, limit=_LIMIT_SECONDS, against="limit")], {"seconds": seconds}
    )


def _one_start(installation: Installation, stack: StackInfo) -> float:
    """Submit a recording, wait until it is done, and return how long its worker took to ask for it."""
    submitted = subprocess.run(
        [str(Path(sys.executable).parent / "runops"), "submit", str(RECORDING)],
        env={**os.environ, **stack.environment()},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    job = submitted.stdout.strip().splitlines()[-1]
    began = _start_of_worker()
    installation.kubectl(
        "wait", "--for=condition=Finished", f"videojob/vj-{job}", f"--timeout={_POD_SECONDS:.0f}s",
        seconds=_POD_SECONDS + 30,
    )  # fmt: skip
    with closing(FaultControl(stack.url)) as storage:
        asked = [
            request.at
            for request in storage.requests()
            if request.method == "GET" and "/object/authenticated/" in request.path and f"raw/{job}" in request.path
        ]
    if not asked:
        raise RuntimeError(f"nobody asked for the recording of {job}")
    return min(asked) - began


def _start_of_worker() -> float:
    """Wait for a worker in a container, and return when its first process was started, in Unix time.

    Raises
    ------
    RuntimeError
        None came up.
    """
    deadline = time.monotonic() + _POD_SECONDS
    while time.monotonic() < deadline:
        for folder in _PROC.iterdir():
            if folder.name.isdigit() and _is_worker(folder):
                ticks = int((folder / "stat").read_text("utf-8").rpartition(")")[2].split()[19])
                age = float((_PROC / "uptime").read_text("ascii").split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
                return time.time() - age
        time.sleep(0.1)
    raise RuntimeError(f"no worker came up in {_POD_SECONDS:.0f} s")


def _is_worker(folder: Path) -> bool:
    """Tell whether a process is the first of a worker's container."""
    try:
        if b"runops-worker" not in (folder / "cmdline").read_bytes():
            return False
        status = (folder / "status").read_text("utf-8")
    except OSError:
        return False
    numbers = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
    return len(numbers) > 1 and numbers[-1] == "1"
