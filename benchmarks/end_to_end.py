"""Twenty queued recordings, from the first row queued to the last one completed: real pods, and the old worker's way.

Both have the same recordings, the same stand-ins and a model that takes as long to answer, about what a real one needs
for a recording of this length. That costs no processor, which is the point: while one video waits for the model,
another one is slimmed.
"""

import asyncio
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.screen_recordings import RECORDINGS, make
from benchmarks.serial_worker import SerialWorker
from benchmarks.site import bench_cluster
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import install
from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.queued_rows import fill_queue, rows_of
from devstack.stack import StackInfo, running_stack
from runops.supabase.connection import Supabase
from runops.supabase.stored_answers import remove_made_objects

__all__ = ["measure"]

_RECORDINGS = 20
_MODEL_SECONDS = 10.0
_LONGEST_SECONDS = 3600.0
_SPEED_UP = 2.5
_AT_ONCE = 8


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the seconds of both, and the ratio."""
    pairs = []
    with (
        tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
        running_stack(Path(folder) / "ours", listen="0.0.0.0") as stack,
        running_stack(Path(folder) / "serial") as rival,
        bench_cluster(progress) as cluster,
    ):
        recording = make("h264-obs", RECORDINGS, progress).recording
        progress(
            f"a recording has {recording.stat().st_size / 1e6:.0f} MB; a call of the model takes {_MODEL_SECONDS} s"
        )
        install(cluster, stack, namespace="bench", values={"maxConcurrent": _AT_ONCE}, progress=progress)
        for run in range(runs):
            ours = asyncio.run(_until_completed(stack, recording, None, seed=run))
            serial = asyncio.run(_until_completed(rival, recording, SerialWorker(rival).run(), seed=run))
            pairs.append((ours, serial))
            progress(f"run {run + 1}: {ours:.0f} s, one after the other {serial:.0f} s")
    what = f"{_RECORDINGS} recordings, queued to completed"
    return Outcome(
        [Measurement.of_pairs(what, "s", pairs, against="serial worker", bound=1 / _SPEED_UP)],
        {"seconds": [ours for ours, _ in pairs], "serial_seconds": [serial for _, serial in pairs]},
    )


async def _until_completed(
    stack: StackInfo, recording: Path, worker: Coroutine[Any, Any, None] | None, *, seed: int
) -> float:
    """Return the seconds from the commit of the queued rows until all of them are completed.

    Raises
    ------
    RuntimeError
        One of them failed, or time is up.
    """
    database, rows = Database(stack.database_url), rows_of("end-to-end", _RECORDINGS, seed=seed)
    database.begin()
    with GeminiControl(stack.gemini_url) as gemini:
        gemini.behave(Behaviour(latency_seconds=_MODEL_SECONDS))
    async with Supabase(stack.url, stack.secret_key) as supabase:
        for row in rows:
            await remove_made_objects(supabase.storage, "videos", UUID(row.job_id))
            await supabase.storage.upload("videos", f"raw/{row.job_id}.mp4", recording, content_type="video/mp4")
    fill_queue(database, rows)
    began = time.monotonic()
    working = None if worker is None else asyncio.create_task(worker)
    try:
        while (statuses := database.statuses())["completed"] < _RECORDINGS:
            if working is not None and working.done():
                working.result()
            if statuses["error"] or time.monotonic() - began > _LONGEST_SECONDS:
                raise RuntimeError(f"not all recordings were completed: {dict(statuses)}")
            await asyncio.sleep(0.5)
        return time.monotonic() - began
    finally:
        if working is not None:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
