"""One transcode and what it took: the baseline's single ffmpeg call, and all that the worker does in its place."""

import asyncio
import re
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from benchmarks.screen_recordings import SLIM_HEIGHT
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.sandbox.ffmpeg import binary
from runops_worker.media.transcode.packet_filter import dropping
from runops_worker.media.transcode.selection import select
from runops_worker.media.transcode.transcode import transcode

__all__ = ["Cost", "Likeness", "decode_needed", "likeness", "peak_of_ours", "run_baseline", "run_ours"]

_CRF: Final = 32
_SECONDS: Final = 1800.0
_LOOK_EVERY: Final = 0.02
_RESIDENT: Final = re.compile(r"^Rss(?:Anon|Shmem):\s*(\d+) kB$", re.MULTILINE)
_SSIM: Final = re.compile(r" All:(\d\.\d+)")


@dataclass(frozen=True)
class Cost:
    """What a run took, and the size of what it wrote.

    Attributes
    ----------
    wall, cpu
        Seconds; the latter of all processors, in user and system mode.
    written
        Bytes.
    """

    wall: float
    cpu: float
    written: int


@dataclass(frozen=True)
class Likeness:
    """How like a slim video is to what was on the screen: SSIM of each second's picture, 1 for equal ones.

    Attributes
    ----------
    pictures
        How many were compared.
    mean, least
        Over all of them.
    """

    pictures: int
    mean: float
    least: float


def run_baseline(source: Path, target: Path) -> Cost:
    """Do what anybody would: `ffmpeg -i SOURCE -vf fps=1,scale=-2:720 -crf 32 TARGET`, with the worker's ffmpeg."""
    filters = f"fps=1,scale=-2:{SLIM_HEIGHT}"
    return _timed(
        target,
        lambda: _quiet("-i", str(source), "-vf", filters, "-crf", str(_CRF), str(target)),
    )


def run_ours(source: Path, target: Path) -> Cost:
    """Do what the worker does between the download and the upload: examine, transcode, check, each in the sandbox."""
    limits = Limits()

    async def work() -> None:
        examined = await examine(source, limits=limits)
        await transcode(
            source,
            target,
            examined=examined,
            fps=1,
            height=SLIM_HEIGHT,
            crf=_CRF,
            limits=limits,
            on_progress=lambda _share: None,
        )

    return _timed(target, lambda: asyncio.run(work()))


def decode_needed(source: Path, folder: Path) -> tuple[float, float]:
    """Decode the pictures without which the slim video cannot be made, and do nothing with them.

    Returns
    -------
    tuple[float, float]
        Their share of all pictures, and the processor time in seconds.

    Raises
    ------
    ValueError
        All must be decoded.
    """
    examined = asyncio.run(examine(source, limits=Limits()))
    selection = select(examined.pictures, fps=1) if examined.pictures else None
    if selection is None:
        raise ValueError(f"all pictures of {source.name} must be decoded")
    formula = folder / "needed.drop"
    formula.write_text(dropping(selection.keep), "ascii")
    read = ("-threads", "4", f"-/bsf:V:{examined.recording.screen}", str(formula), "-i", str(source))
    before = _cpu_seconds()
    _quiet(*read, "-map", f"0:V:{examined.recording.screen}", "-fps_mode", "passthrough", "-f", "null", "-")
    return sum(selection.keep) / len(selection.keep), _cpu_seconds() - before


def likeness(slim: Path, shown: Path, folder: Path) -> Likeness:
    """Compare second by second with what was on the screen."""
    figures = folder / "ssim.txt"
    graph = f"[0:v]settb=1,setpts=N[slim];[1:v]settb=1,setpts=N[shown];[slim][shown]ssim=stats_file={figures}"
    _quiet("-i", str(slim), "-i", str(shown), "-filter_complex", graph, "-f", "null", "-")
    each = [float(found[1]) for found in map(_SSIM.search, figures.read_text().splitlines()) if found]
    return Likeness(len(each), sum(each) / len(each), min(each))


def peak_of_ours(source: Path, target: Path) -> int:
    """Do the same in a process of its own, as a worker is, and return the most that it and its children held in bytes.

    Program text and other pages of files are not counted, as the kernel does not count them for a pod.

    Raises
    ------
    RuntimeError
        It failed.
    """
    worker = get_context("spawn").Process(target=run_ours, args=(source, target))
    worker.start()
    assert worker.pid is not None
    most = 0
    # Its children have deadlines, and without them it ends.
    while worker.is_alive():
        most = max(most, _resident(worker.pid))
        worker.join(_LOOK_EVERY)
    if worker.exitcode:
        raise RuntimeError(f"the worker's part of {source.name} ended with {worker.exitcode}")
    return most


def _resident(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for one in threads for child in (one / "children").read_text().split()]
    except OSError:
        # It ended while it was looked at.
        return 0
    own = sum(int(kilobytes) << 10 for kilobytes in _RESIDENT.findall(status))
    return own + sum(_resident(int(child)) for child in children)


def _timed(target: Path, work: Callable[[], None]) -> Cost:
    wall, cpu = time.perf_counter(), _cpu_seconds()
    work()
    return Cost(time.perf_counter() - wall, _cpu_seconds() - cpu, target.stat().st_size)


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _quiet(*arguments: str) -> None:
    subprocess.run([binary(), "-nostdin", "-v", "error", "-y", *arguments], check=True, timeout=_SECONDS)
