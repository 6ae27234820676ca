"""Memory and scratch disk of a worker's pod with recordings of 750 MB and of 4 GB, worker and ffmpeg together.

Memory is what the kernel accounts for the pod without the page cache: `total_rss` of cgroup version 1, `anon` of
version 2. Disk is what lies in the scratch folder. The recordings are ten seconds of noisy H.264 1080p30, repeated by
stream copy to 20 and 107 minutes: 4 GB is nearly as much as the chart's defaults take.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import imageio_ffmpeg

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.site import bench_cluster
from benchmarks.worker_process import disk_bytes, wait_for_worker
from devstack.operator_runs.installation import Installation, install
from devstack.stack import StackInfo, running_stack

__all__ = ["measure"]

_LIMIT_MB = 250.0
_SIZES_MB = (750, 4000)
_PIECE_SECONDS = 10
_PIECE_BYTES = 6_250_000
_SPARE = 1.01
"""Of the disk: files take whole blocks, and the checkpoint has some."""
_LONGEST_SECONDS = 3600
_POD_SECONDS = 60.0
_CGROUPS = Path("/sys/fs/cgroup")


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Run a video of each size in a pod; return the most memory and disk that it took."""
    memory: dict[int, list[float]] = {size: [] for size in _SIZES_MB}
    disk: dict[int, list[tuple[float, float]]] = {size: [] for size in _SIZES_MB}
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as folder, bench_cluster(progress) as cluster:
        recordings = {size: _recording(Path(folder), size, progress) for size in _SIZES_MB}
        for run in range(runs):
            # A stack of its own: storage would keep the recordings of all runs.
            with running_stack(Path(folder) / f"stack-{run}", listen="0.0.0.0") as stack:
                installation = install(cluster, stack, namespace=f"bench-{run}", progress=progress)
                for size, recording in recordings.items():
                    peak, slim, seconds = _run(installation, stack, recording)
                    progress(f"run {run + 1}, {size} MB: {seconds:.0f} s, {peak.memory / 1e6:.0f} MB of memory")
                    memory[size].append(peak.memory / 1e6)
                    disk[size].append((peak.disk / 1e6, (recording.stat().st_size + slim) / 1e6))
                installation.uninstall()
    results = []
    for size in _SIZES_MB:
        what = f"worker pod, scratch disk at {size} MB"
        results += [
            Measurement.of_runs(f"worker pod, memory at {size} MB", "MB", memory[size], limit=_LIMIT_MB),
            Measurement.of_pairs(what, "MB", disk[size], against="recording and slim video", bound=_SPARE),
        ]
    return Outcome(results)


def _recording(folder: Path, megabytes: int, progress: Progress) -> Path:
    times = megabytes * 1_000_000 // _PIECE_BYTES
    progress(f"making a recording of {megabytes} MB and {times * _PIECE_SECONDS // 60} min")
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    piece, whole = folder / "piece.mp4", folder / f"{megabytes}.mp4"
    rate = str(_PIECE_BYTES * 8 // _PIECE_SECONDS)
    _quiet(
        ffmpeg, "-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate=30:duration={_PIECE_SECONDS}", "-f", "lavfi",
        "-i", f"sine=frequency=300:duration={_PIECE_SECONDS}", "-vf", "noise=alls=12:allf=t", "-pix_fmt", "yuv420p",
        "-preset", "veryfast", "-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-c:a", "aac",
        str(piece),
    )  # fmt: skip
    _quiet(ffmpeg, "-stream_loop", str(times - 1), "-i", str(piece), "-c", "copy", str(whole))
    progress(f"the recording has {whole.stat().st_size / 1e6:.0f} MB")
    return whole


def _quiet(program: str, *arguments: str) -> None:
    subprocess.run([program, "-nostdin", "-v", "error", "-y", *arguments], check=True, timeout=600)


def _run(installation: Installation, stack: StackInfo, recording: Path) -> tuple["_Peak", int, float]:
    """Return what the pod took at most, the bytes of the slim video, and the seconds it all took."""
    environment = {**os.environ, **stack.environment()}
    runops = str(Path(sys.executable).parent / "runops")
    submitted = subprocess.run(
        [runops, "submit", str(recording)], env=environment, capture_output=True, text=True, timeout=600, check=True
    )
    job = submitted.stdout.strip().splitlines()[-1]
    began = time.monotonic()
    pid = wait_for_worker(seconds=_POD_SECONDS)
    with _watching(pid, _pod_uid(installation, job)) as peak:
        installation.kubectl(
            "wait", "--for=condition=Finished", f"videojob/vj-{job}", f"--timeout={_LONGEST_SECONDS}s",
            seconds=_LONGEST_SECONDS + 30,
        )  # fmt: skip
    status = installation.json("get", "videojob", f"vj-{job}")["status"]
    if status["phase"] != "Succeeded":
        raise RuntimeError(f"the video failed: {status.get('message')}")
    if not peak.looks:
        raise RuntimeError("the pod's memory was never seen")
    slim = next(output["sizeBytes"] for output in status["outputs"] if output["name"] == "slim")
    return peak, slim, time.monotonic() - began


def _pod_uid(installation: Installation, job: str) -> str:
    (pod,) = installation.json("get", "pods", "-l", f"runops.dev/job-id={job}")["items"]
    return str(pod["metadata"]["uid"])


class _Peak:
    """The most memory and disk of one pod, looked at ten times a second."""

    def __init__(self, pid: int, uid: str) -> None:
        self.memory = 0
        self.disk = 0
        self.looks = 0
        self.ended = threading.Event()
        self._pid = pid
        self._uid = uid

    def watch(self) -> None:
        while not self.ended.wait(0.1):
            self.disk = max(self.disk, disk_bytes(self._pid))
            for stat in _memory_stats(self._uid):
                self.looks += 1
                self.memory = max(self.memory, stat)


@contextmanager
def _watching(pid: int, uid: str) -> Iterator[_Peak]:
    peak = _Peak(pid, uid)
    thread = threading.Thread(target=peak.watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        peak.ended.set()
        thread.join()


def _memory_stats(uid: str) -> Iterator[int]:
    """Yield the resident bytes of the pod's own group, which holds all its containers."""
    root = _CGROUPS / "memory" if (_CGROUPS / "memory").is_dir() else _CGROUPS
    for folder, _, _ in os.walk(root):
        if Path(folder).name.replace("_", "-").removesuffix(".slice").endswith(uid):
            try:
                lines = (Path(folder) / "memory.stat").read_text().splitlines()
            except OSError:
                continue
            fields = dict(line.split() for line in lines)
            yield int(fields.get("total_rss", fields.get("anon", "0")))
            return
