"""What a video takes besides the model: requests to Supabase and their bytes, what stays in its tables, and objects.

The chart as it comes, real pods, the sample recording. The stand-ins' logs say who asked for what: each pod has an
address of its own.
"""

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.site import bench_cluster
from devstack.cluster import ClusterInfo
from devstack.fake_kubelet import Api
from devstack.faults import FaultControl, RequestRecord
from devstack.operator_runs.installation import install
from devstack.operator_runs.observed_tables import Database
from devstack.operator_runs.queued_rows import fill_queue, rows_of
from devstack.sample import RECORDING
from devstack.stack import StackInfo, running_stack
from runops.supabase.connection import Supabase

__all__ = ["Footprint", "footprint_of", "measure"]

_VIDEOS = 8
_NAMESPACE = "bench"
_LONGEST_SECONDS = 1200.0
_SETTLE_SECONDS = 30.0
_IDLE_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_KINDS = {
    "VideoJob": f"/apis/runops.dev/v1alpha1/namespaces/{_NAMESPACE}/videojobs",
    "Job": f"/apis/batch/v1/namespaces/{_NAMESPACE}/jobs",
    "Pod": f"/api/v1/namespaces/{_NAMESPACE}/pods",
    "Event": f"/api/v1/namespaces/{_NAMESPACE}/events",
}
_OF_VIDEOS = "vj-"
_VALUES = {"maxConcurrent": 2, "poll": {"busyWindowSeconds": 20}}
"""Two at a time on two cores; an operator counts as idle soon after the last of them."""
_STORED = "select coalesce(sum(pg_column_size(one.*)), 0)::bigint from public.{} one"


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Figures of one video, all attempts included; there is one here.

    Attributes
    ----------
    operator_requests, worker_requests
        To the tables.
    storage_requests
        To storage, of both.
    table_bytes
        Bodies of requests to the tables and of their answers.
    downloaded_bytes, uploaded_bytes
        From and to storage.
    idle_requests_a_minute
        Of an operator that has nothing to do, to all of Supabase.
    row_bytes
        In `jobs`, `transcripts` and `sops`, without indexes.
    objects
        How many objects in the cluster, by kind.
    object_bytes
        Their JSON at its largest, by kind. Kubernetes stores VideoJobs so, and the others in a form that takes less.
    """

    operator_requests: float
    worker_requests: float
    storage_requests: float
    table_bytes: float
    downloaded_bytes: float
    uploaded_bytes: float
    idle_requests_a_minute: float
    row_bytes: float
    objects: dict[str, float]
    object_bytes: dict[str, float]


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return what a video takes beside the limits that the page on scaling counts with."""
    done = []
    for run in range(runs):
        with (
            tempfile.TemporaryDirectory(prefix="runops-bench-") as folder,
            running_stack(Path(folder) / "stack", listen="0.0.0.0") as stack,
            bench_cluster(progress) as cluster,
        ):
            install(cluster, stack, namespace=_NAMESPACE, values=_VALUES, progress=progress)
            done.append(asyncio.run(_measured(cluster, stack, seed=run, progress=progress)))
    of_runs = Measurement.of_runs
    tables = [one.operator_requests + one.worker_requests for one in done]
    results = [
        of_runs("a video: requests to tables", "requests", tables, limit=60),
        of_runs("a video: requests to storage", "requests", [one.storage_requests for one in done], limit=40),
        of_runs("a video: bytes in tables", "bytes", [one.row_bytes for one in done], limit=100_000),
        of_runs("a video: objects in the cluster", "objects", [sum(one.objects.values()) for one in done], limit=20),
        of_runs(
            "a video: bytes in the cluster", "bytes", [sum(one.object_bytes.values()) for one in done], limit=100_000
        ),
        of_runs("idle: requests to Supabase", "a minute", [one.idle_requests_a_minute for one in done], limit=60),
    ]
    details = {"videos": _VIDEOS, "recording_bytes": RECORDING.stat().st_size, "runs": [asdict(one) for one in done]}
    return Outcome(results, details)


