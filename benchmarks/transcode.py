"""What the slim video of a recording costs, against the plain ffmpeg command in the same run.

The plain command is `ffmpeg -i in -vf fps=1,scale=-2:720 -crf 32 out.mp4` with the same binary; ours is everything the
worker does in its place. Both are run in turn, and each pair gives a ratio. The median of them stands against its
bound. Beside it stand the ratio of processor time, which other work on the machine disturbs less, the size of the
result, its likeness to what was on the screen at each second, and the memory of worker and ffmpeg together.
"""

import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.screen_recordings import CLASSES, RECORDINGS, make
from benchmarks.transcode_runs import Cost, likeness, peak_of_ours, run_baseline, run_ours
from runops_worker.media.sandbox.ffmpeg import binary

__all__ = ["measure"]

_LEAST_SSIM: Final = 0.99
_MOST_MEGABYTES: Final = 250.0


@dataclass(frozen=True, kw_only=True)
class _Result:
    """The figures of one class; ratios are ours to the baseline's."""

    name: str
    title: str
    bound: float
    walls: tuple[tuple[float, float], ...]
    cpu: float
    size: float
    ssim_mean: float
    ssim_least: float
    pictures: int
    peak_megabytes: float

    def measurements(self) -> list[Measurement]:
        """Return what is promised of the class."""
        return [
            Measurement.of_pairs(
                f"slim video, {self.title}", "s", self.walls, against="plain ffmpeg", bound=self.bound
            ),
            Measurement(what=f"{self.title}: size", unit="", figure=self.size, limit=1.0, against="plain ffmpeg"),
            Measurement(
                what=f"{self.title}: unlikeness (1 - SSIM)",
                unit="",
                figure=1 - self.ssim_mean,
                limit=1 - _LEAST_SSIM,
                against="limit",
            ),
            Measurement(
                what=f"{self.title}: memory",
                unit="MB",
                figure=self.peak_megabytes,
                limit=_MOST_MEGABYTES,
                against="limit",
            ),
        ]


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Run all classes and return what is promised of each."""
    classes = _run(list(CLASSES), runs=runs, progress=progress)
    results = [measurement for one in classes for measurement in one.measurements()]
    return Outcome(results, {"ffmpeg": _ffmpeg_version(), "classes": [asdict(one) for one in classes]})


def _run(names: Sequence[str], *, runs: int, progress: Progress) -> list[_Result]:
    recordings = {name: make(name, RECORDINGS, progress) for name in names}
    results = []
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as scratch:
        folder = Path(scratch)
        theirs, ours = folder / "theirs.mp4", folder / "ours.mp4"
        for name, made in recordings.items():
            peak = peak_of_ours(made.recording, ours)
            like = likeness(ours, made.shown, folder)
            pairs = [_pair(made.recording, theirs, ours, ours_first=bool(index % 2)) for index in range(runs)]
            progress(f"{name}: {', '.join(f'{own.wall:.1f} to {base.wall:.1f} s' for base, own in pairs)}")
            results.append(
                _Result(
                    name=name,
                    title=CLASSES[name].title,
                    bound=CLASSES[name].bound,
                    walls=tuple((own.wall, base.wall) for base, own in pairs),
                    cpu=statistics.median(own.cpu / base.cpu for base, own in pairs),
                    size=pairs[0][1].written / pairs[0][0].written,
                    ssim_mean=like.mean,
                    ssim_least=like.least,
                    pictures=like.pictures,
                    peak_megabytes=peak / 1e6,
                )
            )
    return results


def _pair(recording: Path, theirs: Path, ours: Path, *, ours_first: bool) -> tuple[Cost, Cost]:
    # Each begins every other pair, so that it is not always the same one that finds the file in memory.
    if ours_first:
        own = run_ours(recording, ours)
        return run_baseline(recording, theirs), own
    return run_baseline(recording, theirs), run_ours(recording, ours)


def _ffmpeg_version() -> str:
    said = subprocess.run([binary(), "-version"], capture_output=True, text=True, timeout=60, check=True)
    return said.stdout.split()[2]
