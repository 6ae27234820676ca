"""How soon the worker of a cancelled video is asked to stop, and ends: the chart installed, real pods, the real worker.

The worker waits for the model when its video is cancelled. Measured is the time from the change (of the row, or of the
VideoJob) to the line in the worker's log which says that SIGTERM reached it, and from there to the end of its log.
"""

import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.site import bench_cluster
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import Installation, install
from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.queued_rows import fill_queue, rows_of
from devstack.sample import RECORDING
from devstack.stack import StackInfo, running_stack
from runops.supabase.connection import Supabase

__all__ = ["measure"]

_MODEL_SECONDS = 60.0
_ROWS_SECONDS = 5.0
"""The chart's `rowsSeconds`: so often the operator reads the rows of running videos."""
_ASKED_SECONDS = 2.0
"""From the operator seeing the change to SIGTERM in the worker."""
_END_SECONDS = 5.0
"""From SIGTERM to the end of the worker."""
_LONGEST_SECONDS = 180.0


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the seconds from each kind of cancel to SIGTERM, and from SIGTERM to the end of the worker."""
    seconds: dict[str, list[float]] = {}
    ends: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
        running_stack(Path(folder) / "stack", listen="0.0.0.0") as stack,
        bench_cluster(progress) as cluster,
    ):
        release = install(cluster, stack, namespace="bench", values={"rowsSeconds": _ROWS_SECONDS}, progress=progress)
        database = Database(stack.database_url)
        ways: dict[str, Callable[[str], object]] = {
            "row set to cancelled": partial(_change, database, "update public.jobs set status = 'cancelled'"),
            "row deleted": partial(_change, database, "delete from public.jobs"),
            "VideoJob deleted": lambda job_id: release.kubectl("delete", "videojob", f"vj-{job_id}", "--wait=false"),
        }
        for run in range(runs):
            for way, cancel in ways.items():
                log = Path(folder) / f"{run}-{way}.log"
                asked, ended = _cancelled(release, stack, cancel, log, seed=run)
                seconds.setdefault(way, []).append(asked)
                ends.append(ended)
                progress(f"run {run + 1}, {way}: SIGTERM after {asked:.2f} s, the worker's end {ended:.2f} s later")
    results = [
        Measurement.of_runs(
            f"{way}, until SIGTERM", "s", figures, limit=_ASKED_SECONDS + (_ROWS_SECONDS if "row" in way else 0.0)
        )
        for way, figures in seconds.items()
    ]
    results.append(Measurement.of_runs("SIGTERM until the worker ended", "s", ends, limit=_END_SECONDS))
    return Outcome(results, {"seconds": seconds, "end_seconds": ends})


def _change(database: Database, statement: str, job_id: str) -> None:
    database.run(f"{statement} where job_id = %s", (job_id,))


def _cancelled(
    release: Installation, stack: StackInfo, cancel: Callable[[str], object], log: Path, *, seed: int
) -> tuple[float, float]:
    """Cancel a video whose worker waits for the model; return the seconds until SIGTERM, and from there to its end."""
    database = Database(stack.database_url)
    database.begin()
    with GeminiControl(stack.gemini_url) as gemini:
        gemini.behave(Behaviour(latency_seconds=_MODEL_SECONDS))
    (row,) = rows_of("cancel", 1, seed=seed)
    asyncio.run(_upload(stack, row.job_id))
    fill_queue(database, [row])
    transcribing = "select 1 from public.jobs where progress_stage = 'transcribing'"
    _wait(lambda: database.run(transcribing), "a worker to transcribe")
    pods = ("get", "pods", "-l", f"runops.dev/job-id={row.job_id}", "-o", "name")
    with _followed(release, release.kubectl(*pods).strip(), log) as following:
        _wait(lambda: log.stat().st_size, "the worker's log")
        changed = time.time()
        cancel(row.job_id)
        # kubectl ends with the log that it follows.
        following.wait(_LONGEST_SECONDS)
        ended = time.time()
    asked = _asked_to_stop(log)
    _wait(lambda: not release.kubectl(*pods), "the pod to go")
    return asked - changed, ended - asked


async def _upload(stack: StackInfo, job_id: str) -> None:
    async with Supabase(stack.url, stack.secret_key) as supabase:
        await supabase.storage.upload("videos", f"raw/{job_id}.mp4", RECORDING, content_type="video/mp4")


@contextmanager
def _followed(release: Installation, pod: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    cluster = release.cluster
    command = [
        str(cluster.kubectl),
        "--kubeconfig",
        str(cluster.kubeconfig),
        "-n",
        release.namespace,
        "logs",
        "-f",
        pod,
    ]
    with log.open("wb") as sink, subprocess.Popen(command, stdout=sink) as following:
        try:
            yield following
        finally:
            following.kill()


def _asked_to_stop(log: Path) -> float:
    """Return when the worker wrote that it was asked to stop, as Unix time.

    Raises
    ------
    RuntimeError
        It ended without having been asked.
    """
    for line in log.read_text().splitlines():
        if "asked to stop" in line and line.startswith("{"):
            return datetime.fromisoformat(json.loads(line)["ts"]).timestamp()
    raise RuntimeError(f"the worker ended without being asked to stop:\n{log.read_text()[-2000:]}")


def _wait(check: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not check():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {_LONGEST_SECONDS:.0f} s for {what}")
        time.sleep(0.05)