async def _measured(cluster: ClusterInfo, stack: StackInfo, *, seed: int, progress: Progress) -> Footprint:
    database, rows = Database(stack.database_url), rows_of("footprint", _VIDEOS, seed=seed)
    database.begin()
    async with Supabase(stack.url, stack.secret_key) as supabase:
        for row in rows:
            await supabase.storage.upload("videos", f"raw/{row.job_id}.mp4", RECORDING, content_type="video/mp4")
    with closing(FaultControl(stack.url)) as control:
        async with Api(cluster.kubeconfig) as api:
            control.forget()
            fill_queue(database, rows)
            seen = await _until_completed(api, database)
            requests = control.requests()
            progress(f"{len(rows)} videos are done with {len(requests)} requests")
            await asyncio.sleep(_SETTLE_SECONDS)
            control.forget()
            await asyncio.sleep(_IDLE_SECONDS)
            idle = len(control.requests()) / _IDLE_SECONDS * 60
    row_bytes = sum(database.run(_STORED.format(table))[0][0] for table in ("jobs", "transcripts", "sops"))
    return footprint_of(requests, seen, videos=len(rows), row_bytes=row_bytes, idle_requests_a_minute=idle)


@dataclass(frozen=True)
class Seen:
    """What was in the cluster: sizes by kind and name, and the addresses of worker pods."""

    sizes: dict[tuple[str, str], int]
    workers: set[str]


async def _until_completed(api: Api, database: Database) -> Seen:
    """Look at the cluster until all rows are completed, and once more after that.

    Raises
    ------
    RuntimeError
        A row failed, or time is up.
    """
    seen, began = Seen({}, set()), time.monotonic()
    while True:
        statuses = database.statuses()
        for kind, path in _KINDS.items():
            for item in await api.items(path):
                _note(seen, kind, item)
        if statuses["completed"] == _VIDEOS:
            return seen
        if statuses["error"] or time.monotonic() - began > _LONGEST_SECONDS:
            raise RuntimeError(f"not all videos were completed: {dict(statuses)}")
        await asyncio.sleep(_LOOK_SECONDS)


def _note(seen: Seen, kind: str, item: dict[str, Any]) -> None:
    about = item.get("involvedObject", item["metadata"])["name"]
    if not about.startswith(_OF_VIDEOS):
        return
    key = kind, item["metadata"]["name"]
    seen.sizes[key] = max(seen.sizes.get(key, 0), len(json.dumps(item, separators=(",", ":")).encode()))
    if kind == "Pod" and (address := (item.get("status") or {}).get("podIP")):
        seen.workers.add(address)


def footprint_of(
    requests: Sequence[RequestRecord], seen: Seen, *, videos: int, row_bytes: int, idle_requests_a_minute: float
) -> Footprint:
    """Return the figures of one video. Pure.

    Parameters
    ----------
    requests
        To Supabase while the videos were worked on.
    seen
        What was in the cluster.
    videos
        How many there were.
    row_bytes
        Of all rows in the tables.
    idle_requests_a_minute
        As in `Footprint`.
    """
    tables = [one for one in requests if "/rest/" in one.path]
    storage = [one for one in requests if "/storage/" in one.path]
    objects = Counter(kind for kind, _ in seen.sizes)
    sizes: Counter[str] = Counter()
    for (kind, _), size in seen.sizes.items():
        sizes[kind] += size
    by_workers = sum(1 for one in tables if one.peer in seen.workers)
    return Footprint(
        operator_requests=(len(tables) - by_workers) / videos,
        worker_requests=by_workers / videos,
        storage_requests=len(storage) / videos,
        table_bytes=_all_bytes(tables) / videos,
        downloaded_bytes=sum(one.bytes for one in storage) / videos,
        uploaded_bytes=sum(one.received for one in storage) / videos,
        idle_requests_a_minute=idle_requests_a_minute,
        row_bytes=row_bytes / videos,
        objects={kind: count / videos for kind, count in sorted(objects.items())},
        object_bytes={kind: size / videos for kind, size in sorted(sizes.items())},
    )


def _all_bytes(requests: Collection[RequestRecord]) -> int:
    return sum(one.bytes + one.received for one in requests)
