"""From the start of a worker's container to its request for the recording: what a pod costs before it does anything.

The container's first process is found in /proc, where the kernel notes when it was started, to a hundredth of a second;
the request is in the log of the stand-in for storage. One recording after the other, the machine doing nothing else.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement, percentile
from benchmarks.site import bench_cluster
from benchmarks.worker_process import start_time, wait_for_worker
from devstack.faults import FaultControl
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation, install
from devstack.sample import RECORDING
from devstack.stack import StackInfo, running_stack

__all__ = ["measure"]

_LIMIT_SECONDS = 1.5
_STARTS_PER_RUN = 4
_CALL_SECONDS = 2.0
"""Of one call of the model: long enough that the worker is still there when it is looked for."""
_POD_SECONDS = 120.0


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
    began = start_time(wait_for_worker(seconds=_POD_SECONDS))
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
