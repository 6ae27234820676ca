"""Memory of a worker pod with a recording of 750 MB: worker and ffmpeg together, as the kernel accounts for the pod.

Resident memory without the page cache: `total_rss` of cgroup version 1, `anon` of version 2. The recording is ten
seconds of noisy H.264 1080p30, repeated by stream copy to 20 minutes and 750 MB, as long and as large as they come.
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
from devstack import cluster as local_cluster
from devstack.installation import Installation, install
from devstack.stack import StackInfo, running_stack

__all__ = ["measure"]

_LIMIT_MB = 250.0
_TARGET_BYTES = 750_000_000
_SECONDS = 1200
_LONGEST_SECONDS = 1800
_CGROUPS = Path("/sys/fs/cgroup")


def measure(*, runs: int, progress: Progress) -> Outcome:  # noqa: ARG001 - a limit needs no turns
    """Run one video of 750 MB in a pod and return the highest resident memory of that pod."""
    name = f"bench-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as folder:
        recording = _recording(Path(folder), progress)
        with running_stack(Path(folder) / "stack", listen="0.0.0.0") as stack:
            cluster = local_cluster.up(name, progress=progress)
            try:
                installation = install(cluster, stack, namespace="bench", progress=progress)
                peak, seconds = _run(installation, stack, recording, progress)
            finally:
                local_cluster.down(name)
    size = _TARGET_BYTES / 1e6
    progress(f"{size:.0f} MB took {seconds:.0f} s from queued to completed")
    what = f"worker pod, peak RSS at {size:.0f} MB"
    return Outcome([Measurement(what=what, unit="MB", figure=peak / 1e6, limit=_LIMIT_MB, against="limit")])


def _recording(folder: Path, progress: Progress) -> Path:
    progress("making a recording of 750 MB and 20 min")
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    second, whole = folder / "second.mp4", folder / "whole.mp4"
    rate = _TARGET_BYTES * 8 // _SECONDS
    _quiet(
        ffmpeg, "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30:duration=10", "-f", "lavfi",
        "-i", "sine=frequency=300:duration=10", "-vf", "noise=alls=12:allf=t", "-pix_fmt", "yuv420p",
        "-preset", "veryfast",
        "-b:v", str(rate), "-minrate", str(rate), "-maxrate", str(rate), "-bufsize", str(rate), "-c:a", "aac",
        str(second),
    )  # fmt: skip
    _quiet(ffmpeg, "-stream_loop", str(_SECONDS // 10 - 1), "-i", str(second), "-c", "copy", str(whole))
    progress(f"the recording has {whole.stat().st_size / 1e6:.0f} MB")
    return whole


def _quiet(program: str, *arguments: str) -> None:
    subprocess.run([program, "-nostdin", "-v", "error", "-y", *arguments], check=True, timeout=600)


def _run(installation: Installation, stack: StackInfo, recording: Path, progress: Progress) -> tuple[int, float]:
    environment = {**os.environ, **stack.environment()}
    runops = str(Path(sys.executable).parent / "runops")
    submitted = subprocess.run(
        [runops, "submit", str(recording)], env=environment, capture_output=True, text=True, timeout=600, check=True
    )
    job = submitted.stdout.strip().splitlines()[-1]
    began = time.monotonic()
    with _watching() as peak:
        installation.kubectl(
            "wait", "--for=create", f"videojob/vj-{job}", "--timeout=60s", seconds=90
        )  # fmt: skip
        uid = _pod_uid(installation, job)
        peak.follow(uid)
        installation.kubectl(
            "wait", "--for=condition=Finished", f"videojob/vj-{job}", f"--timeout={_LONGEST_SECONDS}s",
            seconds=_LONGEST_SECONDS + 30,
        )  # fmt: skip
    phase = installation.json("get", "videojob", f"vj-{job}")["status"]
    if phase["phase"] != "Succeeded":
        raise RuntimeError(f"the video failed: {phase.get('message')}")
    progress(f"peak {peak.highest / 1e6:.0f} MB in {peak.looks} looks")
    if not peak.looks:
        raise RuntimeError("the pod's memory was never seen")
    return peak.highest, time.monotonic() - began


def _pod_uid(installation: Installation, job: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pods = installation.json("get", "pods", "-l", f"runops.dev/job-id={job}")["items"]
        if pods:
            return str(pods[0]["metadata"]["uid"])
        time.sleep(0.1)
    raise RuntimeError("no worker pod came up")


class _Peak:
    """The highest resident memory of one pod, looked at ten times a second."""

    def __init__(self) -> None:
        self.highest = 0
        self.looks = 0
        self.ended = threading.Event()
        self._uid: str | None = None

    def follow(self, uid: str) -> None:
        self._uid = uid

    def watch(self) -> None:
        while not self.ended.wait(0.1):
            if self._uid is None:
                continue
            for stat in _memory_stats(self._uid):
                self.looks += 1
                self.highest = max(self.highest, stat)


@contextmanager
def _watching() -> Iterator[_Peak]:
    peak = _Peak()
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
